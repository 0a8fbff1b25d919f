"""Geometry of the pictures that the server draws. Templates turn it into SVG, so that all text is escaped in one place."""
