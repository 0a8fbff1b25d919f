"""Fitness and comorbidity from Conditions, scores and serology."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from service.facts.absence import absent, complete_list, fresh, seen_in
from service.facts.disease.conditions import Standing, in_icd, is_differential, names, standing
from service.facts.model import Fact, Facts, Interval, Provider, Reason, known, provides, unknown
from service.facts.vocabulary import VOCABULARY
from service.record.model import Entry, PatientRecord
from service.record.values import all_text, as_list, codings_of, qualitative, quantity


@dataclass(frozen=True, slots=True)
class Finding:
    """A yes/no fact of the problem list.

    ``ever``: past events count, and a complete list without one says no. Otherwise only what is active counts, and
    absence stays open. ``within_days``: an active entry older than this was left standing by mistake and is not used.
    """

    fact: str
    what: str
    icd: tuple[str, ...]
    words: str
    concepts: frozenset[str] = frozenset()
    not_codes: frozenset[str] = frozenset()
    ever: bool = False
    within_days: int | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.words, re.IGNORECASE)


FINDINGS = (
    Finding("cardiac_dysfunction", "cardiac dysfunction", ("I50", "I42", "I43", "I25.5"),
            r"heart failure|herzinsuffizienz|cardiomyopath|kardiomyopath|(?:reduced|impaired) (?:lv )?ejection"
            r"|(?:left )?ventricular dysfunction"),
    Finding("cardiac_history", "heart disease", tuple(f"I{n}" for n in (*range(20, 26), *range(30, 53))),
            r"heart failure|herzinsuffizienz|cardiomyopath|kardiomyopath|myocardial infarct|herzinfarkt|coronary"
            r"|koronar|valv\w+ (?:heart )?disease|herzklappen|atrial fibrill|vorhofflimmern|endocardit|myocardit",
            ever=True),
    Finding("hepatic_dysfunction", "liver dysfunction",
            ("K70.3", "K70.4", "K71", "K72", "K74", "K76.5", "K76.6", "K76.7"),
            r"cirrhosis|zirrhose|(?:liver|hepatic) (?:failure|dysfunction|insufficiency|impairment)|leberinsuffizienz"
            r"|leberversagen"),
    Finding("significant_renal_dysfunction", "renal dysfunction", ("N17", "N18.3", "N18.4", "N18.5", "N18.6", "N19"),
            r"(?:renal|kidney) (?:failure|insufficiency|impairment|injury)|niereninsuffizienz|nierenversagen"
            r"|dialysis|dialyse"),
    Finding("neuropathy", "neuropathy", ("G60", "G61", "G62", "G63", "G99.0"), r"neuropath",
            frozenset({"toxicity.neuropathy"})),
    Finding("active_infection", "infection",
            ("A", "B00", "B01", "B02", "B15", "B16", "B17", "B25", "B37.1", "B37.7", "B38", "B39", "B4", "J09", "J1",
             "L03", "N10", "K65", "I33", "G00", "U07.1"),
            r"sepsis|septic|pneumoni|bacter[aä]?emi|bakteriämi|infection|infektion|aspergill|candid[aä]?emi|mycosis"
            r"|abscess|abszess|covid", within_days=60),
    Finding("inflammatory_disorder", "inflammatory disorder", ("M05", "M06", "M30", "M31", "M32", "K50", "K51", "D86"),
            r"rheumatoid|rheumatoide|lupus|vasculitis|vaskulitis|crohn|ulcerative colitis|colitis ulcerosa|sarcoid"
            r"|sarkoid"),
    Finding("vascular_history", "vascular event",
            ("I20", "I21", "I22", "I23", "I24", "I25", "I26", "I63", "I64", "I69.3", "I70", "I73.9", "I74", "I80",
             "I81", "I82", "G45", "G08", "I67.6", "Z86.71", "Z86.73"),
            r"thrombo(?:sis|embol)|thrombose|embolism|embolie|myocardial infarct|herzinfarkt|\bstroke\b|schlaganfall"
            r"|ischemic attack|\bTIA\b|peripheral (?:arter|vascular)|arterial occlus|\bpAVK\b|\bDVT\b",
            frozenset({"toxicity.thrombosis", "toxicity.arterial_occlusion"}), ever=True),
    Finding("prior_sos", "sinusoidal obstruction syndrome", ("K76.5",), r"veno-?occlusive|sinusoidal obstruction|\bVOD\b",
            frozenset({"toxicity.sos_vod"}), ever=True),
    Finding("seizure_or_cns_disorder", "seizures or CNS disorder",
            ("G40", "G41", "R56", "G20", "F01", "F02", "F03", "F20", "F25", "G11", "G81", "R47.0", "S06", "I60", "I61",
             "I62", "I63", "I64", "I69", "G35"),
            r"epilep|seizure|krampf|\bstroke\b|schlaganfall|dementia|demenz|parkinson|brain injury|schädel-hirn|aphasi"
            r"|cerebellar|psychosis|psychose|multiple sclerosis|multiple sklerose", ever=True),
    Finding("active_tls", "tumor lysis syndrome", ("E88.3",), r"tumou?r lysis|tumorlyse", within_days=30),
    Finding("suspected_differentiation_syndrome", "differentiation syndrome", (), r"differentiation syndrome",
            frozenset({"toxicity.differentiation_syndrome"}), within_days=30),
)  # fmt: skip
_PATTERNS = {finding.fact: finding.pattern for finding in FINDINGS}


def _shows(entry: Entry, finding: Finding) -> bool:
    """Whether a Condition or AdverseEvent is of the kind, by code or, where no code says so, by its words."""
    coded = entry.concepts - entry.text_concepts
    if in_icd(entry, finding.icd) if finding.icd else False:
        return True
    if coded & finding.concepts:
        return True
    return names(entry, _PATTERNS[finding.fact], past_too=finding.ever)


def _counts(entry: Entry, finding: Finding, as_of: date) -> bool:
    """Whether an entry of the kind settles the fact."""
    if is_differential(entry) or (entry.when is not None and entry.when.start > as_of):
        return False
    if finding.ever:
        return True
    if entry.type != "Condition" or standing(entry, as_of) in (Standing.PAST, Standing.REMISSION):
        return False
    return finding.within_days is None or bool(fresh(entry.when, as_of, finding.within_days))


@provides(*(finding.fact for finding in FINDINGS))
def findings(facts: Facts) -> Iterator[Fact]:
    """Comorbidities on the problem list, and events among the adverse events."""
    if facts.record is None:
        return
    entries = facts.record.of_type("Condition", "AdverseEvent")
    for finding in FINDINGS:
        shown = [e for e in entries if _shows(e, finding)]
        counting = [e for e in shown if _counts(e, finding, facts.as_of)]
        if counting:
            seen = (seen_in(e, e.text or None, from_text=not e.codings) for e in counting)
            yield known(finding.fact, True, *seen)
        elif finding.ever and complete_list(facts, "Condition") and not shown:
            yield known(finding.fact, False, detail="not on the complete problem list")
        elif shown:
            detail = "on the problem list, but not known to be so now"
            yield unknown(finding.fact, Reason.NOT_DECIDED, detail, (seen_in(e, e.text or None) for e in shown))
        else:
            yield absent(facts, finding.fact, "Condition", what=finding.what)


# ECOG 0-5: LOINC answers of 89247-1, SNOMED CT findings.
_ECOG_CODES = {
    "LA9622-7": 0, "LA9623-5": 1, "LA9624-3": 2, "LA9625-0": 3, "LA9626-8": 4, "LA9627-6": 5,
    "425389002": 0, "422512005": 1, "422894000": 2, "423053003": 3, "423237006": 4, "423409001": 5,
}  # fmt: skip
_ECOG_TEXT = re.compile(
    r"(?:ECOG|WHO|performance status|\bPS)?[^\d\n]{0,20}\b([0-5])(?:\s*(?:-|–|to|bis)\s*([0-5]))?\b", re.IGNORECASE
)
_KARNOFSKY = "89243-0"


@provides("ecog")
def ecog(facts: Facts) -> Iterator[Fact]:
    """The newest ECOG score of the last 60 days; else a Karnofsky index by the usual table (100-90 is 0, 80-70 is 1,
    60-50 is 2, 40-30 is 3, 20-10 is 4, 0 is 5). The Lansky play scale of children has no such table.
    """
    if facts.record is None:
        return
    limit = VOCABULARY.lookup("ecog").stale_after_days
    reasons: list[Fact] = []
    for entry in facts.record.about("fitness.ecog", "fitness.karnofsky_lansky", types=("Observation",)):
        own = "fitness.ecog" in entry.concepts
        if not own and not _is_karnofsky(entry):
            continue
        value = _score(entry) if own else _from_karnofsky(entry)
        note = None if own else "from Karnofsky"
        seen = seen_in(entry, all_text(entry.resource) or _shown(entry), note=note)
        recent = fresh(entry.when, facts.as_of, limit)
        if value is None:
            reasons.append(unknown("ecog", Reason.UNREADABLE, "the score cannot be read", (seen,)))
        elif isinstance(value, float) and not 0 <= value <= 5:
            reasons.append(unknown("ecog", Reason.IMPLAUSIBLE, "outside 0 to 5: shown, not used", (seen,)))
        elif recent:
            yield known("ecog", value, seen)
            return
        elif recent is None:
            reasons.append(unknown("ecog", Reason.UNDATED, "its date is missing or too vague", (seen,)))
        else:
            reasons.append(unknown("ecog", Reason.STALE, f"the newest score is older than {limit} days", (seen,)))
    yield reasons[0] if reasons else absent(facts, "ecog", "Observation", what="a performance status")


def _shown(entry: Entry) -> str | None:
    number = quantity(entry.resource)
    return number.text if number is not None else None


def _score(entry: Entry) -> float | Interval | None:
    number = quantity(entry.resource)
    if number is not None and number.comparator is None:
        return number.value if number.value == int(number.value) else None
    concepts = (entry.resource.get("valueCodeableConcept"), *as_list(entry.resource.get("interpretation")))
    for concept in concepts:
        for _, code in codings_of(concept):
            if code in _ECOG_CODES:
                return float(_ECOG_CODES[code])
            if re.fullmatch("[0-5]", code.strip()):  # the score itself as a code, as in the German oncology data set
                return float(code)
    found = _ECOG_TEXT.search(all_text(entry.resource))
    if found is None:
        return None
    low, high = float(found[1]), float(found[2] or found[1])
    return low if low == high else Interval(low, high)


def _is_karnofsky(entry: Entry) -> bool:
    if any(code == _KARNOFSKY for _, code in entry.codings):
        return True
    return "karnofsky" in entry.text.lower() and "lansky" not in entry.text.lower()


def _from_karnofsky(entry: Entry) -> float | None:
    number = quantity(entry.resource)
    if number is None or number.comparator is not None or not 0 <= number.value <= 100:
        return None
    if number.value % 10:
        return None
    return float(5 if number.value == 0 else 4 - (int(number.value) // 10 - 1) // 2)


_PREGNANT_FOR = 300
_TEST_LASTS = 14


@provides("pregnancy")
def pregnancy(facts: Facts) -> Iterator[Fact]:
    """Pregnant by status, test or Condition of the last months; not pregnant by a statement or test of two weeks."""
    if facts.record is None:
        return
    for entry in facts.record.about("fitness.pregnancy", types=("Observation",)):
        answer = _pregnant(facts.record, entry)
        if answer is not None and fresh(entry.when, facts.as_of, _PREGNANT_FOR if answer else _TEST_LASTS):
            yield known("pregnancy", answer, seen_in(entry, all_text(entry.resource) or None))
            return
    for entry in facts.record.of_type("Condition"):
        coded = facts.record.means(entry, "pregnancy") == "true" or in_icd(
            entry, ("O0", "O1", "O2", "O3", "O4", "Z33", "Z34")
        )
        active = standing(entry, facts.as_of) in (Standing.ACTIVE, Standing.UNSAID)
        if coded and active and fresh(entry.when, facts.as_of, _PREGNANT_FOR):
            yield known("pregnancy", True, seen_in(entry, entry.text or None))
            return
    yield absent(facts, "pregnancy", "Observation", what="a pregnancy status or test")


def _pregnant(record: PatientRecord, entry: Entry) -> bool | None:
    terminology = record.terminology
    for system, code in codings_of(entry.resource.get("valueCodeableConcept")):
        said = terminology.meaning(*terminology.coding(system, code)).get("pregnancy")
        if said is not None:
            return said == "true"
    found = qualitative(entry.resource, terminology)
    return {"positive": True, "negative": False}.get(found or "")


_HBSAG, _ANTI_HBC = frozenset({"5195-3", "63557-3"}), frozenset({"13952-7"})

_HBSAG_NAMED = re.compile(r"(?<!anti-)(?<!anti )\bHBs\W?Ag\b|hepatitis B\b.{0,10}surface (?:Ag|antigen)", re.IGNORECASE)
_ANTI_HBC_NAMED = re.compile(
    r"(?:anti[- ]?HBc\b|\bHBc\W?(?:Ab|Ak)\b|hepatitis B\b.{0,10}core (?:Ab|antibod))(?!.*\bIgM\b)", re.IGNORECASE
)
_HBV = re.compile(
    f"{_HBSAG_NAMED.pattern}|anti[- ]?HBc\\b|\\bHBc\\W?(?:Ab|Ak)\\b|hepatitis B\\b.{{0,10}}core (?:Ab|antibod)", re.I
)


@provides("hbv_serology_positive")
def hepatitis_b(facts: Facts) -> Iterator[Fact]:
    """Positive by HBsAg, anti-HBc or a diagnosis of chronic hepatitis B; negative only by both tests."""
    if facts.record is None:
        return
    negative: dict[str, Entry] = {}
    coded = facts.record.about("fitness.hbv")
    named = (e for e in facts.record.of_type("Observation") if _HBV.search(e.text))
    for entry in dict.fromkeys((*coded, *named)):
        if entry.type == "Condition":
            found = "positive" if facts.record.means(entry, "hbv") == "positive" else None
        else:
            found = qualitative(entry.resource, facts.record.terminology)
        if found == "positive":
            yield known("hbv_serology_positive", True, seen_in(entry, all_text(entry.resource) or entry.text or None))
            return
        codes = {code for _, code in entry.codings}
        for test, own, words in (("HBsAg", _HBSAG, _HBSAG_NAMED), ("anti-HBc", _ANTI_HBC, _ANTI_HBC_NAMED)):
            if found == "negative" and (codes & own or words.search(entry.text)):
                negative.setdefault(test, entry)
    seen = tuple(seen_in(entry, f"{test} negative") for test, entry in negative.items())
    if len(negative) == 2:
        yield known("hbv_serology_positive", False, *seen)
    elif negative:
        detail = f"only {next(iter(negative))} was tested"
        yield unknown("hbv_serology_positive", Reason.NOT_DECIDED, detail, seen)
    else:
        yield absent(facts, "hbv_serology_positive", "Observation", what="hepatitis B serology")


PROVIDERS: tuple[Provider, ...] = (findings, ecog, pregnancy, hepatitis_b)
