"""TPMT and NUDT15: how the patient handles thiopurines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from service.facts.absence import absent, seen_in
from service.facts.genetics.alleles import phenotype_of
from service.facts.genetics.sources import attached_text
from service.facts.genetics.variants import GENE_STUDIED, STRUCTURE, gene_of
from service.facts.karyotype.collect import milestones
from service.facts.model import Fact, Facts, Reason, known, provides, unknown
from service.record.model import Entry
from service.record.values import (
    as_dict,
    as_float,
    as_list,
    as_text,
    codings_of,
    components,
    concept_text,
    notes_of,
    quantity,
    value_text,
)

_TYPES = ("Observation", "DiagnosticReport")
_TRANSFUSED = re.compile(r"transfu[sn]|\bEK-Gabe|erythrozytenkonzentrat|packed red", re.IGNORECASE)
_NOT_TRANSFUSED = re.compile(r"\b(?:no|not|without|kein\w*|nicht|ohne)\b[^.;\n]{0,30}transfu", re.IGNORECASE)
_BELOW = "activity below the normal range is an intermediate or a poor metabolizer's"


@provides("tpmt", "nudt15")
def thiopurine_phenotypes(facts: Facts) -> Iterator[Fact]:
    """Phenotype of each gene from a stated phenotype, from star alleles or variants (CPIC), or from the enzyme's
    activity against the laboratory's own ranges, newest first.

    Blood drawn after an allogeneic transplantation shows the donor's genes, and activity after a transfusion the donor's
    red cells: neither is used.
    """
    record = facts.record
    if record is None:
        return
    graft = milestones(record).transplant
    for name, gene in (("tpmt", "TPMT"), ("nudt15", "NUDT15")):
        fact: Fact | None = None
        for entry in record.about(f"fitness.{name}", "fitness.pgx", "genetics.variant", types=_TYPES):
            text = _text_about(entry, gene)
            if text is None:
                continue
            seen = seen_in(entry, text.strip())
            if graft is not None and entry.when is not None and entry.when.end >= graft:
                detail = "blood after an allogeneic transplantation shows the donor's genes"
                fact = fact or unknown(name, Reason.NOT_DECIDED, detail, (seen,))
                continue
            phenotype, why = _read(entry, gene, text)
            if phenotype is not None:
                fact = known(name, phenotype, seen)
                break
            fact = fact or unknown(
                name, *(why or (Reason.UNREADABLE, f"the {gene} result names no phenotype, or several")), (seen,)
            )
        yield fact or absent(facts, name, "Observation", what=f"a {gene} result")


def _read(entry: Entry, gene: str, text: str) -> tuple[str | None, tuple[Reason, str] | None]:
    """The phenotype a result gives, or why it gives none."""
    q = quantity(entry.resource)
    if q is None:
        said = phenotype_of(gene, text)
        if said is not None and "*" not in text and _transfused(text):
            return None, (Reason.NOT_DECIDED, "enzyme activity after a transfusion is the donor's")
        return said, None
    words = "\n".join(
        [notes_of(entry.resource), *(concept_text(i) for i in as_list(entry.resource.get("interpretation")))]
    )
    if _transfused(words):
        return None, (Reason.NOT_DECIDED, "enzyme activity after a transfusion is the donor's")
    said = phenotype_of(gene, words) if words.strip() else None
    if said is not None:
        return said, None
    return _by_activity(entry.resource, gene, q.value if q.comparator is None else None)


def _transfused(text: str) -> bool:
    return _TRANSFUSED.search(text) is not None and not _NOT_TRANSFUSED.search(text)


def _by_activity(
    resource: Mapping[str, Any], gene: str, value: float | None
) -> tuple[str | None, tuple[Reason, str] | None]:
    """The phenotype by the laboratory's own judgement of an activity: its flag, a range that names a phenotype, or the
    single normal range."""
    flags = {code for row in as_list(resource.get("interpretation")) for _, code in codings_of(row)}
    if flags & {"N", "H", "HH"}:
        return "normal", None
    if flags & {"L", "LL"}:
        return None, (Reason.NOT_DECIDED, f"{gene} {_BELOW}")
    ranges = [as_dict(row) for row in as_list(resource.get("referenceRange"))]
    if value is None or not ranges:
        return None, None
    if len(ranges) > 1:
        named = {
            phenotype_of(gene, " ".join([as_text(row.get("text")), concept_text(row.get("type"))]))
            for row in ranges
            if _within(row, value)
        }
        return (named.pop() if len(named) == 1 else None), None
    low = as_float(as_dict(ranges[0].get("low")).get("value"))
    if low is None:
        return None, None
    return ("normal", None) if value >= low else (None, (Reason.NOT_DECIDED, f"{gene} {_BELOW}"))


def _within(row: Mapping[str, Any], value: float) -> bool:
    low = as_float(as_dict(row.get("low")).get("value"))
    high = as_float(as_dict(row.get("high")).get("value"))
    return (low is not None or high is not None) and (low is None or value >= low) and (high is None or value <= high)


def _text_about(entry: Entry, gene: str) -> str | None:
    """What a result says of one gene; ``None`` if it is about another."""
    resource = entry.resource
    parts = [_of_component(component) for component in components(resource)]
    mine = [text for named, text in parts if named == gene]
    q = quantity(resource)
    own = value_text(resource) or (q.text if q else "")
    said = "\n".join(text for text in (own, *mine, notes_of(resource), attached_text(resource)) if text)
    genes = {named for named, _ in parts if named}
    if gene in genes:  # changes and star alleles of the gene that the whole result is about
        said = "\n".join(filter(None, [said, *(text for named, text in parts if named is None)]))
    other = "NUDT15" if gene == "TPMT" else "TPMT"
    named_here = gene in genes or gene in entry.text.upper() or gene in said.upper()
    if not named_here and f"fitness.{gene.lower()}" not in entry.concepts:
        return None
    if other in said.upper():  # one text for both genes: only the parts that follow this gene's name
        said = _parts_of(said, gene, other)
    elif genes and gene not in genes:
        return None
    return said or None


def _parts_of(text: str, gene: str, other: str) -> str:
    """The stretches of a text that follow one gene's name, up to the other's."""
    pieces = re.split(rf"({gene}|{other})", text, flags=re.IGNORECASE)
    mine = [after for name, after in zip(pieces[1::2], pieces[2::2], strict=False) if name.upper() == gene]
    return "\n".join(part for part in mine if part.strip(" ,;/&:\n"))


def _of_component(component: Mapping[str, Any]) -> tuple[str | None, str]:
    """The gene a component speaks of and what it says; a studied-gene component names the gene of the whole."""
    codes = {code for _, code in codings_of(component.get("code"))}
    if GENE_STUDIED in codes:
        return gene_of(component.get("valueCodeableConcept")), ""
    name = concept_text(component.get("code"))
    if codes & STRUCTURE:
        return None, value_text(component)
    return gene_of({"text": name}), f"{name}: {value_text(component)}" if "rs" in name else value_text(component)


PROVIDERS = (thiopurine_phenotypes,)
