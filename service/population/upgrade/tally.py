"""Counts over a cohort: what memory holds of it, which grows with the rules that changed and not with the patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from service.population.upgrade.model import Change, Compared, Kind

ADVICE = (Kind.GAINED, Kind.LOST, Kind.CHANGED)  # what changes what a clinician is told by a rule


@dataclass(slots=True)
class RuleTally:
    """What became of one rule, or of one card where ``rule`` is empty: patients by what happened, and by why.

    ``example``: the first of these changes.
    """

    example: Change
    kinds: Counter[Kind] = field(default_factory=Counter)
    whys: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    what: Counter[str] = field(default_factory=Counter)

    def add(self, change: Change) -> None:
        self.kinds[change.kind] += 1
        self.whys[change.kind, change.why] += 1
        self.what.update(one.what for one in change.differs)

    @property
    def patients(self) -> int:
        """A rule has one change for a patient."""
        return self.kinds.total()


@dataclass(slots=True)
class Tally:
    """``compared``: patients asked about; ``without_advice``: those of them whom no content advises, without ALL or dead.

    ``kinds``: patients with at least one change of a kind. ``set_aside``: files and patients that were not compared, ``lines`` of files that were not used, by reason.
    """

    compared: int = 0
    without_advice: int = 0
    changed: int = 0
    advice_changed: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    by_rule: dict[tuple[str, str], RuleTally] = field(default_factory=dict)
    set_aside: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)

    @property
    def unchanged(self) -> int:
        return self.compared - self.changed

    def add(self, found: Compared) -> None:
        self.compared += 1
        self.without_advice += not found.advised
        kinds = {change.kind for change in found.changes}
        self.changed += bool(kinds)
        self.advice_changed += not kinds.isdisjoint(ADVICE)
        self.kinds.update(kinds)
        for change in found.changes:
            key = (change.rule, "" if change.rule else change.subject)
            self.by_rule.setdefault(key, RuleTally(change)).add(change)

    def rules(self) -> Iterator[RuleTally]:
        """Rules first, those of the most patients first; cards after them."""
        yield from (
            self.by_rule[key]
            for key in sorted(self.by_rule, key=lambda key: (not key[0], -self.by_rule[key].patients, key))
        )

    def as_json(self) -> dict[str, object]:
        """The counts for machines; docs/upgrade.md lists the keys."""
        return {
            "patients": {
                "compared": self.compared,
                "without_advice": self.without_advice,
                "unchanged": self.unchanged,
                "changed": self.changed,
                "advice_changed": self.advice_changed,
                "by_change": _named(self.kinds),
                "set_aside": dict(sorted(self.set_aside.items())),
            },
            "lines_set_aside": dict(sorted(self.lines.items())),
            "rules": [_rule(tally) for tally in self.rules()],
        }


def _rule(tally: RuleTally) -> dict[str, object]:
    one = tally.example
    whys = [{"change": str(kind), "why": why, "patients": n} for (kind, why), n in tally.whys.most_common()]
    return {
        "rule": one.rule, "title": one.title, "source": one.source, "topic": one.topic, "subject": one.subject,
        "patients": tally.patients, "by_change": _named(tally.kinds), "whys": whys,
    }  # fmt: skip


def _named(kinds: Mapping[Kind, int]) -> dict[str, int]:
    return {str(kind): kinds.get(kind, 0) for kind in Kind}
