"""Karyotypes in ISCN notation: a tolerant parser and what follows from a karyotype."""

from service.facts.karyotype.breakpoints import Implied, implied_fusions
from service.facts.karyotype.model import Abnormality, Clone, Hybridization, Karyotype, Unread
from service.facts.karyotype.read import hybridizations_in, read_karyotype

__all__ = [
    "Abnormality",
    "Clone",
    "Hybridization",
    "Implied",
    "Karyotype",
    "Unread",
    "hybridizations_in",
    "implied_fusions",
    "read_karyotype",
]
