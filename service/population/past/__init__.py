"""Past decisions: each treatment that was chosen, judged by the guideline of its day and by later ones."""
