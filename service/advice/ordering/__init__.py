"""Advice at the moment of ordering: what is unsafe about the drafts, and where a chosen drug stands."""
