"""Allcue: guideline-sourced CDS Hooks cards for acute lymphoblastic leukemia."""

__version__ = "0.1.0"
