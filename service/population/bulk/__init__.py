"""FHIR Bulk Data Access 2.0 as a client: a cohort exported from a server into a folder of NDJSON files."""

from service.population.bulk.course import export
from service.population.bulk.journal import Exported, read_exported
from service.population.bulk.problems import ExportProblem, LinkExpired, Refused
from service.population.bulk.request import Access, ExportRequest

__all__ = ["Access", "ExportProblem", "ExportRequest", "Exported", "LinkExpired", "Refused", "export", "read_exported"]
