"""Blasts, marrow, extramedullary disease and the response that they show."""
