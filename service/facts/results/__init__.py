"""Looking results up in a record: the newest by test, with value, unit and reference range."""
