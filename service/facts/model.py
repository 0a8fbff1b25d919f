"""What a fact is: a typed statement about the patient, or an honest "unknown", with where it came from.

Three value shapes carry uncertainty that a plain Python value would lose:

* `Interval` - a number known only within bounds ("<0.01 %", a birth date given as a year);
* `TokenSet` - a set that may be incomplete (drugs on a list of which only the first page arrived);
* `Fact` with ``value is None`` - unknown, always with a `Reason`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from service.facts.interval import Interval as Interval  # one of the shapes of a value: imported from here
from service.record.model import PatientRecord

T = TypeVar("T")


class Reason(StrEnum):
    """Why a fact is unknown. The card and the trace show it; none of them ever counts as "no"."""

    NOT_PROVIDED = "not-provided"  # the request did not carry this kind of resource
    RECORD_EMPTY = "record-empty"  # it was asked for and the record holds nothing that answers
    FETCH_FAILED = "fetch-failed"  # it was asked for and the answer was an error
    INCOMPLETE = "incomplete"  # only part of the record arrived (first page, time limit)
    STALE = "stale"  # the newest result is older than the fact may be
    UNIT = "unit"  # a unit that cannot be converted
    IMPLAUSIBLE = "implausible"  # outside the plausible range: shown, not used
    UNREADABLE = "unreadable"  # present, but its text or structure could not be read
    UNDATED = "undated"  # present, but without the date this fact needs
    CONFLICTING = "conflicting"  # two statements that cannot both hold
    SET_ASIDE = "set-aside"  # the only evidence was refused (status, other patient)
    NOT_DECIDED = "not-decided"  # present, but it does not settle this fact (e.g. normal karyotype and Ph)
    JUDGEMENT = "judgement"  # the clinician's to say: never derived
    NOT_GIVEN = "not-given"  # evaluation from stated facts: this one was not stated


@dataclass(frozen=True, slots=True)
class TokenSet:
    """A set of tokens of which absence may be unproven.

    ``members`` are there, ``excluded`` are known not to be there; anything else is absent only if ``complete``.

    >>> TokenSet(frozenset({"dasatinib"}), complete=False).includes("ponatinib") is None
    True
    """

    members: frozenset[str]
    complete: bool = True
    excluded: frozenset[str] = frozenset()

    def includes(self, token: str) -> bool | None:
        if token in self.members:
            return True
        if self.complete or token in self.excluded:
            return False
        return None

    def includes_any(self, tokens: Iterable[str]) -> bool | None:
        unknown = False
        for token in tokens:
            found = self.includes(token)
            if found:
                return True
            unknown = unknown or found is None
        return None if unknown else False

    def is_empty(self) -> bool | None:
        if self.members:
            return False
        return True if self.complete else None

    def __str__(self) -> str:
        text = ", ".join(sorted(self.members)) or "none"
        return text if self.complete else f"{text} (list may be incomplete)"


Value: TypeAlias = bool | str | float | Interval | TokenSet


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fact was read: one resource, as it was found."""

    resource: str  # "Observation/mrd-1"; "given" for stated facts; the fact's name for derived ones
    date: str | None = None  # ISO 8601, as precise as the source
    code: str | None = None  # "http://loinc.org|29770-5"
    found: str | None = None  # the value or text as found (patient data: for cards and traces, never for logs)
    from_text: bool = False  # read from free text, not from a code
    inferred: bool = False  # concluded (a regimen from its drugs), not stated
    note: str | None = None  # "preliminary", "assumed sensitivity 1e-4 by method"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the vocabulary: a value, or ``None`` with the reason, and provenance either way."""

    name: str
    value: Value | None
    reason: Reason | None = None
    detail: str | None = None  # why unknown, in a sentence for people
    provenance: tuple[Provenance, ...] = ()

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError(f"{self.name}: a fact has a value or a reason, not both and not neither")

    @property
    def known(self) -> bool:
        return self.value is not None


def unknown(name: str, reason: Reason, detail: str | None = None, provenance: Iterable[Provenance] = ()) -> Fact:
    """A fact that is not known, and why."""
    return Fact(name, None, reason, detail, tuple(provenance))


def known(name: str, value: Value, *provenance: Provenance, detail: str | None = None) -> Fact:
    """A fact with its value and where it came from."""
    return Fact(name, value, None, detail, provenance)


