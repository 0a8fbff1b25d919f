"""The same engine over many patients at once: cohorts as FHIR Bulk Data, past decisions, what new content would change."""
