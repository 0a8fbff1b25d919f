"""Performance, organ function, comorbidities, infection, pregnancy and symptoms."""
