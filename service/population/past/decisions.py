"""Treatment decisions of a patient: what was begun or changed, on which day, in which line of therapy.

A decision is the opening of a line (the first systemic treatment of the disease, and of each relapse), a drug that the
sources decide on by itself (antibodies, cells, TKIs and the like) begun at any time, a transplant, donor lymphocytes, and the
beginning of maintenance. Further drugs of a line that is open (consolidation elements) are part of it and no decision.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from service.facts.course.hct import Infusion, infusions
from service.facts.course.timeline import course, statements
from service.facts.disease.diagnosis import diagnosis_date
from service.facts.therapy.exposure import exposures, is_steroid
from service.facts.therapy.induction import recognised
from service.facts.therapy.regimens import regimens, regimens_in
from service.facts.vocabulary.drugs import IMPLIES
from service.population.past.courses import Courses, DrugCourse, drug_courses
from service.record.model import PatientRecord
from service.record.text import states
from service.record.values import all_text, notes_of

INDUCTION, RELAPSE, FURTHER = "induction", "relapse therapy", "further therapy"
TKI_ADDED, TKI_CHANGED, MAINTENANCE = "TKI added", "TKI changed", "maintenance"
TRANSPLANT, DLI = "transplant", "donor lymphocytes"
KINDS = (INDUCTION, TKI_ADDED, TKI_CHANGED, FURTHER, MAINTENANCE, TRANSPLANT, RELAPSE, DLI)

_TOGETHER = timedelta(days=7)  # drugs begun within them are one decision
_PREPHASE = timedelta(days=14)  # steroids so long before belong to it
_BEFORE = timedelta(days=30)  # of the diagnosis as recorded, for drugs begun on suspicion
_WEEKS = timedelta(days=35)  # in which a regimen shows all its drugs
_CONDITIONING = timedelta(days=12)  # chemotherapy so shortly before a graft or cells prepares for them
_AFTER_GRAFT = timedelta(
    days=11
)  # methotrexate and cyclophosphamide so soon after it prevent graft-versus-host disease
_UPKEEP_AFTER = timedelta(days=120)  # of treatment, before which thiopurines belong to consolidation
_CHANGE = timedelta(days=90)  # a TKI taken so shortly before is the one that is changed
_TRIAL = re.compile(
    r"clinical trial|klinische[nr]? (?:studie|prüfung)|(?:within|in|on|as part of) (?:a |the )?(?:clinical |phase \w+ )?(?:trial|study)\b"
    r"|study drug|studienmedikation|prüfmedikation|investigational|im rahmen (?:einer|der) .{0,30}studie|\bNCT\d{8}\b",
    re.IGNORECASE,
)
_NO_TRIAL = re.compile(
    r"\b(?:not|no|outside|off|declined|refused|nicht|kein\w*|außerhalb|abgelehnt)\b[^.;\n]{0,40}(?:trial|study|studie)",
    re.IGNORECASE,
)
_INTENSIVE = frozenset({"anthracycline", "alkylator", "asparaginase", "cytarabine", "anthracenedione"})
_GRAFTS = {"allogeneic": TRANSPLANT, "autologous": TRANSPLANT, "unspecified": TRANSPLANT, "DLI": DLI}


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision.

    ``day``: of its first drug that is no steroid, or of the graft's conditioning; ``exact``: whether that day is known.
    ``line``: 1 before the first relapse on record, one more after each. ``drugs``: begun with it; ``within``: drugs of the
    same line begun in the first five weeks, by which its regimen is recognised. ``regimens``: as named in words, else as
    recognised. ``graft``: "allogeneic", "autologous", "unspecified" or "DLI". ``references``: of the resources that tell of it, which
    are no history on its day. ``in_trial``: the record says that it was given in a clinical trial.
    """

    kind: str
    day: date
    line: int
    drugs: tuple[str, ...] = ()
    exact: bool = True
    within: frozenset[str] = frozenset()
    regimens: tuple[str, ...] = ()
    graft: str | None = None
    references: frozenset[str] = frozenset()
    in_trial: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """All decisions of a patient, oldest first. ``undated``: drugs without a day; ``parts``: courses that are part of a line
    or of a transplant and no decision; ``early``: courses before the diagnosis on record; ``unclear``: entries of which
    code and text name different drugs."""

    decisions: tuple[Decision, ...]
    undated: tuple[str, ...] = ()
    parts: int = 0
    early: int = 0
    unclear: int = 0


def decisions(record: PatientRecord, decided: Collection[str], until: date) -> Found:
    """The decisions of a whole record up to a day.

    Args:
        record: as it is known now, not as of an earlier day.
        decided: drugs that the sources decide on by themselves.
    """
    return _Reader(record, frozenset(decided), until).found()


