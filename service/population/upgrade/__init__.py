"""What other content would change for a cohort: whose advice, by which rule, and how. docs/upgrade.md tells its words."""
