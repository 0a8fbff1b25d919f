"""The CDS Hooks protocol: envelope, discovery, prefetch and its completion, errors. Knows nothing of any disease."""
