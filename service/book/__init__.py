"""The rule book: the content as a browsable site that a clinical reviewer reads and signs."""
