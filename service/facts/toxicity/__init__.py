"""Toxicities with their CTCAE grades, reactions to asparaginase, holds and recovery."""
