"""What was given against the leukemia so far: drugs, transplants, cells, radiation, intrathecal therapy, regimens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from service.facts.absence import complete_list, seen_in
from service.facts.course.hct import infusions
from service.facts.course.hct_text import only_around
from service.facts.model import Fact, Facts, Provenance, Provider, Reason, TokenSet, known, provides, unknown
from service.facts.therapy.drug_names import NOT_TAKEN, drugs_in
from service.facts.therapy.exposure import Exposures, exposures, treats
from service.facts.therapy.lists import complete_drugs, listed, no_list
from service.facts.therapy.regimens import regimens
from service.facts.therapy.told import told
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import DRUG_NAMES, IMPLIES, TREATMENTS, may_hide
from service.record.model import Entry, PatientRecord
from service.record.text import Mention, states
from service.record.values import as_list, concept_text, notes_of

_HISTORY = {
    "prior_blinatumomab": "blinatumomab", "prior_inotuzumab": "inotuzumab ozogamicin", "prior_cart": "CAR-T",
    "prior_anthracycline": "anthracycline",
}  # fmt: skip
_DONE = (None, "completed", "in-progress", "stopped")
_PCS, _OPS = "http://www.cms.gov/Medicare/Coding/ICD10", "http://fhir.de/CodeSystem/bfarm/ops"
_INFUSIONS = {"allogeneic": "allo-HCT", "autologous": "auto-HCT", "DLI": "DLI", "CAR-T": "CAR-T"}
# "TBI" is also traumatic brain injury; a Procedure that is no radiotherapy by its other words is read by its words alone.
_TBI = re.compile(
    r"\bTBI\b(?!\s*\((?:traumatic))|total[\s-]*body[\s-]*irrad|ganzkörper[\s-]*(?:bestrahl|radi)", re.IGNORECASE
)
_CRANIAL = re.compile(
    r"cranial|kranial|schädel|\bCRT\b|\bWBRT\b|\bPCI\b|whole[\s-]brain|ganzhirn|cranio|neuroaxis|neuraxis|\bbrain\b|\bgehirn\b"
    r"|\bkopf\b|\bskull\b",
    re.IGNORECASE,
)
_RADIATION = re.compile(
    r"radiotherap|irradiat|radiation|bestrahlung|strahlentherap|radiatio\b|\bTBI\b|\bCRT\b|\bWBRT\b|\bIMRT\b|\bGy\b|radioter",
    re.IGNORECASE,
)
_NO_RADIATION = re.compile(
    r"brain injur|planning|planung|simulation|consult|irradiated (?:blood|red|platelet|cell|prbc)|bestrahlte\w* (?:ery|thrombo)|erythro|thrombo"
    r"|UV[AB]?\b|photopheres|declin|refus|abgelehnt|percutaneous coronary|coronary|stent",
    re.IGNORECASE,
)


_OPS_CHEMO = re.compile(r"8-54[1-46]\b")
_CHEMO = re.compile(
    r"\W*(?:(?:systemic|intravenous|combination|high[\s-]dose|intensive|systemische|intensive|mehrtägige|komplexe|nicht komplexe"
    r"|mittelgradig komplexe und|hochgradig komplexe und)\s+)*(?:(?:poly|block)?chemothera|systemtherapie|zytostatische)",
    re.IGNORECASE,
)


@provides("prior_therapies", *_HISTORY)
def prior_therapies(facts: Facts) -> Iterator[Fact]:
    """Treatments given so far, and whether some were among them.

    Complete only if all three medication lists are, and the procedures for transplants, radiation and cells. A drug
    that was ordered and not recorded as given stays open.
    """
    if facts.record is None:
        return
    found = exposures(facts.record, facts.as_of)
    given: dict[str, list[Provenance]] = {}
    for exposure in found.leukemia(steroids=True):
        given.setdefault(exposure.drug, []).append(exposure.seen())
        if exposure.intrathecal:
            given.setdefault("IT chemotherapy", []).append(exposure.seen())
    for name, seen in _treatments(facts.record, facts.as_of):
        given.setdefault(name, []).append(seen)
    open_ = {drug for drug in found.ordered_only() if treats(drug)}
    if not complete_list(facts, "Procedure"):
        open_ |= {*TREATMENTS, *(drug for drug in DRUG_NAMES if "CAR-T" in IMPLIES.get(drug, ()))}
    if any(i.kind == "unspecified" and not i.planned for i in infusions(facts.record, facts.as_of)):
        open_ |= {"allo-HCT", "auto-HCT"}
    complete = complete_drugs(facts, found)
    value = listed("prior_therapies", given, open_, complete)
    seen_all = tuple(p for rows in given.values() for p in rows[:1])
    if value.members or complete:
        yield known("prior_therapies", value, *seen_all)
    else:
        yield no_list(facts, "prior_therapies", found, what="treatments given")
    for name, token in _HISTORY.items():
        rows = [p for drug, seen in given.items() if token in (drug, *IMPLIES.get(drug, ())) for p in seen]
        yield _history(facts, name, token, value, rows, found)


def _history(facts: Facts, name: str, token: str, value: TokenSet, seen: list[Provenance], found: Exposures) -> Fact:
    """Whether a drug or class was given."""
    answer = value.includes(token)
    if answer:
        return known(name, True, *seen)
    if answer is False and not may_hide(value.members, token):
        return known(name, False, detail="no record of it in complete lists of medications and procedures")
    open_ = [e for e in found.items if token in (e.drug, *IMPLIES.get(e.drug, ()))]
    if any(e.unclear for e in open_):
        detail = "the code and the text of a medication name different drugs"
        return unknown(name, Reason.CONFLICTING, detail, [e.seen() for e in open_])
    if open_:
        return unknown(name, Reason.NOT_DECIDED, "ordered, but not recorded as given", [e.seen() for e in open_])
    if answer is False:
        return unknown(name, Reason.NOT_DECIDED, "a regimen on record may have contained it")
    return no_list(facts, name, found, "Procedure", what=VOCABULARY.lookup(name).label)


def _treatments(record: PatientRecord, as_of: date) -> Iterator[tuple[str, Provenance]]:
    """Treatments that are no drug: transplants, cells, radiation, intrathecal therapy, regimens named as such; and what the
    diagnosis itself tells of.
    """
    for infusion in infusions(record, as_of):
        if not infusion.planned and infusion.kind in _INFUSIONS:
            yield _INFUSIONS[infusion.kind], infusion.seen()
    for entry in record.of_type("Procedure"):
        if entry.status not in _DONE or (entry.when is not None and entry.when.start > as_of):
            continue
        coded = entry.concepts - entry.text_concepts
        if "therapy.intrathecal" in coded or _is_intrathecal(record, entry):
            yield "IT chemotherapy", seen_in(entry, entry.text or None, from_text="therapy.intrathecal" not in coded)
        if _is_chemotherapy(record, entry):
            yield "chemotherapy", seen_in(entry, entry.text or None, note="which drugs it held is not said")
        kind = radiation_of(record, entry)
        if kind is not None:
            yield kind, seen_in(entry, entry.text or None, from_text="therapy.radiation" not in coded)
    for regimen in regimens(record, as_of):
        # of a regimen the treatments given do not list, its chemotherapy alone is certain
        yield regimen.treatment or "chemotherapy", seen_in(regimen.entry, regimen.text, from_text=True)
    for row in told(record, as_of):
        yield row.treatment, row.seen


def _is_intrathecal(record: PatientRecord, entry: Entry) -> bool:
    """Whether the words of a Procedure state intrathecal therapy that was given."""
    if "therapy.intrathecal" not in entry.text_concepts or NOT_TAKEN.search(entry.text):
        return False
    mention = record.terminology.mention("therapy.intrathecal", entry.text)
    return mention is Mention.PRESENT and not only_around(entry.text)


def _is_chemotherapy(record: PatientRecord, entry: Entry) -> bool:
    """Chemotherapy without the names of its drugs: SNOMED CT 367336001, OPS 8-541 to 8-546, or the word alone."""
    coded = "therapy.any_chemo" in entry.concepts or any(s == _OPS and _OPS_CHEMO.match(c) for s, c in entry.codings)
    if not coded and (not _CHEMO.match(entry.text) or only_around(entry.text)):
        return False
    used = "; ".join(concept_text(c) for c in as_list(entry.resource.get("usedCode")))
    return not drugs_in(record.terminology, f"{entry.text}; {used}")


def radiation_of(record: PatientRecord, entry: Entry) -> str | None:
    """Which radiation a Procedure is, by its code, words and site; ``None`` if it is none. Planning is none."""
    by_code = _coded_radiation(entry)
    coded = by_code is not None or "therapy.radiation" in entry.concepts - entry.text_concepts
    if not coded and not _RADIATION.search(entry.text):  # as a rule: there are many procedures
        return None
    if _NO_RADIATION.search(entry.text) or record.means(entry, "radiation") == "planning":
        return None
    if not (coded or states(entry.text, _RADIATION)):
        return None
    sites = (concept_text(site) for site in as_list(entry.resource.get("bodySite")))
    said = "; ".join((entry.text, *sites, notes_of(entry.resource)))
    if by_code == "TBI" or states(said, _TBI):
        return "TBI"
    return "cranial radiation" if by_code == "cranial radiation" or states(said, _CRANIAL) else "radiation"


def _coded_radiation(entry: Entry) -> str | None:
    """By ICD-10-PCS, whose section D is radiation (D00 brain, DW05 whole body), and OPS 8-520 to 8-524."""
    for system, code in entry.codings:
        if system == _PCS and re.fullmatch(r"D\w{6}", code):
            return "cranial radiation" if code.startswith("D00") else "TBI" if code.startswith("DW05") else "radiation"
        if system == _OPS and re.match(r"8-52[0-4]\b", code):
            return "radiation"
    return None


PROVIDERS: tuple[Provider, ...] = (prior_therapies,)