@dataclass(frozen=True, slots=True)
class Site:
    """What the configuration of a site says about its patients.

    ``region`` is the jurisdiction whose labels count ("US" or "EU"); ``care_setting`` decides between the adult and
    the pediatric guideline for ages 15-39 where the record does not say ("adult-oncology", "pediatric-oncology").
    """

    region: str | None = None
    care_setting: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Provider:
    """A function that can yield some facts, from the record or from other facts.

    ``needs`` names the facts it may ask for; a test checks that it asks for no other, because `Facts.assuming`
    relies on it to know what must be read again.
    """

    name: str
    provides: tuple[str, ...]
    needs: tuple[str, ...]
    run: Callable[[Facts], Iterable[Fact]]

    @property
    def rule(self) -> str:
        """What it concludes from what, and by which source: the first paragraph of its docstring."""
        return " ".join((self.run.__doc__ or "").strip().split("\n\n")[0].split())

    @property
    def place(self) -> str:
        """The file it stands in, from the root of the repository."""
        return self.run.__module__.replace(".", "/") + ".py"


def provides(*names: str, needs: Iterable[str] = ()) -> Callable[[Callable[[Facts], Iterable[Fact]]], Provider]:
    """Make a `Provider` of a reader or derivation: ``@provides("ph_status", needs=("karyotype",))``."""

    def wrap(function: Callable[[Facts], Iterable[Fact]]) -> Provider:
        return Provider(function.__name__, names, tuple(needs), function)

    return wrap


class Registry:
    """All providers by the fact they yield, most trusted first. Built once, shared by every request."""

    def __init__(self, providers: Iterable[Provider], unknown_fact: Callable[[Facts, str], Fact]):
        self.providers = tuple(providers)
        self.unknown_fact = unknown_fact
        by_name: dict[str, tuple[Provider, ...]] = {}
        for provider in self.providers:
            for name in provider.provides:
                by_name[name] = (*by_name.get(name, ()), provider)
        self.by_name: Mapping[str, tuple[Provider, ...]] = by_name
        self._dependents: dict[str, frozenset[str]] = {}
        self._resting: dict[str, frozenset[Provider]] = {}

    def resting_on(self, name: str) -> frozenset[Provider]:
        """Providers that must run anew when a fact changes."""
        found = self._resting.get(name)
        if found is None:
            changed = self.dependents(name)
            found = self._resting[name] = frozenset(
                p for p in self.providers if changed.intersection(p.provides) or changed.intersection(p.needs)
            )
        return found

    def dependents(self, name: str) -> frozenset[str]:
        """Names of the facts that may change when ``name`` does, itself included."""
        found = self._dependents.get(name)
        if found is None:
            reached = {name}
            grew = True
            while grew:
                grew = False
                for provider in self.providers:
                    if reached.intersection(provider.needs) and not reached.issuperset(provider.provides):
                        reached.update(provider.provides)
                        grew = True
            found = self._dependents[name] = frozenset(reached)
        return found


_NO_CUT = 1_000_000
_NOTHING_FOUND = frozenset({Reason.RECORD_EMPTY, Reason.NOT_PROVIDED, Reason.NOT_GIVEN})


