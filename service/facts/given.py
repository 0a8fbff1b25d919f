"""Facts stated by name (JSON, YAML, a what-if): checked against the vocabulary, all problems told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from service.facts.abl1 import protein_changes
from service.facts.model import Fact, Facts, Provenance, Reason, Registry, Site, known, unknown
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import ValueProblem, Vocabulary
from service.facts.vocabulary.toxicity import KIND_ALIASES

_GIVEN = Provenance("given")
_KIND_KEYS = ("kind", "toxicity", "name")
_GRADE_KEYS = ("ctcae_grade", "grade")


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

    A set may be given as one value; ``null`` and "unknown" state nothing, so the fact stays derivable. A list under
    the bare name ``toxicity`` holds kinds (``CRS``) or ``{kind, ctcae_grade}``.

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
                fact = known(name, parsed, _GIVEN)
                if name in stated and stated[name].value != parsed:
                    problems.append(f"facts.{key}: {name!r} is stated twice with different values.")
                stated[name] = fact
        except ValueProblem as problem:
            problems.append(f"facts.{key}: {problem}")
    if problems:
        raise StatedFactsProblem(problems)
    return Facts(as_of, registry, None, site, stated)


def _spread(key: str, value: object, vocabulary: Vocabulary) -> Iterator[tuple[str, object]]:
    """The facts one entry states: usually itself."""
    if key == "toxicity" and isinstance(value, list):
        yield from _toxicities(value, vocabulary)
        return
    name = vocabulary.resolve(key)
    if name == "abl1_mutations" and isinstance(value, str | list):
        value = [_mutation(item) for item in ([value] if isinstance(value, str) else value)]
    yield name, value


def _mutation(item: object) -> object:
    """Any common notation of a mutation as one-letter protein change."""
    changes = protein_changes(item) if isinstance(item, str) else ()
    return changes[0].name if len(changes) == 1 else item


def _toxicities(items: list[object], vocabulary: Vocabulary) -> Iterator[tuple[str, object]]:
    kinds = []
    for item in items:
        if isinstance(item, Mapping):
            kind = next((item[k] for k in _KIND_KEYS if k in item), None)
            grade = next((item[k] for k in _GRADE_KEYS if k in item), None)
            if not isinstance(kind, str):
                raise ValueProblem(f"{item!r} needs a kind and a ctcae_grade.")
            kind = KIND_ALIASES.get(kind.lower(), kind)
            if grade is not None:
                yield vocabulary.resolve(f"toxicity({kind})"), grade
            kinds.append(kind)
        else:
            kinds.append(str(item))
    yield "toxicities_present", kinds


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
