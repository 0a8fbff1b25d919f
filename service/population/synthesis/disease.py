"""What leukemia a synthetic patient has: lineage, genetic subtype with its karyotype, phenotype, counts and CNS status."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from service.population.synthesis.frequencies import share
from service.population.synthesis.karyotypes import karyotype
from service.population.synthesis.person import Person

SUBTYPES = (
    "bcr-abl1", "kmt2a", "etv6-runx1", "hyperdiploid", "hypodiploid", "tcf3-pbx1", "ph-like", "complex", "iamp21",
)  # fmt: skip
OTHER = "b-other"
T_SUBTYPES = ("tal1", "tlx1", "tlx3", "lmo2")
_ABL_CLASS = (("NUP214", "ABL1"), ("ETV6", "ABL1"), ("RCSD1", "ABL2"), ("EBF1", "PDGFRB"), ("SSBP2", "CSF1R"))
_OTHER_LIKE = (("IGH", "CRLF2"), ("P2RY8", "CRLF2"), ("PAX5", "JAK2"), ("IGH", "EPOR"))
_KMT2A = (("KMT2A", "AFF1"), ("KMT2A", "MLLT3"), ("KMT2A", "MLLT1"))


@dataclass(frozen=True, slots=True)
class Disease:
    """``fusion``: the two genes, where the subtype has one. ``transcript``: of BCR::ABL1, "p190" or "p210".

    ``karyotype``: ISCN, as the laboratory would find it with metaphases. ``wbc``: 10*3/uL at diagnosis. ``markers``: antigen
    to whether the blasts carry it.
    """

    lineage: str
    subtype: str
    fusion: tuple[str, str] | None
    transcript: str | None
    karyotype: str
    markers: dict[str, bool]
    etp: bool
    wbc: float
    blasts: int
    cns: str

    @property
    def ph_positive(self) -> bool:
        return self.subtype == "bcr-abl1"

    @property
    def abl_class(self) -> bool:
        """Whether a TKI of BCR::ABL1 has a target in a fusion other than that."""
        return self.fusion in _ABL_CLASS

    @property
    def poor_risk(self) -> bool:
        """Genetics that the editions from 2015 on list as of poor risk, whatever else they say."""
        return self.subtype in ("bcr-abl1", "kmt2a", "hypodiploid", "complex", "ph-like") or self.etp


def disease(rng: Random, person: Person) -> Disease:
    """Draw the leukemia of a person; the shares are those of the age group."""
    group = person.group
    if rng.random() < share("t-lineage", group):
        return _t_all(rng, person)
    subtype = _subtype(rng, group)
    fusion, transcript = _fusion(rng, subtype)
    markers = {
        "CD19": True, "CD22": rng.random() < share("cd22-positive", group), "CD20": rng.random() < share("cd20-positive", group),
        "CD10": subtype != "kmt2a", "CD79a": True, "TdT": True, "CD3": False, "CD7": False, "MPO": False,
    }  # fmt: skip
    middle = {"infant": 90.0, "child": 12.0}.get(group, 15.0) * (
        4.0 if subtype == "kmt2a" and group != "infant" else 1.0
    )
    return Disease(
        "B", subtype, fusion, transcript, karyotype(rng, subtype, fusion, person.sex), markers, False,
        _wbc(rng, middle), rng.randint(45, 97), _cns(rng, group),
    )  # fmt: skip


def _t_all(rng: Random, person: Person) -> Disease:
    etp = rng.random() < share("etp", person.group)
    subtype = "etp" if etp else "t-other"
    drawn = rng.random()
    for name in T_SUBTYPES if not etp else ():
        drawn -= share(f"t-subtype-{name}", person.group)
        if drawn < 0:
            subtype = name
            break
    markers = {
        "CD3": True, "CD7": True, **({} if etp else {"CD5": True}), "CD2": True, "CD1a": not etp and rng.random() < 0.6,
        "CD8": not etp and rng.random() < 0.5, "CD34": etp, "CD33": etp, "TdT": True, "CD19": False, "CD10": False, "MPO": False,
    }  # fmt: skip
    return Disease(
        "T", subtype, None, None, karyotype(rng, subtype, None, person.sex), markers, etp,
        _wbc(rng, 60.0), rng.randint(45, 97), _cns(rng, person.group),
    )  # fmt: skip


def _subtype(rng: Random, group: str) -> str:
    """One subtype of B lineage; the shares are of all patients of the group, so that they are set against its B share."""
    drawn = rng.random() * (1 - share("t-lineage", group))
    for name in SUBTYPES:
        drawn -= share(f"subtype-{name}", group)
        if drawn < 0:
            return name
    return OTHER


def _fusion(rng: Random, subtype: str) -> tuple[tuple[str, str] | None, str | None]:
    if subtype == "bcr-abl1":
        return ("BCR", "ABL1"), "p190" if rng.random() < share("p190") else "p210"
    if subtype == "kmt2a":
        return rng.choice((*_KMT2A, _KMT2A[0])), None
    if subtype == "ph-like":
        return rng.choice(_ABL_CLASS if rng.random() < share("abl-class-of-ph-like") else _OTHER_LIKE), None
    return {"etv6-runx1": ("ETV6", "RUNX1"), "tcf3-pbx1": ("TCF3", "PBX1")}.get(subtype), None


def _wbc(rng: Random, middle: float) -> float:
    """Log-normal about a median of 10*3/uL; no source prints the distribution."""
    return round(min(max(rng.lognormvariate(0.0, 1.2) * middle, 0.4), 900.0), 1)


def _cns(rng: Random, group: str) -> str:
    drawn = rng.random()
    if drawn < share("cns-3-at-diagnosis", group):
        return "CNS-3"
    return "CNS-2" if drawn < share("cns-3-at-diagnosis", group) + share("cns-2-at-diagnosis", group) else "CNS-1"
