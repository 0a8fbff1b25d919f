"""SMART App Launch 2.2 (HL7): how an EHR opens the app for a patient, and how the app is let in. Knows nothing of leukemia.

registrations  the FHIR servers the app is registered with      server    what a server says of its authorization
request        what is asked of the authorization server        pending   a launch under way, sealed in a cookie
token          the token asked for, and what came of it         flow      one launch from its beginning to its session
pages          the addresses that browsers come to
"""
