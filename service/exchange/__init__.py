"""The content for other systems: CPG on FHIR (PlanDefinition, ActivityDefinition, Library with CQL) and what a regulator asks for."""
