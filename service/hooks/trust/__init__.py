"""Which clients may call, and how a call proves that it comes from one (CDS Hooks 2.0, "Trusting CDS Clients")."""
