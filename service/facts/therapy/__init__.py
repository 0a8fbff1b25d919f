"""Drugs given, being given and ordered."""
