"""Risk groups that a protocol assigns, as stated. Their definitions are not in the sources at hand, so none is derived.

AALL1731 names SR-favorable, SR-average and SR-high; AALL0434 and AALL1231 standard, intermediate and very high risk of
T-ALL; relapse trials (IntReALL, ALL-REZ BFM) standard and high risk of a relapse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from service.facts.absence import absent, seen_in
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.facts.results.lookup import full_text, is_count, latest_first
from service.record.model import Entry, PatientRecord, once_per_record
from service.record.text import states

_PLACES = ("Observation", "Condition", "DiagnosticReport", "CarePlan", "EpisodeOfCare")
_WORDS = re.compile(r"risk|risiko|\bSR\b|\bHR\b|IntReALL|AALL", re.IGNORECASE)
_REL = r"(?:relaps\w*|rezidiv\w*)"
_HIGH, _STANDARD = (
    r"(?:very[\s-])?(?:high[\s-]risk|hochrisiko\w*|\bHR\b)",
    r"(?:standard[\s-]?(?:risk|risiko)\w*|\bSR\b)",
)


def _relapse(level: str, letters: str) -> re.Pattern[str]:
    between = r"[\s-]*(?:(?:first|second|early|late|erstes|B-ALL|ALL|group|gruppe|1\.|2\.)[\s-]+){0,3}"
    return re.compile(
        rf"{level}{between}{_REL}|{_REL}[\s,:(-]*(?:\w+[\s,:(-]+){{0,2}}?{level}|IntReALL[\s-]*(?:20\d\d[\s-]*)?(?-i:{letters})\b",
        re.IGNORECASE,
    )


_RELAPSE_GROUPS = {"high": _relapse(_HIGH, "HR"), "standard": _relapse(_STANDARD, "SR")}
_AALL1731 = {
    "SR-favorable": re.compile(r"\bSR[\s-]*fav(?:ou?rable)?\b|standard[\s-]risk[\s-]+favou?rable", re.IGNORECASE),
    "SR-average": re.compile(r"\bSR[\s-]*av(?:g|erage)\b|standard[\s-]risk[\s-]+average", re.IGNORECASE),
    "SR-high": re.compile(r"\bSR[\s-]*high\b|standard[\s-]risk[\s-]+high", re.IGNORECASE),
}
_RISK = r"[\s-]*(?:risk|risiko\w*)"
_TALL = {
    "very-high": re.compile(rf"\bvery[\s-]high{_RISK}|\bVHR\b", re.IGNORECASE),
    "high": re.compile(rf"(?<!very )(?<!very-)\bhigh{_RISK}|\bhochrisiko", re.IGNORECASE),
    "intermediate": re.compile(rf"\bintermediate{_RISK}|\bintermediärrisiko", re.IGNORECASE),
    "standard": re.compile(rf"\bstandard{_RISK}", re.IGNORECASE),
}
_T = re.compile(r"\bT[\s-]?(?:cell|ALL|lympho\w*|zell\w*)|\bAALL(?:0434|1231)\b", re.IGNORECASE)


@once_per_record
def _texts(record: PatientRecord) -> tuple[tuple[Entry, str], ...]:
    found = latest_first(e for e in record.of_type(*_PLACES) if not is_count(e))
    return tuple((e, text) for e in found if _WORDS.search(text := _all_words(e)))


def _all_words(entry: Entry) -> str:
    title = entry.resource.get("title") if entry.type == "CarePlan" else None
    return f"{title}\n{full_text(entry)}" if isinstance(title, str) else full_text(entry)


def _stated(facts: Facts, name: str, groups: dict[str, re.Pattern[str]], texts: Iterable[tuple[Entry, str]]) -> Fact:
    """The one group that the newest text to name any names."""
    for entry, text in texts:
        named = [group for group, pattern in groups.items() if pattern.search(text) and states(text, pattern)]
        seen = seen_in(entry, " ".join(text.split())[:200], from_text=True)
        if len(named) == 1:
            return known(name, named[0], seen)
        if named:
            return unknown(name, Reason.CONFLICTING, f"{' and '.join(sorted(named))} are named", (seen,))
    return absent(facts, name, "Condition", "Observation", what="the risk group")


@provides("relapse_risk", "relapse_risk_group", "risk_aall1731", "risk_group_tall", needs=("lineage",))
def risk_groups(facts: Facts) -> Iterator[Fact]:
    """Stated risk groups. A high risk without further words counts as that of T-ALL only where the text speaks of T-ALL."""
    if facts.record is None:
        return
    texts = _texts(facts.record)
    yield _stated(facts, "relapse_risk", _RELAPSE_GROUPS, texts)
    yield _stated(facts, "relapse_risk_group", _RELAPSE_GROUPS, texts)
    yield _stated(facts, "risk_aall1731", _AALL1731, texts)
    if facts.value("lineage") == "T":
        own = [(entry, text) for entry, text in texts if _T.search(text)]
        yield _stated(facts, "risk_group_tall", _TALL, own)
    else:
        yield absent(facts, "risk_group_tall", "Condition", "Observation", what="the risk group of T-ALL")


PROVIDERS: tuple[Provider, ...] = (risk_groups,)
