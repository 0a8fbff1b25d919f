"""Cerebrospinal fluid and the CNS status that follows from it."""
