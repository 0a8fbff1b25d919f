"""Facts stated by name (JSON, YAML, a what-if): checked against the vocabulary, all problems told at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from service.facts.genetics.abl1 import protein_changes
from service.facts.model import Fact, Facts, Interval, Provenance, Reason, Registry, Site, TokenSet, known, unknown
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import UNKNOWN_WORDS, Kind, ValueProblem, Vocabulary
from service.facts.vocabulary.toxicity import KIND_ALIASES

_GIVEN = Provenance("given")
_KIND_KEYS = ("kind", "toxicity", "name")
_GRADE_KEYS = ("ctcae_grade", "grade")
# Ages are completed years and months everywhere: 21.9 years are 21, so that "up to 21" still holds.
_COMPLETED = frozenset(
    {
        "age_years", "age_months", "age_months_at_diagnosis", "age_at_diagnosis_years", "age_at_regimen_start",
        "age_months_at_hct",
    }
)  # fmt: skip


class StatedFactsProblem(ValueError):
    """Stated facts that cannot be read. ``problems``: one line each, with what is allowed."""

    def __init__(self, problems: Iterable[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def facts_from_mapping(
    raw: Mapping[str, object],
    as_of: date,
    registry: Registry,
    vocabulary: Vocabulary = VOCABULARY,
    site: Site | None = None,
) -> Facts:
    """Facts stated by vocabulary name, alias or parameterised name.

    A set may be given as one value, and "none" for an empty one; ``null`` and "unknown" state nothing, so the fact
    stays derivable. Ages are counted in completed years or months. The bare name ``toxicity`` holds kinds (``CRS``),
    ``{kind, ctcae_grade}``, or a mapping of kinds to grades; a kind without a grade is there with some grade.

    Raises:
        StatedFactsProblem: unknown names, wrong values, and one fact stated twice differently.
    """
    problems: list[str] = []
    stated: dict[str, Fact] = {}
    for key, value in raw.items():
        try:
            for name, item in _spread(str(key), value, vocabulary):
                parsed = vocabulary.lookup(name).parse(item)
                if parsed is None:
                    continue
                if name in _COMPLETED and isinstance(parsed, float):
                    parsed = float(math.floor(parsed))
                if name in stated and stated[name].value != parsed:
                    problems.append(f"facts.{key}: {name!r} is stated twice with different values.")
                stated[name] = known(name, parsed, _GIVEN)
        except ValueProblem as problem:
            problems.append(f"facts.{key}: {problem}")
    if problems:
        raise StatedFactsProblem(problems)
    return Facts(as_of, registry, None, site, {**_some_grade(stated), **stated})


def _spread(key: str, value: object, vocabulary: Vocabulary) -> Iterator[tuple[str, object]]:
    """The facts one entry states: usually itself."""
    if key.strip() == "toxicity":
        if not _says_nothing(value):
            yield from _toxicities(value, vocabulary)
        return
    name = vocabulary.resolve(_with_known_kind(key))
    kind = vocabulary.lookup(name)
    if kind.kind is Kind.SET and isinstance(value, str) and value.strip().lower() == "none":
        value = value if "none" in kind.values else []
    if name == "abl1_mutations" and isinstance(value, str | list):
        value = [change for item in ([value] if isinstance(value, str) else value) for change in _mutations(item)]
    yield name, value


def _mutations(item: object) -> list[object]:
    """Any common notation of mutations as one-letter protein changes; what is none of them stays as it is."""
    return [change.name for change in protein_changes(item)] or [item] if isinstance(item, str) else [item]


def _with_known_kind(key: str) -> str:
    """``toxicity(VOD)`` under the vocabulary's own name of that kind."""
    base, bracket, rest = key.partition("(")
    kind = rest.strip().removesuffix(")").strip()
    return f"{base}({_KINDS.get(kind.lower(), kind)})" if bracket else key


_KINDS = {alias.lower(): kind for alias, kind in KIND_ALIASES.items()}


def _toxicities(value: object, vocabulary: Vocabulary) -> Iterator[tuple[str, object]]:
    """Kinds with or without grade, as a list, a single one, or a mapping of kinds to grades."""
    present: list[str] = []
    for kind, grade in _graded(value):
        if grade is not None:
            name = vocabulary.resolve(_with_known_kind(f"toxicity({kind})"))
            yield name, grade
            if vocabulary.lookup(name).parse(grade) == 0:
                continue
        present.append(kind)
    yield "toxicities_present", present


def _says_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in UNKNOWN_WORDS)


def _graded(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        for item in value:
            yield from _graded(item)
    elif isinstance(value, str):
        yield value, None
    elif isinstance(value, Mapping) and not any(key in value for key in (*_KIND_KEYS, *_GRADE_KEYS)):
        yield from ((str(kind), grade) for kind, grade in value.items() if not _says_nothing(grade))
    else:
        entry = value if isinstance(value, Mapping) else {}
        kind = next((entry[key] for key in _KIND_KEYS if key in entry), None)
        if not isinstance(kind, str):
            raise ValueProblem(f"{value!r} needs a kind and a ctcae_grade.")
        yield kind, next((entry[key] for key in _GRADE_KEYS if key in entry), None)


def _some_grade(stated: Mapping[str, Fact]) -> dict[str, Fact]:
    """A toxicity stated to be present has a grade of 1 to 5, even where nobody said which."""
    present = stated.get("toxicities_present")
    if present is None or not isinstance(present.value, TokenSet):
        return {}
    names = (f"toxicity({kind})" for kind in present.value.members)
    return {name: known(name, Interval(1, 5), _GIVEN) for name in names}


def unknown_stated(facts: Facts, name: str) -> Fact:
    """The unknown of a fact nobody stated and nothing derives."""
    try:
        judgement = VOCABULARY.lookup(name).judgement
    except ValueProblem:
        judgement = False
    if judgement:
        return unknown(name, Reason.JUDGEMENT)
    if facts.record is None:
        return unknown(name, Reason.NOT_GIVEN)
    return unknown(name, Reason.RECORD_EMPTY)
