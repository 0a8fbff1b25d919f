"""Tests, procedures and transfusions among the orders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from service.facts.course.hct_text import is_other_tissue, transplant_in
from service.facts.course.planned import CRANIAL, CRANIOSPINAL, PLANS, TBI
from service.facts.model import Fact, Reason, TokenSet, known, unknown
from service.facts.orders.line import SERVICE_ORDERS, OrderLine
from service.facts.therapy.blood_products import irradiation
from service.facts.therapy.drug_names import is_examined
from service.record.terminology import Terminology
from service.record.text import states
from service.record.values import codings_of

_TESTS = {
    "mrd.flow": "mrd", "mrd.bcr_abl1": "mrd", "mrd.bcr_abl1_unnamed": "mrd", "mrd.ngs": "mrd", "mrd.pcr": "mrd", "karyotype.iscn": "karyotype", "genetics.fish": "fish",
    "genetics.abl1_kd_mutation": "abl1-mutation", "immunophenotype.markers": "flow",
}  # fmt: skip
_PROCEDURES = {
    "course.allo_hct": "allo-HCT", "course.auto_hct": "auto-HCT", "course.lumbar_puncture": "lumbar-puncture",
    "response.marrow_procedure": "marrow",
}  # fmt: skip
_MARROW = re.compile(r"bone marrow (?:aspirat|biops|punct)|knochenmark(?:punktion|biopsie|aspir)", re.IGNORECASE)
_TRANSFUSION = re.compile(
    r"transfus|packed (?:red )?cells|\bp?RBCs?\b|erythrozyten-?konzentrat|thrombozyten-?konzentrat|platelet (?:concentrate|unit)|apheresis platelets"
    r"|(?-i:\b[ET]K\b)",
    re.IGNORECASE,
)
_RADIATION = re.compile(r"radiat|radiother|bestrahl|radiatio|\bTBI\b|\bCRT\b", re.IGNORECASE)
_NO_GRAFT = re.compile(
    r"referr|consult|evaluat|konsil|vorstellung|überweis|clinic|coordinat|work-?up|abklär|educat|screen|typis|HLA|donor search|spendersuche|follow|nachsorge|chimer|day \+",
    re.IGNORECASE,
)
_NO_BLOOD = re.compile(
    r"stem|stammzell|lymphocyte|lymphozyt|marrow|knochenmark|leu[ck]o[cz]yt(?!e?n?[\s-]*(?:reduc|reduziert|deplet|poor|arm))|reaction|reaktion|consent"
    r"|consult|konsil|transfusion (?:medicine|service|history|threshold)|threshold|transfusionsmedizin|notify|\bcall\b|\bif h(?:b|gb|emoglobin)\b",
    re.IGNORECASE,
)
# Products without cells: nothing in them is irradiated.
_NO_CELLS = re.compile(
    r"\bFFP\b|frozen plasma|\bplasma transfusion|transfusion of plasma|frischplasma|\bGFP\b|cryoprecipitat|kryopräzipitat|albumin|immun(?:o|e )?\s?globulin|\bIVIG\b",
    re.IGNORECASE,
)
_CELLS = re.compile(
    r"red (?:blood )?cell|packed cell|\bp?RBCs?\b|erythro[cz]y|platelet|thrombo[cz]y|granulo[cz]y", re.IGNORECASE
)


def service_facts(lines: Iterable[OrderLine], complete: bool, terminology: Terminology) -> Iterator[Fact]:
    """What tests, procedures and transfusions some lines order; ``complete``: no service could not be read."""
    drafts = [line for line in lines if line.kind in SERVICE_ORDERS]
    tests = {(name, d) for d in drafts for group, name in _TESTS.items() if group in d.concepts}
    members = frozenset(name for name, _ in tests)
    yield known("ordered_test", TokenSet(members, complete), *(draft.seen() for _, draft in _sorted(tests)))
    blood = [d for d in drafts if _is_transfusion(d.text)]
    if blood:
        yield known("transfusion_ordered", True, *(draft.seen() for draft in blood))
        irradiated = irradiation((draft.resource, draft.text, draft.seen()) for draft in blood)
        if irradiated is not None:
            yield irradiated
    done = {(name, d) for d in drafts for name in _procedures(d, terminology)}
    marrow = [draft for name, draft in _sorted(done) if name == "marrow"]
    if marrow:
        yield known("marrow_aspirate_planned", True, *(draft.seen() for draft in marrow))
    yield from _planned(drafts, done)
    for name in _PROCEDURES.values():
        found = [draft for word, draft in _sorted(done) if word == name]
        if found:
            yield known("ordered_procedure", name, *(draft.seen() for draft in found))
            return
    if complete:
        yield known("ordered_procedure", "none")
    else:
        yield unknown("ordered_procedure", Reason.UNREADABLE, "a draft order could not be read")


def _is_transfusion(text: str) -> bool:
    """Whether blood cells are to be transfused."""
    if not _TRANSFUSION.search(text) or _NO_BLOOD.search(text):
        return False
    return _CELLS.search(text) is not None or _NO_CELLS.search(text) is None


def _planned(drafts: Iterable[OrderLine], done: Iterable[tuple[str, OrderLine]]) -> Iterator[Fact]:
    """A transplant, donor lymphocytes or radiation that is ordered; the first of them where there are several."""
    found = [(name, line) for name, line in done if name in ("allo-HCT", "auto-HCT")]
    for line in drafts:
        kind = transplant_in(line.text) if line.text and not is_other_tissue(line.text) else None
        if "course.dli" in line.concepts:
            kind = "DLI"
        if kind in PLANS and not is_examined(line.text) and not _NO_GRAFT.search(line.text):
            found.append((PLANS[kind], line))
        if "therapy.radiation" in line.concepts or _RADIATION.search(line.text):
            words = (("craniospinal-radiation", CRANIOSPINAL), ("cranial-radiation", CRANIAL))
            found += [(name, line) for name, pattern in words if states(line.text, pattern)][:1]
            if states(line.text, TBI):
                yield known("tbi_planned", True, line.seen())
    for name in ("allo-HCT", "auto-HCT", "HCT", "DLI", "craniospinal-radiation", "cranial-radiation"):
        rows = [line for word, line in found if word == name]
        if rows:
            yield known("planned_procedure", name, *dict.fromkeys(line.seen() for line in rows))
            return


def _sorted(rows: Iterable[tuple[str, OrderLine]]) -> list[tuple[str, OrderLine]]:
    return sorted(rows, key=lambda row: (row[0], row[1].reference or ""))


def _procedures(draft: OrderLine, terminology: Terminology) -> Iterator[str]:
    for group, name in _PROCEDURES.items():
        # two codes of the transplant group do not say of which kind it is, and one is not a transplant
        unclear = group == "course.allo_hct" and not draft.from_text and _graft(draft, terminology) != "allogeneic"
        if draft.from_text and name.endswith("HCT"):  # a referral or a typing is none
            unclear = _NO_GRAFT.search(draft.text) is not None
        if group in draft.concepts and not unclear:
            yield name
    if _MARROW.search(draft.text):
        yield "marrow"


def _graft(draft: OrderLine, terminology: Terminology) -> str | None:
    for system, code in codings_of(draft.resource.get("code")):
        said = terminology.meaning(*terminology.coding(system, code)).get("hct")
        if said is not None:
            return said
    return None
