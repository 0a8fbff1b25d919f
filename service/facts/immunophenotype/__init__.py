"""Markers on the blasts."""
