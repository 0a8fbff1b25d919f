"""Facts about the genetics of the leukemia, from everything a record says about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.facts.absence import absent, seen_in
from service.facts.genetics.findings import Finding, findings
from service.facts.genetics.reports import half_of, unread_documents
from service.facts.genetics.samples import disease_present
from service.facts.karyotype.reader import choose
from service.facts.model import Fact, Facts, Provenance, Reason, known, provides, unknown
from service.facts.vocabulary import VOCABULARY
from service.record.model import PatientRecord
from service.record.values import quantity

_PH = "BCR::ABL1"
_TYPES = ("Observation", "DiagnosticReport")


@dataclass(frozen=True, slots=True)
class _Flag:
    """A fact of one finding. ``proof``: findings that prove it; ``gene``: any fusion of it does too; ``denied_by``: whose
    negative test disproves it; ``what``: what is asked for where nothing is found."""

    proof: tuple[str, ...]
    denied_by: str
    what: str
    gene: str | None = None

    def proves(self, token: str) -> bool:
        return token in self.proof or (self.gene is not None and self.gene in token.split("::") and "::" in token)


_FLAGS = {
    "iamp21": _Flag(("iAMP21",), "iAMP21", "a FISH result for iAMP21"),
    "ikzf1": _Flag(("IKZF1-del", "IKZF1-mut"), "IKZF1-del", "an IKZF1 result"),
    "ph_like": _Flag(("ph-like",), "ph-like", "a test for BCR::ABL1-like disease"),
    "crlf2_r": _Flag(("CRLF2-r",), "CRLF2-r", "a CRLF2 result", "CRLF2"),
    "epor_r": _Flag(("EPOR-r",), "EPOR-r", "an EPOR result", "EPOR"),
    "jak2_fusion": _Flag(("JAK2-r",), "JAK2-r", "a JAK2 fusion result", "JAK2"),
    "il7r_indel": _Flag(("IL7R",), "IL7R", "an IL7R result"),
    "sh2b3_alteration": _Flag(("SH2B3",), "SH2B3", "an SH2B3 result"),
}
# Partner genes by the kinase pathway they activate in BCR::ABL1-like disease.
_ABL_CLASS = frozenset({"ABL1", "ABL2", "PDGFRA", "PDGFRB", "CSF1R"})
_JAK_STAT = frozenset({"CRLF2", "JAK2", "EPOR", "TYK2", "IL7R", "IL7R-mut", "SH2B3"})
_OTHER_KINASES = frozenset({"NTRK3", "LYN", "FLT3"})


@dataclass(frozen=True, slots=True)
class _Settled:
    """What all statements about one finding come to. ``present`` is ``None`` with a reason why."""

    present: bool | None
    seen: tuple[Provenance, ...] = ()
    reason: Reason = Reason.NOT_DECIDED
    detail: str | None = None


def _settle(record: PatientRecord, found: Sequence[Finding], flag: _Flag) -> _Settled:
    """One answer from all statements.

    Any positive proves the finding. A negative disproves it only as a diagnosis code, or as a FISH, PCR or sequencing
    test taken with leukemia in the sample (`disease_present`); a transcript ratio never does. A positive against a
    diagnosis code that says the opposite, or one read from text alone against such a test, is a conflict.
    """
    here = [f for f in found if flag.proves(f.token)]
    yes = [f for f in here if f.present]
    no = [f for f in here if f.present is False and f.token == flag.denied_by]
    coded = [f for f in no if f.method == "diagnosis" and not f.from_text]
    tested = _conclusive(record, [f for f in no if f.method in ("test", "half-test")])
    if yes and (coded or (tested and all(f.from_text for f in yes))):
        seen = _seen([*yes[:2], *coded[:1], *tested[:1]])
        return _Settled(None, seen, Reason.CONFLICTING, "the record says both yes and no")
    if yes:
        return _Settled(True, _seen(yes))
    if coded or tested:
        return _Settled(False, _seen([*coded, *tested]))
    return _Settled(None, _seen(here), detail=_why_open(here) if here else None)


def _conclusive(record: PatientRecord, negatives: Sequence[Finding]) -> list[Finding]:
    """The negative tests that mean something; tests for one transcript only count if both were done."""
    taken = [f for f in negatives if disease_present(record, f.entry)]
    whole = [f for f in taken if f.method == "test"]
    halves = [f for f in taken if f.method == "half-test"]
    covered = {half_of(f.entry) for f in halves}
    return [*whole, *(halves if covered >= {"p190", "p210"} else [])]


def _why_open(here: Sequence[Finding]) -> str:
    if any(f.present is None for f in here):
        return "a result leaves it open"
    if any(f.method == "half-test" for f in here):
        return "a negative test for one BCR::ABL1 transcript leaves the other, or was not taken with leukemia present"
    if any(f.method == "ratio" for f in here):
        return "a transcript that is not found during treatment is measurable residual disease, not Ph-negative disease"
    if any(f.method == "diagnosis" for f in here):
        return "a diagnosis text denies it; that takes a FISH or PCR result"
    return "a negative result counts only from a sample with leukemia in it: at diagnosis, at relapse, or with blasts stated"


def _seen(found: Sequence[Finding]) -> tuple[Provenance, ...]:
    rows = {
        (f.entry.reference, f.found): seen_in(f.entry, f.found, from_text=f.from_text, note=f.note) for f in found[:5]
    }
    return tuple(rows.values())


@provides("ph_status", "fusions", *_FLAGS, "kinase_class", "ploidy")
def genetic_findings(facts: Facts) -> Iterator[Fact]:
    """All facts that rest on findings, from one reading of the record."""
    record = facts.record
    if record is None:
        return
    found = findings(record)
    yield _ph(facts, record, found)
    yield _fusions(facts, record, found)
    yield from _single_findings(facts, record, found)
    yield from _kinase_class(found)
    yield from _ploidy_by_diagnosis(found)


def _ph(facts: Facts, record: PatientRecord, found: Sequence[Finding]) -> Fact:
    """Philadelphia chromosome status.

    Positive by any of t(9;22) with its variants, FISH, a p190 or p210 transcript, or a diagnosis code. Negative only by
    a negative FISH or PCR taken at diagnosis or relapse with disease present, or by the diagnosis code for Ph-negative
    ALL. A karyotype without t(9;22) leaves it open: BCR::ABL1 may be cryptic.
    """
    settled = _settle(record, found, _Flag((_PH,), _PH, ""))
    if settled.present is not None:
        return known("ph_status", "positive" if settled.present else "negative", *settled.seen)
    if settled.detail is not None:
        return unknown("ph_status", settled.reason, settled.detail, settled.seen)
    karyotype, _ = choose(record)
    if karyotype is not None:
        detail = "the karyotype shows no t(9;22), but BCR::ABL1 may be cryptic: FISH or PCR is needed"
        seen = seen_in(karyotype.entry, karyotype.karyotype.text.strip())
        return unknown("ph_status", Reason.NOT_DECIDED, detail, (seen,))
    return _nothing_read(facts, record, "ph_status", "a BCR::ABL1 result")


def _fusions(facts: Facts, record: PatientRecord, found: Sequence[Finding]) -> Fact:
    """Fusions found; those a conclusive test was negative for are excluded. The list never claims to be complete."""
    kind = VOCABULARY.lookup("fusions")
    members: dict[str, tuple[Provenance, ...]] = {}
    excluded: dict[str, tuple[Provenance, ...]] = {}
    for name in dict.fromkeys(f.token for f in found if _accepted(f.token)):
        settled = _settle(record, found, _Flag((name,), name, ""))
        if settled.present is not None:
            (members if settled.present else excluded)[name] = settled.seen
    if "KMT2A-r" in excluded:  # a break-apart probe without split rules out every partner
        partners = (p for p in kind.values if p.startswith("KMT2A::") and p not in members)
        excluded.update(dict.fromkeys(partners, excluded["KMT2A-r"]))
    if any(name.startswith("KMT2A::") for name in members):
        excluded.pop("KMT2A-r", None)
    if not members and not excluded:
        found = [f for f in found if _accepted(f.token)]
        if found:
            detail = "results speak of genetic findings without settling a fusion"
            return unknown("fusions", Reason.NOT_DECIDED, detail, _seen(found))
        return _nothing_read(facts, record, "fusions", "a fusion result")
    seen = dict.fromkeys(p for rows in (*members.values(), *excluded.values()) for p in rows)
    return known("fusions", kind.token_set(members, complete=False, excluded=excluded), *seen)


def _nothing_read(facts: Facts, record: PatientRecord, name: str, what: str) -> Fact:
    """The unknown where no result speaks of a finding: a report that came as a document only may do so."""
    documents = unread_documents(record)
    if not documents:
        return absent(facts, name, *_TYPES, what=what)
    detail = f"{what}: a genetic report came only as a document that is not read here"
    return unknown(name, Reason.UNREADABLE, detail, tuple(seen_in(entry, entry.text) for entry in documents[:2]))


def _accepted(token: str) -> bool:
    return "::" in token or token.endswith("-r")


def _single_findings(facts: Facts, record: PatientRecord, found: Sequence[Finding]) -> Iterator[Fact]:
    """Findings that are facts of their own: iAMP21, IKZF1, Ph-like, CRLF2, EPOR, JAK2, IL7R, SH2B3."""
    for name, flag in _FLAGS.items():
        settled = _settle(record, found, flag)
        if settled.present is not None:
            yield known(name, settled.present, *settled.seen)
        elif settled.detail is not None:
            yield unknown(name, settled.reason, settled.detail, settled.seen)
        else:
            yield _nothing_read(facts, record, name, flag.what)


def _kinase_class(found: Sequence[Finding]) -> Iterator[Fact]:
    """The pathway of a kinase fusion or alteration other than BCR::ABL1. Two classes at once are a conflict.

    A split ABL1 probe says nothing of its own where BCR::ABL1 was found.
    """
    positive = any(f.present and f.token == _PH for f in found)
    classes: dict[str, list[Finding]] = {}
    for finding in found:
        if finding.present and finding.token != _PH and not (positive and finding.token in ("ABL1-r", "ABL-class")):
            genes = set(finding.token.removesuffix("-r").split("::"))
            for name, members in (("ABL-class", _ABL_CLASS), ("JAK-STAT", _JAK_STAT), ("other", _OTHER_KINASES)):
                if genes & members or finding.token == name:
                    classes.setdefault(name, []).append(finding)
    if len(classes) == 1:
        ((name, evidence),) = classes.items()
        yield known("kinase_class", name, *_seen(evidence))
    elif classes:
        every = [f for rows in classes.values() for f in rows]
        yield unknown("kinase_class", Reason.CONFLICTING, "kinase findings of two classes", _seen(every))


def _ploidy_by_diagnosis(found: Sequence[Finding]) -> Iterator[Fact]:
    """Ploidy that a diagnosis code carries (WHO: hyperdiploid means 51-65, hypodiploid 43 chromosomes or fewer)."""
    named = [f for f in found if f.token in ("hypodiploid", "high-hyperdiploid")]
    if len({f.token for f in named}) == 1:
        yield known("ploidy", named[0].token, *_seen(named))


@provides("dna_index")
def dna_index(facts: Facts) -> Iterator[Fact]:
    """DNA index by flow cytometry: the oldest result in the plausible range, which is the one of the diagnosis."""
    if facts.record is None:
        return
    kind = VOCABULARY.lookup("dna_index")
    for entry in reversed(facts.record.about("genetics.dna_index", types=("Observation",))):
        q = quantity(entry.resource)
        if q is None or q.comparator is not None:
            continue
        seen = seen_in(entry, q.text)
        if kind.low is not None and kind.high is not None and kind.low <= q.value <= kind.high:
            yield known("dna_index", q.value, seen)
        else:
            yield unknown("dna_index", Reason.IMPLAUSIBLE, f"{q.value:g} is no DNA index", (seen,))
        return


PROVIDERS = (genetic_findings, dna_index)
