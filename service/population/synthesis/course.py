"""The course of a synthetic patient: first treatment, remission, and what comes after, to the end.

A course is drawn to its end whatever the day of the cohort is, and cut there: so that an earlier day shows the same patients
earlier in the same courses.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from service.population.synthesis import events as e
from service.population.synthesis.disease import Disease
from service.population.synthesis.person import Person
from service.population.synthesis.regimens import TKIS, approved


@dataclass(frozen=True, slots=True)
class Deviation:
    """A choice against the guideline of the day, made on purpose. ``kind``: the row of frequencies.yaml."""

    day: date
    kind: str


@dataclass(slots=True)
class Course:
    """Events as they are drawn. ``tally``: for each frequency drawn by chance, the outcomes, to compare with what was asked."""

    rng: Random
    person: Person
    disease: Disease
    events: list[e.Event] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)
    tally: list[tuple[str, bool]] = field(default_factory=list)
    blinatumomab: bool = False
    transplanted: bool = False
    tki: str = ""
    peg: str = ""  # what came of pegaspargase: tolerated, hypersensitivity, pancreatitis
    mutation: str = ""  # of ABL1, as far as it is known
    dead: date | None = None
    cd19: bool = True

    def chance(self, name: str, odds: float) -> bool:
        """Draw a row of the frequencies, and remember it for the report."""
        hit = self.rng.random() < odds
        self.tally.append((name, hit))
        return hit

    def deviates(self, name: str, odds: float, day: date) -> bool:
        """Whether a deviation is made; it is remembered with its day."""
        hit = self.chance(name, odds)
        if hit:
            self.deviations.append(Deviation(day, name))
        return hit

    def add(self, *happened: e.Event) -> None:
        self.events.extend(happened)

    def stop_tki(self, day: date) -> None:
        """A relapse or resistance ends the TKI that is being taken: it has failed."""
        for at, event in enumerate(self.events):
            if not isinstance(event, e.Given) or event.drug not in TKIS or event.day >= day - timedelta(days=1):
                continue
            if event.until is None or event.until >= day - timedelta(days=7):
                reason = f"Disease progression (relapse or resistance while on {event.drug})"
                self.events[at] = replace(event, until=day, stopped=reason)

    def pause_tki(self, day: date) -> None:
        """A transplant interrupts the TKI."""
        for at, event in enumerate(self.events):
            if isinstance(event, e.Given) and event.drug in TKIS and (event.until or date.max) >= day > event.day:
                self.events[at] = replace(event, until=day - timedelta(days=1), stopped="Transplant")

    def tolerated(self, drug: str, day: date) -> str:
        """The drug, or what is given in place of pegaspargase that was not tolerated; empty where there is nothing."""
        if drug != "pegaspargase" or self.peg in ("", "tolerated"):
            return drug
        other = "asparaginase Erwinia chrysanthemi"
        return other if self.peg == "hypersensitivity" and day >= approved(other) else ""

    def given(self) -> set[str]:
        """Drugs given so far, by name."""
        return {event.drug for event in self.events if isinstance(event, e.Given)}

    def die(self, day: date, cause: str) -> None:
        self.dead = day
        self.add(e.Death(day, cause))

    def days(self, low: int, high: int) -> timedelta:
        return timedelta(days=self.rng.randint(low, high))

    def blood(self, day: date, *, leukemic: bool) -> None:
        """The counts of a day: of active leukemia, or recovered."""
        rng = self.rng
        if leukemic:
            wbc, anc, platelets = (
                round(rng.lognormvariate(2.2, 0.9), 1),
                round(rng.uniform(0.1, 0.9), 2),
                rng.randint(12, 90),
            )
        else:
            anc, platelets = round(rng.uniform(1.1, 4.5), 2), rng.randint(105, 320)
            wbc = round(anc + rng.uniform(0.8, 2.5), 1)
        self.add(e.Lab(day, "wbc", wbc), e.Lab(day, "anc", anc), e.Lab(day, "platelets", platelets))

    def chemistry(self, day: date) -> None:
        rng = self.rng
        creatinine = round(
            rng.uniform(0.2, 0.6) if self.person.group in ("infant", "child") else rng.uniform(0.5, 1.2), 2
        )
        self.add(
            e.Lab(day, "bilirubin", round(rng.uniform(0.2, 1.1), 1)),
            e.Lab(day, "alt", rng.randint(10, 90)),
            e.Lab(day, "creatinine", creatinine),
        )

    def remission(self, day: date, number: int) -> None:
        """A complete remission: marrow, counts and the statement."""
        self.add(e.Marrow(day, self.rng.randint(0, 3), "remission"))
        self.blood(day, leukemic=False)
        self.add(e.State(day, "in-remission", number))

    def mrd(self, day: date, timepoint: str, negative: bool) -> e.Mrd:
        """A marrow test of MRD; its level agrees with its being negative or not."""
        rng = self.rng
        method = rng.choice(("flow", "flow", "PCR", "NGS" if day.year >= 2019 else "flow"))
        sensitivity = 1e-6 if method == "NGS" else 1e-4 if method == "flow" else 1e-5
        if not negative:
            fraction = 10 ** rng.uniform(-3.9, -1.4)
        elif method == "flow" or rng.random() < 0.7:
            fraction = 0.0
        else:
            fraction = 10 ** rng.uniform(-4.9 if method == "PCR" else -5.8, -4.1)
        fraction = float(f"{fraction:.1e}")
        form = rng.choice(("percent", "percent", "words")) if fraction else rng.choice(("below", "words", "below"))
        found = e.Mrd(day, timepoint, fraction, method, sensitivity, form, self.disease.lineage)
        self.add(found)
        return found


def cut(events: list[e.Event], end: date, alive: bool) -> list[e.Event]:
    """What has happened by a day, in the order of days; what goes on then is open, or ends with death."""
    found: list[e.Event] = []
    for event in events:
        if event.day > end:
            continue
        over = isinstance(event, e.Phase | e.Given | e.Visit) and event.until is not None and event.until <= end
        if over or not isinstance(event, e.Phase | e.Given | e.Visit):
            found.append(event)
        elif isinstance(event, e.Given):
            found.append(replace(event, until=None if alive else end, stopped=""))
        else:
            found.append(replace(event, until=None if alive else end))
    return sorted(found, key=lambda event: event.day)
