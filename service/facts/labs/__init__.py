"""Laboratory values and vital signs, with the CTCAE grades that follow from them."""
