"""Fusions, mutations and pharmacogenes from reports, karyotypes and genomics observations."""
