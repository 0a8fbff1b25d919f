"""Symptoms that sources ask for: of the heart, the nervous system, infection, bleeding, pain; and the neurologic examination.

A symptom is a Condition or adverse event of the last weeks that is not said to be over, or an Observation that asks for it and
says yes or no (also a pain score, LOINC 72514-3 and 38208-5: above 0 is pain). Only such an Observation can say no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import fresh, seen_in
from service.facts.disease.conditions import only_risked
from service.facts.fitness.conditions import Finding, answer
from service.facts.model import Fact, Facts, Provider, known, provides
from service.facts.results.lookup import is_count, latest_first, nothing
from service.record.model import Entry
from service.record.terminology import Terminology
from service.record.text import states
from service.record.values import all_text, codings_of, qualitative, quantity, value_text

_DAYS = 14
SYMPTOMS = (
    Finding("cardiac_symptoms", "symptoms of the heart",
            ("R07.1", "R07.2", "R07.4", "R07.89", "R07.9", "R00.2", "R06.0", "R55", "I20"),
            r"chest pain|thoraxschmerz|brustschmerz|angina|palpitation|palpitationen|herzrasen|dyspn\w+|shortness of breath|atemnot|orthopn\w+"
            r"|syncop|synkop|(?:peripheral|leg|ankle) (?:o?edema)|beinödem",
            codes=frozenset({"29857009", "80313002", "267036007", "230145002", "271594007"}), within_days=30),
    Finding("neurologic_symptoms", "neurologic symptoms",
            ("R29", "R40", "R41", "R42", "R44", "R47", "R51", "R56", "R20", "R26", "R27", "H53.2", "H49", "G51", "G81", "G83", "G44", "G41"),
            r"headache|kopfschmerz|cephalgi|seizure|krampfanfall|diplopi|doppelbild|facial (?:palsy|weakness|droop)|fazialisparese|hirnnerv\w*parese"
            r"|cranial nerve pals|paresis|parese|hemipleg|aphasi|dysarthri|confusion|verwirrt|somnolen|ataxi|papilledema|stauungspapill"
            r"|numb chin|paresthesi|parästhesi|blurred vision|visual disturb|sehstörung|vertigo|schwindel|altered mental|encephalopath|enzephalopath"
            r"|meningismus|nuchal rigid|neurologic(?:al)? (?:symptom|deficit)|neurologische\w* (?:symptom|ausf)",
            codes=frozenset({"25064002", "91175000", "24982008", "280816001", "422768004", "20262006"}), within_days=30),
    Finding("bleeding", "bleeding", ("R58", "R04", "K92.0", "K92.1", "K92.2", "I60", "I61", "I62", "N93", "R31.0", "H11.3", "K62.5"),
            r"bleed|h(?:a)?emorrhag|hämorrhag|blutung|nasenbluten|epistaxis|petechi|h(?:a)?ematuri|hämaturie|mel(?:a)?ena|teerstuhl|h(?:a)?ematoma|hämatom\b"
            r"|h(?:a)?emoptysis|hämoptyse|purpura",
            codes=frozenset({"131148009", "74474003", "249366005", "1386000"}), within_days=_DAYS),
    Finding("pain", "pain", ("R52", "G89", "R10", "M79.6", "M54", "M25.5", "M89.8", "R07", "R51", "K12.3"),
            r"\bpain\b|\bpains\b|schmerz|arthralgi|myalgi|neuralgi|headache|cephalgi|\bache\b",
            codes=frozenset({"22253000", "25064002", "29857009", "21522001", "12584003"}), within_days=30),
    Finding("opportunistic_infection_symptoms", "symptoms of opportunistic infection",
            ("B37", "B59", "B44", "B25", "B00", "B02", "B45"),
            r"thrush|soor\b|candid|pneumocyst|\bPJP\b|\bPCP\b pneum|aspergill|zoster|herpes simplex|cytomegalovirus (?:disease|colitis|pneumon)|CMV-(?:erkrankung|kolitis|pneumon)"
            r"|cryptococ|kryptokok|toxoplasm|opportunisti\w+ infe[ck]t",
            within_days=30),
)  # fmt: skip
_SCORES = frozenset({"72514-3", "38208-5"})
_SCORE = re.compile(
    r"\b(?:pain|schmerz)\w*[\s-]*(?:score|severity|intensity|skala|stärke|intensität|scale|NRS|VAS)|\b(?:NRS|VAS)\b",
    re.I,
)
_EXAM = re.compile(
    r"neurologic(?:al)? exam\w*|neurological status|neurologischer? (?:status|befund|untersuchung)|neurostatus",
    re.IGNORECASE,
)
_NORMAL = re.compile(
    r"\b(?:normal|unremarkable|non-?focal|intact|grossly intact|unauffällig|regelrecht|o\.?\s?B\b|without (?:focal )?deficit|ohne (?:fokal\w* )?(?:defizit|auffälligkeit)\w*|no (?:focal )?deficits?)",
    re.I,
)
_ABNORMAL = re.compile(
    r"\b(?:abnormal|not normal|auffällig|pathologisch|deficits? (?:present|noted)|pals(?:y|ies)|parese|paresis|ataxi\w+|nicht normal)\b",
    re.I,
)
_ANSWERS = {"yes": True, "ja": True, "y": True, "present": True, "vorhanden": True, "true": True, "la33-6": True, "373066001": True,
            "no": False, "nein": False, "n": False, "none": False, "keine": False, "kein": False, "absent": False, "false": False,
            "la32-8": False, "373067005": False, "nil": False, "nicht vorhanden": False}  # fmt: skip


@provides(*(symptom.fact for symptom in SYMPTOMS))
def symptoms(facts: Facts) -> Iterator[Fact]:
    """Asked and answered, else on the problem list."""
    if facts.record is None:
        return
    entries = facts.record.of_type("Condition", "AdverseEvent")
    for symptom in SYMPTOMS:
        listed = answer(facts, symptom, entries)
        asked = _asked(facts, symptom) if not listed.known else None
        yield asked or listed


def _asked(facts: Facts, symptom: Finding) -> Fact | None:
    """The newest recent answer to the question."""
    assert facts.record is not None
    pattern = symptom.pattern
    for entry in latest_first(e for e in facts.record.of_type("Observation") if _asks(e, symptom, pattern)):
        if not fresh(entry.when, facts.as_of, symptom.within_days):
            continue
        said = _said(entry, symptom.fact, facts.record.terminology)
        if said is not None:
            return known(symptom.fact, said, seen_in(entry, all_text(entry.resource) or entry.text or None))
    return None


def _asks(entry: Entry, symptom: Finding, pattern: re.Pattern[str]) -> bool:
    if is_count(entry):
        return False
    if symptom.fact == "pain" and (any(code in _SCORES for _, code in entry.codings) or _SCORE.search(entry.text)):
        return True
    coded = any(code in symptom.codes for _, code in entry.codings)
    return coded or (bool(pattern.search(entry.text)) and not only_risked(entry.text, pattern))


def _said(entry: Entry, fact: str, terminology: Terminology) -> bool | None:
    if fact == "pain":
        number = quantity(entry.resource)
        if number is not None:
            return number.value > 0 if number.comparator is None and 0 <= number.value <= 100 else None
    value = entry.resource.get("valueCodeableConcept")
    words = {code.lower() for _, code in codings_of(value)}
    words |= {part.strip().lower() for part in value_text(entry.resource).split("|")}
    known_answers = {_ANSWERS[word] for word in words if word in _ANSWERS}
    if len(known_answers) == 1:
        return known_answers.pop()
    return {"positive": True, "negative": False}.get(qualitative(entry.resource, terminology) or "")


@provides("neurologic_exam")
def neurologic_exam(facts: Facts) -> Iterator[Fact]:
    """The newest examination of a month, in words."""
    if facts.record is None:
        return
    for entry in latest_first(facts.record.of_type("Observation", "DiagnosticReport")):
        if not _EXAM.search(entry.text) or not fresh(entry.when, facts.as_of, 30):
            continue
        text = all_text(entry.resource)
        if states(text, _ABNORMAL):
            yield known("neurologic_exam", "abnormal", seen_in(entry, text, from_text=True))
            return
        if _NORMAL.search(text):
            yield known("neurologic_exam", "normal", seen_in(entry, text, from_text=True))
            return
    yield nothing(facts, "neurologic_exam")


PROVIDERS: tuple[Provider, ...] = (symptoms, neurologic_exam)
