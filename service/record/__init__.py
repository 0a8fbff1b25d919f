"""The patient record: FHIR resources as dicts, indexed once, dated, patient-checked; terminology; units. Pure."""
