"""What a karyotype says: clones and their abnormalities, and the in-situ hybridisation appended to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AUTOSOMES = tuple(str(n) for n in range(1, 23))


@dataclass(frozen=True, slots=True)
class Abnormality:
    """One abnormality as printed.

    ``kind``: "gain" and "loss" of whole chromosomes, else the ISCN symbol ("t", "der", "mar"). ``bands``: one per
    chromosome where several chromosomes take part ("q34", "q11.2"), else the breakpoints in order. ``copies`` bounds
    the number (``+1~3mar``, ``x2``). ``parts``: what a derivative is made of - ``der(22)t(9;22)`` holds a "t".
    ``uncertain``: a question mark on the abnormality or its chromosomes (one on a band does not doubt the change).
    """

    text: str
    kind: str
    chromosomes: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    sign: int = 0
    uncertain: bool = False
    constitutional: bool = False
    copies: tuple[int, int] = (1, 1)
    parts: tuple[Abnormality, ...] = ()

    @property
    def numerical(self) -> bool:
        return self.kind in ("gain", "loss")

    @property
    def change(self) -> tuple[int, int]:
        """What it does to the number of chromosomes, as bounds.

        A signed abnormality adds or takes away; an unsigned one replaces its normal chromosome, and an unsigned
        fusion of whole chromosomes (``dic(9;20)``, ``der(8;12)``) replaces two. Double minutes are not counted.
        """
        if self.kind in ("dmin", "min", "ace"):
            return 0, 0
        if self.sign:
            first, last = (self.sign * n for n in self.copies)
            return min(first, last), max(first, last)
        joined = self.chromosomes if self.kind in ("dic", "der", "rob", "tas") else ()
        for part in self.parts:  # der(9)del(9)(p12p22)dic(9;16)
            joined = part.chromosomes if part.kind == "dic" and len(part.chromosomes) > len(joined) else joined
        fused = (1 - max(len(joined), 1)) * self.copies[0]
        return fused, fused


@dataclass(frozen=True, slots=True)
class Clone:
    """One clone. ``abnormalities`` include what it inherits through ``idem``, ``sl`` or ``sdl``.

    ``number``: chromosomes as printed, as bounds; ``None`` if not printed. ``cells``: metaphases, if printed.
    ``level``: the haploid sets the abnormalities are written against (2 in ``47,XX,+8``, 1 in ``27,X,+8,+10``).
    ``copies``: copies of each whole chromosome, ``undetermined`` those that a question mark leaves open.
    """

    text: str
    number: tuple[int, int] | None
    sex: str = ""
    cells: int | None = None
    composite: bool = False
    incomplete: bool = False
    doubled: bool = False
    parent: int | None = None
    level: int = 2
    adds_up: bool = True
    abnormalities: tuple[Abnormality, ...] = ()
    copies: Mapping[str, int] = field(default_factory=dict)
    undetermined: frozenset[str] = frozenset()

    @property
    def acquired(self) -> tuple[Abnormality, ...]:
        """Abnormalities of the leukemia: constitutional ones left out."""
        return tuple(a for a in self.abnormalities if not a.constitutional)

    @property
    def abnormal(self) -> bool:
        """Whether anything acquired is seen. ``46,XX,inc`` names no abnormality and says that there are some."""
        if self.acquired or self.incomplete:
            return True
        constitutional = sum(a.change[0] for a in self.abnormalities) + max(len(self.sex.replace("0", "")) - 2, 0)
        off = self.number is not None and not self.number[0] <= 46 + constitutional <= self.number[1]
        return off and not (self.number == (45, 45) and self.sex in ("X", "X0") and not self.abnormalities)


@dataclass(frozen=True, slots=True)
class Hybridization:
    """An ``ish`` or ``nuc ish`` part. ``fused``/``apart``: gene pairs seen joined/not joined by probes for both;
    ``split``/``intact``: genes by break-apart probe; ``signals``: signals per gene, the highest printed."""

    text: str
    interphase: bool
    fused: frozenset[frozenset[str]] = frozenset()
    apart: frozenset[frozenset[str]] = frozenset()
    split: frozenset[str] = frozenset()
    intact: frozenset[str] = frozenset()
    amplified: frozenset[str] = frozenset()
    signals: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """A piece that could not be read, and where it stands in `Karyotype.iscn`."""

    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Karyotype:
    """A karyotype as read. ``problem`` says why it cannot be used ("no metaphases"); then there are no clones.

    ``statement``: "normal" or "complex" where the text says only that, without a formula. ``donor``: clones behind
    ``//``, which belong to a transplant donor.
    """

    text: str
    iscn: str = ""
    clones: tuple[Clone, ...] = ()
    donor: tuple[Clone, ...] = ()
    hybridizations: tuple[Hybridization, ...] = ()
    unread: tuple[Unread, ...] = ()
    statement: str | None = None
    problem: str | None = None

    @property
    def abnormal_clones(self) -> tuple[Clone, ...]:
        return tuple(clone for clone in self.clones if clone.abnormal)

    @property
    def main(self) -> Clone | None:
        """The abnormal clone with most cells; the first named where cells are not printed or equal."""
        return max(self.abnormal_clones, key=lambda clone: clone.cells or 0, default=None)

    @property
    def cells(self) -> int | None:
        """Metaphases of the patient, if all clones print theirs."""
        counts = [clone.cells for clone in self.clones]
        return None if not counts or None in counts else sum(c for c in counts if c is not None)

    @property
    def constitutional(self) -> tuple[Abnormality, ...]:
        """Constitutional abnormalities of any of the patient's clones, each once."""
        found = {a.text: a for clone in self.clones for a in clone.abnormalities if a.constitutional}
        return tuple(found.values())