@dataclass(slots=True)
class _Reader:
    record: PatientRecord
    decided: frozenset[str]
    until: date
    relapses: tuple[date, ...] = ()
    turns: tuple[date, ...] = ()  # days on which a new line may open: relapses, and statements of refractory disease
    used: set[int] = field(default_factory=set)  # courses that belong to a decision or to a graft

    def found(self) -> Found:
        events = course(self.record, self.until).relapses
        self.relapses = tuple(sorted(event.when.start for event in events))
        refractory = (s.when.start for s in statements(self.record, self.until) if s.state == "refractory" and s.when)
        self.turns = tuple(sorted({*self.relapses, *refractory}))
        every = drug_courses(exposures(self.record, self.until), self.relapses, self.until)
        known = self._since_diagnosis(every)
        made = [*self._grafts(known), *self._cells(known)]
        made += self._drugs(known)
        parts = len(known.items) - len(self.used)
        made.sort(key=lambda decision: (decision.day, decision.kind))
        conditioning = sum(len(one.within) for one in made if one.graft)
        early = len(every.items) - len(known.items)
        dressed = tuple(self._dressed(one) for one in made)
        return Found(dressed, known.undated, parts + conditioning, early, len(known.unclear))

    def _since_diagnosis(self, known: Courses) -> Courses:
        """Without what was given before the disease: methotrexate for arthritis opens no line."""
        diagnosed = diagnosis_date(self.record, self.until)
        if diagnosed is None or diagnosed.at_latest:
            return known
        since = diagnosed.when.start - _BEFORE
        return replace(known, items=tuple(one for one in known.items if one.first >= since))

    def _line(self, day: date) -> int:
        return 1 + sum(relapse <= day for relapse in self.relapses)

    def _grafts(self, known: Courses) -> Iterator[Decision]:
        """Transplants and donor lymphocytes that were done, with the chemotherapy that prepares for them."""
        seen: list[tuple[str, date]] = []
        for graft in infusions(self.record, self.until):
            kind = _GRAFTS.get(graft.kind)
            if kind is None or graft.planned or graft.when is None:
                continue
            day = graft.when.start
            if any(name == kind and abs(day - other) <= _PREPHASE for name, other in seen):
                continue
            seen.append((kind, day))
            around = self._around(known, day) if kind == TRANSPLANT else []
            first = min((x.first for x in around if x.first < day and not is_steroid(x.drug)), default=day)
            references = frozenset[str]().union(*(x.references for x in around)) | self._same(graft)
            yield Decision(
                kind, first, self._line(first), exact=graft.when.exact, graft=graft.kind, references=references,
                within=frozenset(x.drug for x in around),
            )  # fmt: skip

    def _same(self, graft: Infusion) -> frozenset[str]:
        """The resources that tell of one graft."""
        day = graft.when.start if graft.when else None
        return frozenset(
            i.entry.reference
            for i in infusions(self.record, self.until)
            if i.entry is graft.entry
            or (i.kind == graft.kind and i.when and day and abs(i.when.start - day) <= _PREPHASE)
            or (i.kind == graft.kind and i.when is None and i.entry.type == "Condition")
        )

    def _around(self, known: Courses, day: date) -> list[DrugCourse]:
        found = []
        for one in known.items:
            classes = IMPLIES.get(one.drug, ())
            before = day - _CONDITIONING <= one.first <= day
            after = day < one.first <= day + _AFTER_GRAFT and one.drug in ("methotrexate", "cyclophosphamide")
            if "chemotherapy" in classes and (before or after):
                self.used.add(id(one))
                found.append(one)
        return found

    def _cells(self, known: Courses) -> Iterator[Decision]:
        """CAR-T cells that are charted as a procedure of no drug; those charted as a drug are courses."""
        drugs = [one for one in known.items if "CAR-T" in (one.drug, *IMPLIES.get(one.drug, ()))]
        for one in drugs:
            for other in known.items:
                prepares = "chemotherapy" in IMPLIES.get(other.drug, ())
                if prepares and one.first - _CONDITIONING <= other.first <= one.first:
                    self.used.add(id(other))
        for cells in infusions(self.record, self.until):
            if cells.kind != "CAR-T" or cells.planned or cells.when is None:
                continue
            day = cells.when.start
            if all(abs(one.first - day) > _PREPHASE for one in drugs):
                reference = frozenset({cells.entry.reference})
                kind = RELAPSE if self._line(day) > 1 else FURTHER
                yield Decision(kind, day, self._line(day), ("CAR-T",), cells.when.exact, references=reference)

    def _drugs(self, known: Courses) -> Iterator[Decision]:
        rows = [one for one in known.items if id(one) not in self.used]
        opened: set[int] = set()  # segments between turns in which a line was opened
        for at, one in enumerate(rows):
            segment = sum(turn <= one.first for turn in self.turns)
            opens = segment not in opened
            if id(one) in self.used or (is_steroid(one.drug) and not (opens and self._is_alone(one, rows))):
                continue
            alone = one.drug in self.decided or one.drug == "CAR-T"
            upkeep = not (opens or alone) and self._is_upkeep(one, rows)
            if not (opens or alone or upkeep):
                continue
            opened.add(segment)
            group = [
                other for other in rows[at:] if id(other) not in self.used and other.first <= one.first + _TOGETHER
            ]
            group += [x for x in rows[:at] if self._is_prephase(x, one.first)]
            self.used.update(map(id, group))
            upkeep = upkeep or (not opens and self._is_upkeep_with_tki(group, rows))
            later = [x for x in rows if one.first <= x.first <= one.first + _WEEKS] if opens else group
            yield self._decision(one, group, later, rows, opens=opens, upkeep=upkeep)

    def _is_alone(self, one: DrugCourse, rows: Sequence[DrugCourse]) -> bool:
        """Whether a steroid is the treatment itself: given for longer than a prephase, with nothing begun about then."""
        others = (x for x in rows if not is_steroid(x.drug) and abs(x.first - one.first) <= _PREPHASE)
        return one.last - one.first > _PREPHASE and next(others, None) is None

    def _is_prephase(self, one: DrugCourse, day: date) -> bool:
        return id(one) not in self.used and is_steroid(one.drug) and day - _PREPHASE <= one.first <= day

    def _decision(
        self,
        first: DrugCourse,
        group: Sequence[DrugCourse],
        later: Sequence[DrugCourse],
        rows: Sequence[DrugCourse],
        *,
        opens: bool,
        upkeep: bool,
    ) -> Decision:
        line = self._line(first.first)
        tkis = [one for one in group if "TKI" in IMPLIES.get(one.drug, ())]
        if opens:
            kind = INDUCTION if not any(turn <= first.first for turn in self.turns) else RELAPSE
        elif upkeep:
            kind = MAINTENANCE
        elif tkis:
            kind = TKI_CHANGED if self._had_tki(tkis[0], rows) else TKI_ADDED
        else:
            kind = FURTHER
        names = frozenset(one.drug for one in later)
        return Decision(
            kind, first.first, line, tuple(sorted({one.drug for one in group})), first.exact,
            names | {one.drug for one in group},
            references=frozenset[str]().union(*(one.references for one in group)),
        )  # fmt: skip

    def _had_tki(self, new: DrugCourse, rows: Sequence[DrugCourse]) -> bool:
        return any(
            "TKI" in IMPLIES.get(one.drug, ()) and one.drug != new.drug and one.first < new.first
            and (one.ongoing or one.last >= new.first - _CHANGE)
            for one in rows
        )  # fmt: skip

    def _is_upkeep(self, one: DrugCourse, rows: Sequence[DrugCourse]) -> bool:
        """Whether a thiopurine or methotrexate begins maintenance: so called, or with no intensive drug beside it long after
        the line was opened."""
        if one.drug not in ("mercaptopurine", "methotrexate", "thioguanine"):
            return False
        if one.upkeep:
            return True
        beside = [x for x in rows if abs(x.first - one.first) <= _PREPHASE and x is not one]
        thiopurine = any("thiopurine" in IMPLIES.get(x.drug, ()) for x in (one, *beside))
        methotrexate = any(x.drug == "methotrexate" for x in (one, *beside))
        intensive = any(_INTENSIVE.intersection((x.drug, *IMPLIES.get(x.drug, ()))) for x in beside)
        begun = max((x.first for x in rows if x.first in self._openings(rows) and x.first <= one.first), default=None)
        late = begun is not None and one.first >= begun + _UPKEEP_AFTER
        return thiopurine and methotrexate and not intensive and late

    def _is_upkeep_with_tki(self, group: Sequence[DrugCourse], rows: Sequence[DrugCourse]) -> bool:
        """Whether drugs begun together are maintenance with a TKI, whichever of them comes first."""
        alone = [x for x in group if x.drug in self.decided or x.drug == "CAR-T"]
        only_tkis = all("TKI" in (x.drug, *IMPLIES.get(x.drug, ())) for x in alone)
        return only_tkis and any(self._is_upkeep(x, rows) for x in group)

    def _openings(self, rows: Sequence[DrugCourse]) -> set[date]:
        """First days of treatment after each turn."""
        found: dict[int, date] = {}
        for one in rows:
            if not is_steroid(one.drug):
                found.setdefault(sum(turn <= one.first for turn in self.turns), one.first)
        return set(found.values())

    def _dressed(self, one: Decision) -> Decision:
        """With the regimens it is called, and whether it was given in a trial."""
        rows = [e for e in self.record.entries if e.reference in one.references]
        texts = [f"{entry.text}; {notes_of(entry.resource)}; {all_text(entry.resource)}" for entry in rows]
        named = {name for entry in rows for name, _ in regimens_in(f"{entry.text}; {notes_of(entry.resource)}")}
        for written in regimens(self.record, self.until):
            when = written.entry.when
            if when is not None and when.exact and one.day - _PREPHASE <= when.start <= one.day + _TOGETHER:
                named.add(written.name)
        if not named and not one.graft and one.kind in (INDUCTION, RELAPSE, MAINTENANCE):
            by_drugs = recognised(set(one.within))
            named = {by_drugs} if by_drugs else set()
        trial = any(states(text, _TRIAL) and not _NO_TRIAL.search(text) for text in texts)
        return replace(one, regimens=tuple(sorted(named)), in_trial=trial)
