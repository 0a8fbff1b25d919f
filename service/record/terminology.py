"""Codes and names to concepts: which clinical idea a coding or a text stands for, and what a code settles by itself.

The data (``data/terminology.json``) lists, per concept group such as ``labs.wbc``, its codes with their verified
display, names of drugs, and text patterns for resources that carry no known code. A code's ``means`` holds what that
very code says ("C91.02": relapsed).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from service.record.pieces import holds
from service.record.text import Mention, mention_of, strongest

_NOTHING: frozenset[str] = frozenset()
_NO_MEANING: Mapping[str, str] = {}
_CM, _WHO = "http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10"
_ATC, _ATC_CODE = "http://www.whocc.no/atc", re.compile(r"[A-V]\d\d[A-Z]{2}\d\d")
_ICD_O = "http://terminology.hl7.org/CodeSystem/icd-o-3"
_SCT, _SNOMED = "http://snomed.info/sct", "snomed.info/sct/"
_MORPHOLOGY = re.compile(r"(?i)M?-?\s?(\d{4})(?:/?(\d))?")
# "C91.00 G", "C91.00+", "C91.0-": with the German marks of certainty, of a dagger code, and of a category
_ICD_10 = re.compile(r"([A-Z]\d\d)\.?([0-9A-Z]{0,4}?)(?:\s?[AVZG]|[-+*!#]|\s)*$", re.IGNORECASE)
_SCHEME = re.compile(r"(?i)^(?:https?://|urn:oid:)")
_GAP = re.compile(r"[-\s]+")
# "peg-filgrastim" is another drug than filgrastim; "HD-methotrexate" is methotrexate.
_OTHER_DRUG = "".join(f"(?<!{prefix}-)" for prefix in ("peg", "tbo", "non", "anti", "methyl"))
_AS_WRITTEN = (
    4  # letters: an abbreviation of no more ("InO", "CPM") counts only as it is written, unlike a brand ("Ifex")
)
# German compounds: a salt or hydrate ("Vincristinsulfat"), or the giving of it ("Blinatumomabgabe").
_COMPOUND = (
    r"(?:(?:mono|di|hemi)?(?:hydro(?:chlorid|gen|bromid)|sulfat|phosphat|mesilat|tosilat|natrium|calcium|acetat|succinat|hydrat)"
    r"\w{0,24}|gabe|infusion(?:en)?|injektion(?:en)?|therapie|behandlung|zykl(?:us|en))?"
)
_MEMORY = 120  # characters: names of tests and drugs are remembered, notes and reports of patients are not


@dataclass(frozen=True, slots=True)
class Coding:
    """One code of a concept. Only verified codes may be sent."""

    system: str
    code: str
    display: str | None = None
    sendable: bool = True


class Terminology:
    """Lookups over all concepts; immutable, safe to share."""

    def __init__(self, concepts: Sequence[Mapping[str, Any]], aliases: Mapping[str, str]):
        self._concepts: dict[tuple[str, str], frozenset[str]] = {}
        self._means: dict[tuple[str, str], dict[str, str]] = {}
        self._codings: dict[str, list[Coding]] = {}
        self._titles: dict[str, str] = {}
        self._patterns: dict[str, list[re.Pattern[str]]] = {}
        patterns: list[tuple[str, re.Pattern[str]]] = []
        names: dict[str, str] = {}
        spelled: dict[str, list[str]] = {}
        for concept in concepts:
            group = concept["group"]
            self._titles.setdefault(group, concept["title"])
            for row in concept["codes"]:
                self._add(group, row)
            patterns += [(group, re.compile(text)) for text in concept.get("text", ())]
            own = [spelling for name in concept.get("names", ()) for spelling in _spellings(name)]
            names.update({_key(name): group for name in own})
            spelled.setdefault(group, []).extend(own)
        self._meaning = self._by_meaning()
        for group, pattern in patterns:
            self._patterns.setdefault(group, []).append(pattern)
        self._systems = _by_key(aliases, (system for system, _ in self._concepts))
        exact = {system: system for system, _ in self._concepts}
        self._aliases = {alias: self._systems[_system_key(alias)] for alias in aliases} | exact
        drug = _any_of([name for rows in spelled.values() for name in rows])

        def in_text(text: str) -> frozenset[str]:
            found = {group for group, pattern in patterns if holds(pattern, text)}
            found.update(names[_key(match["name"])] for match in drug.finditer(text))
            return frozenset(found)

        self._in_text = in_text
        self._in_name = lru_cache(maxsize=4096)(in_text)

        @lru_cache(maxsize=256)  # one per drug, made when first asked for: to make all would double the time of loading
        def names_of(group: str) -> tuple[re.Pattern[str], ...]:
            return (_any_of(spelled[group]),) if spelled.get(group) else ()

        self._names_of = names_of

    @classmethod
    def from_json(cls, text: str) -> Terminology:
        """Read the data file.

        Raises:
            ValueError: not the JSON this class writes about.
        """
        raw = json.loads(text)
        try:
            return cls(raw["concepts"], raw["systems"]["aliases"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"terminology data: {error!r} is missing or misshapen") from None

    def _add(self, group: str, row: Mapping[str, Any]) -> None:
        key = (row["system"], row["code"])
        self._concepts[key] = self._concepts.get(key, _NOTHING) | {group}
        if "means" in row:
            self._means.setdefault(key, {}).update(row["means"])
        coding = Coding(row["system"], row["code"], row.get("display"), row.get("verified", True))
        self._codings.setdefault(group, []).append(coding)

    def canonical(self, system: str) -> str:
        """The URI this data knows a code system by: OIDs, national copies, versions and sloppy spellings resolved."""
        found = self._aliases.get(system)
        if found is not None:
            return found
        key = _system_key(system)
        found = self._systems.get(key)
        if found is not None:
            return found
        if key.startswith(_SNOMED):  # an edition of SNOMED CT, with or without its version
            return _SCT
        if system.endswith("/") or system.startswith("https://"):
            return system.strip().rstrip("/").replace("https://", "http://", 1)
        return system

    def coding(self, system: str, code: str) -> tuple[str, str]:
        """A coding in the spelling this data has it in, where it has it: ``M9836/3`` is ``9836/3``, ``c9100`` is
        ``C91.00``, a code of ICD-10-CM may come under the URI of the WHO's ICD-10, and one of the ATC without any. Else with
        its system canonical.
        """
        system, code = self.canonical(system), code.strip()
        if (system, code) not in self._concepts:
            for form in _other_forms(system, code):
                if form in self._concepts:
                    return form
        return system, code

    def concepts_of(self, system: str, code: str) -> frozenset[str]:
        """Concept groups of a code; the system in its canonical form."""
        return self._concepts.get((system, code), _NOTHING)

    def concepts_in_text(self, text: str) -> frozenset[str]:
        """Concept groups that a text names. Says nothing about negation."""
        if not text:
            return _NOTHING
        return self._in_name(text) if len(text) <= _MEMORY else self._in_text(text)

    def mention(self, group: str, text: str) -> Mention | None:
        """How a text mentions a concept by its patterns or names: plainly, denied, doubted, of the past; ``None``: not at
        all.
        """
        patterns = (*self._patterns.get(group, ()), *self._names_of(group))
        return strongest(mention_of(text, pattern) for pattern in patterns)

    def meaning(self, system: str, code: str) -> Mapping[str, str]:
        """What the code itself settles, such as ``{"disease_state": "relapsed"}``."""
        return self._means.get((system, code), _NO_MEANING)

    def codings(self, group: str) -> tuple[Coding, ...]:
        """All codes of a concept group."""
        return tuple(self._codings.get(group, ()))

    def groups(self) -> tuple[str, ...]:
        """All concept groups, in the order of the data."""
        return tuple(self._titles)

    def read_by_name(self, group: str) -> bool:
        """Whether a resource without a known code is also recognised by its words."""
        return bool(self._patterns.get(group) or self._names_of(group))

    def groups_meaning(self, what: str) -> tuple[str, ...]:
        """Concept groups with a code that settles something by itself ("ph_status")."""
        return self._meaning.get(what, ())

    def _by_meaning(self) -> dict[str, tuple[str, ...]]:
        """Concept groups by what their codes settle, each in the order of the data."""
        found: dict[str, dict[str, None]] = {}
        for group in self._titles:
            for coding in self._codings.get(group, ()):
                for what in self._means.get((coding.system, coding.code), _NO_MEANING):
                    found.setdefault(what, {})[group] = None
        return {what: tuple(groups) for what, groups in found.items()}

    def aliases(self) -> Mapping[str, str]:
        """Further URIs of code systems, and the URI each stands for."""
        return {alias: target for alias, target in self._aliases.items() if alias != target}

    def title(self, group: str) -> str:
        """What a concept group is called."""
        return self._titles.get(group, group)


def _system_key(system: str) -> str:
    """A system's URI without what its spellings differ in: scheme, case, version, trailing slash."""
    return _SCHEME.sub("", system.strip()).split("|", 1)[0].rstrip("/").lower()


