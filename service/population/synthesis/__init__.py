"""Synthetic cohorts: clinically coherent courses of ALL as FHIR R4, drawn from the frequencies that the sources print."""
