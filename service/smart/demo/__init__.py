"""The demo page: pick or paste a patient, a hook and an order, and see what an EHR would see. For trying, not for care."""