class Facts:
    """All facts of one patient at one moment, each read when first asked for.

    ``stated`` facts win over everything. Otherwise the providers of a name are asked in order until one knows, or
    finds that the record contradicts itself: no derivation settles that. If none does, the first reason is kept that says
    more than that nothing was found.
    """

    __slots__ = (
        "_asking", "_cut", "_origin", "_ran", "_read", "_worked_out", "as_of", "before", "changed", "record", "registry",
        "site", "stated",
    )  # fmt: skip

    def __init__(
        self,
        as_of: date,
        registry: Registry,
        record: PatientRecord | None = None,
        site: Site | None = None,
        stated: Mapping[str, Fact] | None = None,
    ):
        self.as_of = as_of
        self.registry = registry
        self.record = record
        self.site = site or Site()
        self.stated = dict(stated or {})
        self._read: dict[str, Fact] = dict(self.stated)
        self._origin: dict[str, Provider] = {}
        self._ran: dict[Provider, dict[str, Fact]] = {}
        self._asking: dict[str, int] = {}  # names being asked, with their depth
        self._cut = _NO_CUT  # depth of the outermost fact that was asked for while being asked
        self.before: Facts | None = None  # the facts of which some were replaced
        self.changed: frozenset[str] = frozenset()  # names of those that may rest on the replaced ones
        self._worked_out: dict[object, Any] = {}

    def __getitem__(self, name: str) -> Fact:
        fact = self._read.get(name)
        return fact if fact is not None else self._ask(name)

    def value(self, name: str) -> Value | None:
        """The value of a fact, or ``None`` while it is unknown."""
        return self[name].value

    def origin(self, name: str) -> Provider | None:
        """The provider whose value, or whose reason for unknown, a fact has; ``None`` if stated or answered by nobody."""
        self[name]
        return self._origin.get(name)

    def _ask(self, name: str) -> Fact:
        if self.before is not None and name not in self.changed:  # read once for all that is assumed of a patient
            shared = self._read[name] = self.before[name]
            origin = self.before.origin(name)
            if origin is not None:
                self._origin[name] = origin
            return shared
        if name in self._asking:  # two facts that could each be derived from the other: neither settles it
            self._cut = min(self._cut, self._asking[name])
            return self.registry.unknown_fact(self, name)
        depth = self._asking[name] = len(self._asking)
        outside, self._cut = self._cut, _NO_CUT
        first: Fact | None = None
        giver: Provider | None = None
        try:
            for provider in self.registry.by_name.get(name, ()):
                fact = self._run(provider).get(name)
                if fact is None:
                    continue
                if fact.known or fact.reason is Reason.CONFLICTING:
                    first, giver = fact, provider
                    break
                if first is None or (first.reason in _NOTHING_FOUND and fact.reason not in _NOTHING_FOUND):
                    first, giver = fact, provider
        finally:
            del self._asking[name]
        fact = first if first is not None else self.registry.unknown_fact(self, name)
        if self._cut >= depth:  # nothing below was cut short for the sake of a fact still being asked further up
            self._cut = _NO_CUT
            self._read[name] = fact
            if giver is not None:
                self._origin[name] = giver
        self._cut = min(self._cut, outside)
        return fact

    def _run(self, provider: Provider) -> dict[str, Fact]:
        done = self._ran.get(provider)
        if done is None:
            outside, self._cut = self._cut, _NO_CUT
            done = self._as_before(provider)
            if done is None:
                self._cut = _NO_CUT
                done = {fact.name: fact for fact in provider.run(self)}
            if self._cut == _NO_CUT:
                self._ran[provider] = done
            self._cut = min(self._cut, outside)
        return done

    def _as_before(self, provider: Provider) -> dict[str, Fact] | None:
        """What a provider found before something was assumed, if all that it read then, and reads now, is still the same."""
        before = self.before
        done = before._ran.get(provider) if before is not None else None
        if before is None or done is None:
            return None
        if any(name in before._read and self[name] != before._read[name] for name in provider.needs):
            return None
        return done if self._cut == _NO_CUT else None

    def assuming(self, *facts: Fact) -> Facts:
        """The same patient with some facts replaced: a drug a card is about to suggest, a what-if answer.

        What was already read is kept, except what may rest on the replaced facts; what cannot rest on them and is read
        later is read once, however many assumptions are made.
        """
        changed = frozenset[str]().union(*(self.registry.dependents(fact.name) for fact in facts))
        anew = frozenset[Provider]().union(*(self.registry.resting_on(fact.name) for fact in facts))
        other = Facts(self.as_of, self.registry, self.record, self.site, {**self.stated, **{f.name: f for f in facts}})
        # Copied whole and then thinned out: done for every drug that a card names, and little is left out.
        read, origin, ran = self._read.copy(), self._origin.copy(), self._ran.copy()
        for name in changed:
            read.pop(name, None)
            origin.pop(name, None)
        for provider in anew:
            ran.pop(provider, None)
        for name in other.stated:
            origin.pop(name, None)
        read.update(other._read)
        other._read, other._origin, other._ran = read, origin, ran
        other.before, other.changed = self, changed
        return other

    def once(self, key: object, work: Callable[[], T]) -> T:
        """The result of some work on these facts, done the first time it is asked for under the key."""
        if key not in self._worked_out:
            self._worked_out[key] = work()
        found: T = self._worked_out[key]
        return found

    def differing(self) -> frozenset[str]:
        """Names of the facts that differ from those read before something was assumed; ValueError where nothing was."""
        if self.before is None:
            raise ValueError("nothing was assumed of these facts")
        read = self.before._read
        return frozenset(name for name in self.changed if name in read and self[name] != read[name])

    def read_names(self) -> tuple[str, ...]:
        """Names of the facts that have been asked for so far."""
        return tuple(self._read)