def _by_key(aliases: Mapping[str, str], systems: Iterable[str]) -> dict[str, str]:
    own = {_system_key(system): system for system in systems}
    found = {_system_key(target): target for target in aliases.values()}
    found.update({_system_key(alias): own.get(_system_key(target), target) for alias, target in aliases.items()})
    return found | own


def _other_forms(system: str, code: str) -> Iterator[tuple[str, str]]:
    """Other spellings of a code of ICD-O-3, ICD-10 and ATC, and the category it belongs to; other systems have one.

    An ATC code is known by its form where it comes without system or under an address of its own. A morphology code
    that is named as such (``M98363``) and a code without a system that can only be of one are read as of that one.
    """
    if (not system or "atc" in system.lower()) and _ATC_CODE.fullmatch(code.upper()):
        yield _ATC, code.upper()
        return
    morphology = _MORPHOLOGY.fullmatch(code)
    if morphology and (system.endswith("icd-o-3") or code[:1] in "Mm"):
        yield _ICD_O, f"{morphology[1]}/{morphology[2] or '3'}"
    if "icd-10" in system or (not system and _ICD_10.match(code)):
        plain = _ICD_10.match(code.upper())
        if plain is None:
            return
        category, rest = plain[1], plain[2]
        dotted = f"{category}.{rest}" if rest else category
        for edition in dict.fromkeys((system or _CM, _WHO, _CM) if system in ("", _WHO) else (system, _WHO)):
            yield edition, dotted
        yield _WHO, f"{category}.{rest[:1]}"
    elif not system and len(code) >= 8 and code.isdigit():
        yield _SCT, code


def _key(name: str) -> str:
    return _GAP.sub("", name).lower()


def _spellings(name: str) -> Iterator[str]:
    """A name of a drug, and its German form without the final e: methotrexate, Methotrexat."""
    yield name
    if len(name) > 7 and name.isalpha() and name.islower() and name.endswith("e") and not name.endswith("ase"):
        yield name[:-1]


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """One pattern for whole names; hyphens and blanks within them may be left out or doubled ("6 MP", "AraC")."""
    exact: set[str] = set()
    any_case: set[str] = set()
    for name in names:
        short = len(_key(name)) <= _AS_WRITTEN and not (name.islower() or name.istitle())
        (exact if short else any_case).add(r"[-\s]*".join(map(re.escape, _GAP.split(name))))
    either = f"(?-i:{_longest_first(exact)})|{_longest_first(any_case)}"
    return re.compile(rf"(?<!\w){_OTHER_DRUG}(?P<name>{either}){_COMPOUND}(?!\w)", re.IGNORECASE)


def _longest_first(patterns: Iterable[str]) -> str:
    return "|".join(sorted(patterns, key=len, reverse=True)) or "(?!)"
