"""Who the patient is and which leukemia it is."""
