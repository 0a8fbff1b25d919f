"""Black-box checks of any CDS Hooks service over HTTP, and the table of requirements that they and the tests cover.

Knows the protocol and nothing of this service: no module here imports another package of it.
"""
