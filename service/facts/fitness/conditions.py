"""Comorbidities on the problem list: yes/no facts by ICD-10 block, SNOMED CT code or name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from service.facts.absence import absent, complete_list, fresh, seen_in
from service.facts.disease.conditions import Standing, in_icd, is_differential, names, standing
from service.facts.model import Fact, Facts, Provider, Reason, known, provides, unknown
from service.record.model import Entry
from service.record.usable import MODIFIED, TAKEN_BACK
from service.record.values import codings_of


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
    codes: frozenset[str] = frozenset()
    ever: bool = False
    within_days: int | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        return _compiled(self.words)


@lru_cache(maxsize=128)
def _compiled(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


FINDINGS = (
    Finding("cardiac_dysfunction", "cardiac dysfunction", ("I50", "I42", "I43", "I25.5"),
            r"heart failure|herzinsuffizienz|cardiomyopath|kardiomyopath|(?:reduced|impaired) (?:lv )?ejection"
            r"|(?:left )?ventricular dysfunction|eingeschränkte\w* (?:LV-?)?(?:pump)?funktion|ejection fraction decreased",
            codes=frozenset({"84114007", "85898001", "42343007", "10019279", "10050528"})),
    Finding("cardiac_history", "heart disease", tuple(f"I{n}" for n in (*range(20, 26), *range(30, 53))),
            r"heart failure|herzinsuffizienz|cardiomyopath|kardiomyopath|myocardial infarct|herzinfarkt|coronary"
            r"|koronar|valv\w+ (?:heart )?disease|herzklappen|atrial fibrill|vorhofflimmern|endocardit|myocardit",
            codes=frozenset({"84114007", "85898001", "42343007", "22298006", "53741008", "49436004", "56265001"}), ever=True),
    Finding("hepatic_dysfunction", "liver dysfunction",
            ("K70.3", "K70.4", "K71", "K72", "K74", "K76.5", "K76.6", "K76.7"),
            r"cirrhosis|zirrhose|(?:liver|hepatic) (?:failure|dysfunction|insufficiency|impairment)|leberinsuffizienz"
            r"|leberversagen|hepatotoxi[cz]|lebertoxizität|drug-induced liver injury|(?:severe )?hepatitis(?! [BCE]\b)",
            codes=frozenset({"19943007", "59927004", "197354009", "10019663"})),
    Finding("significant_renal_dysfunction", "renal dysfunction", ("N17", "N18.3", "N18.4", "N18.5", "N18.6", "N19"),
            r"(?:renal|kidney) (?:failure|insufficiency|impairment|injury)|niereninsuffizienz|nierenversagen"
            r"|dialysis|dialyse|nephropath|nierenfunktionsstörung|eingeschränkte nierenfunktion|nephrotoxi[cz]",
            codes=frozenset({"14669001", "42399005", "46177005", "433144002", "431856006", "431857002", "433146000", "10069339"})),
    Finding("neuropathy", "neuropathy", ("G60", "G61", "G62", "G63", "G99.0"), r"neuropath",
            frozenset({"toxicity.neuropathy"})),
    Finding("active_infection", "infection",
            ("A", "B00", "B01", "B02", "B15", "B16", "B17", "B25", "B37.1", "B37.7", "B38", "B39", "B4", "B59", "J09", "J1",
             "J20", "J21", "J22", "J85", "J86", "L03", "N10", "N39.0", "K65", "I33", "G00", "R65.2", "R57.2", "R78.81",
             "T80.21", "U07.1"),
            r"sepsis|septic|pneumoni|bacter[aä]?emi|bakteriämi|infection|infektion|aspergill|candid[aä]?emi|mycosis"
            r"|abscess|abszess|covid|urosepsis|fungal|pilzinfekt|mykose|cellulitis|peritonitis|meningitis|typhlitis|zellulitis",
            codes=frozenset({"91302008", "233604007", "5758002", "10001005", "186431008", "840539006", "40733004"}),
            within_days=60),
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
            r"|cerebellar|psychosis|psychose|multiple sclerosis|multiple sklerose", codes=frozenset({"84757009", "91175000", "230690007", "193462001"}), ever=True),
    Finding("active_tls", "tumor lysis syndrome", ("E88.3",), r"tumou?r[\s-]?lys[ie]s|tumor-?lyse|\bTLS\b(?!-?\s?(?:risk|risik))",
            codes=frozenset({"277605001", "10045152"}), within_days=30),
    Finding("suspected_differentiation_syndrome", "differentiation syndrome", (), r"differen[tz]i(?:ation|erung)s?[\s-]?syndrom",
            frozenset({"toxicity.differentiation_syndrome"}), within_days=30),
)  # fmt: skip


def _shows(entry: Entry, finding: Finding) -> bool:
    """Whether a Condition or AdverseEvent is of the kind, by code or, where no code says so, by its words."""
    if finding.icd and in_icd(entry, finding.icd):
        return True
    if finding.codes and any(code in finding.codes for _, code in entry.codings):
        return True
    if (entry.concepts - entry.text_concepts) & finding.concepts:
        return True
    return names(entry, finding.pattern, past_too=finding.ever)


def _in_question(facts: Facts, finding: Finding) -> bool:
    """Whether an entry coded as the finding was set aside for its words or a modifier ("Rule out DVT"): it is no "yes",
    and a list that asks is no "no" either.
    """
    return facts.record is not None and any(
        aside.reason in (TAKEN_BACK, MODIFIED)
        and (in_icd(aside, finding.icd) or any(code in finding.codes for _, code in aside.codings))
        for aside in facts.record.set_aside
    )


def _counts(entry: Entry, finding: Finding, as_of: date) -> bool:
    """Whether an entry of the kind settles the fact."""
    if is_differential(entry) or (entry.when is not None and entry.when.start > as_of):
        return False
    if finding.ever:
        return True
    if entry.type != "Condition" and finding.within_days is None:
        return False
    if standing(entry, as_of) in (Standing.PAST, Standing.REMISSION) or _ended(entry):
        return False
    return finding.within_days is None or bool(fresh(entry.when, as_of, finding.within_days))


def _ended(entry: Entry) -> bool:
    return any(
        code.lower().startswith(("resolved", "recovered")) for _, code in codings_of(entry.resource.get("outcome"))
    )


@provides(*(finding.fact for finding in FINDINGS))
def findings(facts: Facts) -> Iterator[Fact]:
    """Comorbidities on the problem list, and events among the adverse events."""
    if facts.record is None:
        return
    entries = facts.record.of_type("Condition", "AdverseEvent")
    for finding in FINDINGS:
        yield answer(facts, finding, entries)


def answer(facts: Facts, finding: Finding, entries: Iterable[Entry]) -> Fact:
    """Whether one of some Conditions and adverse events shows a finding, and if not, why that is not known."""
    shown = [e for e in entries if _shows(e, finding)]
    counting = [e for e in shown if _counts(e, finding, facts.as_of)]
    if counting:
        seen = (seen_in(e, e.text or None, from_text=not e.codings) for e in counting)
        return known(finding.fact, True, *seen)
    if not shown and _in_question(facts, finding):
        return unknown(finding.fact, Reason.SET_ASIDE, "an entry that names it takes it back or puts it in question")
    if finding.ever and complete_list(facts, "Condition") and not shown:
        return known(finding.fact, False, detail="not on the complete problem list")
    if shown:
        detail = "on the problem list, but not known to be so now"
        return unknown(finding.fact, Reason.NOT_DECIDED, detail, (seen_in(e, e.text or None) for e in shown))
    return absent(facts, finding.fact, "Condition", what=finding.what)


PROVIDERS: tuple[Provider, ...] = (findings,)
