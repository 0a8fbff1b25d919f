"""What happens to a synthetic patient, each with its day. Resources are written from these, and the truth is told by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Event:
    day: date


@dataclass(frozen=True, slots=True)
class State(Event):
    """``state``: as the fact disease_state has it; ``number``: of the relapse or the remission; ``site``: of a relapse."""

    state: str
    number: int = 0
    site: str = ""


@dataclass(frozen=True, slots=True)
class Phase(Event):
    """``name``: as the fact treatment_phase has it, or "interim maintenance". ``until``: last day, open if None."""

    name: str
    regimen: str
    line: int
    until: date | None


@dataclass(frozen=True, slots=True)
class Given(Event):
    """A drug given from ``day`` to ``until`` (None: goes on). ``stopped``: the reason in words, of a drug stopped early."""

    drug: str
    until: date | None
    regimen: str
    phase: str
    line: int
    route: str = ""
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Marrow(Event):
    blasts: int
    words: str


@dataclass(frozen=True, slots=True)
class Mrd(Event):
    """``fraction``: of cells; 0.0: none found. ``method``: flow, PCR or NGS. ``form``: how the laboratory writes it."""

    timepoint: str
    fraction: float
    method: str
    sensitivity: float
    form: str
    lineage: str

    @property
    def positive(self) -> bool:
        """At or above 0.01 %, as the guidelines draw the line."""
        return self.fraction >= 1e-4


@dataclass(frozen=True, slots=True)
class Karyotype(Event):
    iscn: str  # empty: the culture grew no metaphases


@dataclass(frozen=True, slots=True)
class BcrAbl1(Event):
    """FISH at diagnosis. ``transcript``: p190 or p210 where it is positive."""

    positive: bool
    transcript: str | None
    nuclei: int


@dataclass(frozen=True, slots=True)
class Fusion(Event):
    genes: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fish(Event):
    """Probes of the common rearrangements: which were found."""

    kmt2a: bool
    etv6_runx1: bool
    tcf3_pbx1: bool


@dataclass(frozen=True, slots=True)
class Iamp21(Event):
    signals: int


@dataclass(frozen=True, slots=True)
class Abl1Mutations(Event):
    """``change``: such as T315I; empty: none found."""

    change: str


@dataclass(frozen=True, slots=True)
class Immunophenotype(Event):
    positive: tuple[str, ...]
    negative: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Csf(Event):
    wbc: int
    blasts: int  # percent


@dataclass(frozen=True, slots=True)
class Lab(Event):
    """``odd``: written in a unit that means nothing for it. ``error``: entered in error."""

    name: str
    value: float
    odd: bool = False
    error: bool = False


@dataclass(frozen=True, slots=True)
class Performance(Event):
    scale: str  # ECOG, Lansky
    score: int


@dataclass(frozen=True, slots=True)
class DonorTyping(Event):
    donor: str


@dataclass(frozen=True, slots=True)
class Transplant(Event):
    donor: str
    remission: int


@dataclass(frozen=True, slots=True)
class Toxicity(Event):
    kind: str  # hypersensitivity, pancreatitis
    grade: int
    drug: str


@dataclass(frozen=True, slots=True)
class Order(Event):
    """``status``: active or draft. ``drug`` or ``test``: what is ordered."""

    status: str
    drug: str = ""
    test: str = ""


@dataclass(frozen=True, slots=True)
class Visit(Event):
    until: date | None
    setting: str


@dataclass(frozen=True, slots=True)
class Death(Event):
    cause: str
