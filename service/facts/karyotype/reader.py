"""Facts from the karyotype."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.facts.absence import absent, seen_in
from service.facts.karyotype.collect import Found, at_diagnosis, karyotypes, milestones
from service.facts.karyotype.count import METAPHASES_FOR_NORMAL, abnormality_count, as_value, trisomies
from service.facts.karyotype.model import Karyotype
from service.facts.karyotype.ploidy import written_ploidy
from service.facts.model import Fact, Facts, Provenance, Reason, TokenSet, known, provides, unknown
from service.record.model import PatientRecord

_NUMBERS = ("modal_chromosome_number", "trisomies", "chromosomal_abnormality_count")
_LEAST, _MOST = 20, 200  # plausible chromosome numbers


@provides("karyotype", *_NUMBERS, "ploidy", "complex_karyotype")
def karyotype_facts(facts: Facts) -> Iterator[Fact]:
    """The karyotype of the leukemia and its numbers.

    The first abnormal karyotype since the diagnosis speaks (a later normal one is remission); without one, a normal
    karyotype from the time of diagnosis, of at least 20 metaphases where they are counted. Karyotypes that are not the
    leukemia's (see `collect`) are named and not used; one that cannot be read leaves the facts unknown.
    """
    if facts.record is None:
        return
    chosen, why_not = choose(facts.record)
    if chosen is None:
        for name in ("karyotype", *_NUMBERS):
            yield why_not_known(facts, name, why_not)
        return
    k, seen = chosen.karyotype, _seen(chosen)
    yield known("karyotype", k.iscn or k.text.strip(), seen)
    if k.main is not None:
        yield from _abnormal(k, seen)
    elif k.statement == "complex":
        yield known("complex_karyotype", True, seen)
        yield from _not_counted("the karyotype is called complex, without a formula", seen)
    else:
        yield from _normal(chosen, seen)


@provides("down_syndrome")
def constitutional_trisomy_21(facts: Facts) -> Iterator[Fact]:
    """Down syndrome from a constitutional +21. A karyotype without it says nothing: +21 may go unmarked."""
    if facts.record is not None:
        for found in karyotypes(facts.record):
            if found.down_syndrome:
                yield known("down_syndrome", True, _seen(found))
                return


def choose(record: PatientRecord) -> tuple[Found | None, tuple[Found, ...]]:
    """The karyotype that speaks for the leukemia, or none and all that were found."""
    everything = karyotypes(record)
    usable = [f for f in everything if f.aside is None and f.karyotype.problem is None]
    abnormal = [f for f in usable if f.karyotype.main is not None or f.karyotype.statement == "complex"]
    if abnormal:
        with_formula = [f for f in abnormal if f.karyotype.main is not None] or abnormal
        return _first(with_formula), ()
    days = milestones(record)
    normal = [f for f in usable if at_diagnosis(f.entry, days) is not False]
    return (_first(normal), ()) if normal else (None, everything)


def _first(found: Sequence[Found]) -> Found:
    """The oldest; undated ones only where none is dated. The list comes newest first, undated last."""
    dated = [f for f in found if f.entry.when is not None]
    return dated[-1] if dated else found[0]


def why_not_known(facts: Facts, name: str, found: Sequence[Found]) -> Fact:
    """The unknown for a fact that needs a karyotype of the leukemia, from what was found instead."""
    for candidate in found:
        if candidate.aside is None and candidate.karyotype.problem is not None:
            detail = f"the karyotype could not be used: {candidate.karyotype.problem}"
            return unknown(name, Reason.UNREADABLE, detail, (_seen(candidate),))
    for candidate in found:
        detail = candidate.aside or "a normal karyotype from later than the diagnosis may show remission"
        return unknown(
            name, Reason.NOT_DECIDED, f"the karyotype on record does not tell: {detail}", (_seen(candidate),)
        )
    return absent(facts, name, "Observation", "DiagnosticReport", what="a karyotype")


def _abnormal(k: Karyotype, seen: Provenance) -> Iterator[Fact]:
    clone = k.main
    assert clone is not None
    if clone.number is None or clone.number[0] < _LEAST or clone.number[1] > _MOST:
        yield unknown("modal_chromosome_number", Reason.IMPLAUSIBLE, "no plausible chromosome number", (seen,))
    else:
        yield known("modal_chromosome_number", as_value(*clone.number), seen)
    called = written_ploidy(k)
    if called is not None and called.name is not None:
        yield known("ploidy", called.name, seen, detail=called.why)
    elif called is not None:
        yield unknown("ploidy", Reason.CONFLICTING, called.why, (seen,))
    gains = trisomies(clone, bool(k.unread))
    if gains is None:
        detail = "the clone is near-triploid, tetraploid or doubled: three copies are not a trisomy there"
        yield unknown("trisomies", Reason.NOT_DECIDED, detail, (seen,))
    else:
        yield known("trisomies", gains, seen)
    yield known("chromosomal_abnormality_count", abnormality_count(k), seen)


def _normal(found: Found, seen: Provenance) -> Iterator[Fact]:
    k = found.karyotype
    if k.clones and k.cells is not None and k.cells < METAPHASES_FOR_NORMAL:
        detail = f"only {k.cells} normal metaphases; {METAPHASES_FOR_NORMAL} are needed to call a karyotype normal"
        yield from _not_counted(detail, seen)
        return
    number = k.clones[0].number if k.clones else None
    if number is None:
        detail = "the karyotype is called normal, without a formula"
        yield unknown("modal_chromosome_number", Reason.NOT_DECIDED, detail, (seen,))
    else:
        yield known("modal_chromosome_number", as_value(*number), seen)
    yield known("trisomies", TokenSet(frozenset()), seen)
    yield known("chromosomal_abnormality_count", 0.0, seen)


def _not_counted(detail: str, seen: Provenance) -> Iterator[Fact]:
    for name in _NUMBERS:
        yield unknown(name, Reason.NOT_DECIDED, detail, (seen,))


def _seen(found: Found) -> Provenance:
    k = found.karyotype
    remarks = [found.aside] if found.aside else []
    if k.unread:
        remarks.append("not read: " + ", ".join(piece.text for piece in k.unread))
    if k.clones and k.cells is None:
        remarks.append("metaphases not stated")
    if found.entry.when is None:
        remarks.append("undated")
    return seen_in(found.entry, k.text.strip(), from_text=not (k.clones or k.donor), note="; ".join(remarks) or None)


PROVIDERS = (karyotype_facts, constitutional_trisomy_21)
