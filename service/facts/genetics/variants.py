"""Structured genomic results: HL7 Genomics Reporting (STU2, STU3), mCODE, and the German molecular genetics modules.

A variant is an Observation (LOINC 69548-6) whose components name the gene (48018-6), the change in HGVS (48004-6 coding,
48005-3 protein, 81290-9 genomic, 81252-9 the whole variant), the fusion (95123-6), the copy number (82155-3) or its kind
(48019-4 with a LOINC answer or a Sequence Ontology term), the ISCN string (81291-7) and the allele share (81258-6); its
value says present or absent. Traps: a fusion may name one gene only, or carry a stray point mutation of one of the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.facts.genetics.codes import ANSWERS, COPY_CHANGES, GENES, VARIANT_ANSWER_SYSTEM, VARIANT_ANSWERS
from service.facts.genetics.names import fusion_name, fusion_of_text
from service.facts.karyotype.hybridization import symbol
from service.record.values import (
    as_list,
    codings_of,
    components,
    concept_text,
    qualitative_text,
    quantity,
    value_text,
)

GENE_STUDIED, FUSION, ISCN, COPIES, SHARE = "48018-6", "95123-6", "81291-7", "82155-3", "81258-6"
PROTEIN, CODING, GENOMIC, WHOLE = "48005-3", "48004-6", "81290-9", "81252-9"
_KINDS = frozenset({"48019-4", "62378-5", "83006-7", "48006-1"})  # kinds of change: of DNA, copies, structure, protein
STRUCTURE = frozenset({GENE_STUDIED, FUSION, ISCN, COPIES, SHARE, PROTEIN, CODING, GENOMIC, WHOLE, *_KINDS})
_GENE_WORD = re.compile(r"\b[A-Z][A-Z0-9]{1,9}\b")
_BRACKETS = re.compile(r"\([^)]*\)(?::[er]\.[\w?]+)?")
_JOINED = re.compile(
    r"\b(?!N[MPRG]\b|N[MPRG]_|ENS[TPG])([A-Z][A-Z0-9]{1,9})\s?(?:::|--|[-–/])\s?(?!N[MP]_|ENS[TPG])([A-Z][A-Z0-9]{1,9})\b",
    re.IGNORECASE,
)
_INDEL = re.compile(r"(?:ins|del|dup)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Variant:
    """What the components of one variant say. ``changes``: HGVS and texts as found; ``share``: percent of alleles;
    ``loss``: copies of the gene are lost (``False``: they are counted, and none is)."""

    genes: tuple[str, ...] = ()
    fusion: str | None = None
    changes: tuple[str, ...] = ()
    share: float | None = None
    loss: bool | None = None

    @property
    def indel(self) -> bool:
        return any(_INDEL.search(change) for change in self.changes)


def variant_of(resource: Mapping[str, Any]) -> Variant:
    """The components of a variant, whatever their order and number."""
    genes: list[str] = []
    changes: list[str] = []
    fusion: str | None = None
    share: float | None = None
    loss: bool | None = None
    for component in components(resource):
        codes = {code for _, code in codings_of(component.get("code"))}
        concept = component.get("valueCodeableConcept")
        if GENE_STUDIED in codes:
            genes += [gene for gene in _genes_of(concept or value_text(component)) if gene not in genes]
        elif FUSION in codes:
            fusion = fusion or _fusion_text(value_text(component))
        elif codes & {PROTEIN, CODING, GENOMIC, WHOLE}:
            changes.append(" ".join([value_text(component), *(code for _, code in codings_of(concept))]).strip())
        elif COPIES in codes:
            q = quantity(component)
            if q is not None and q.comparator is None:
                loss = q.value < 2
        elif codes & _KINDS and loss is None:
            loss = _lost(component)
        elif SHARE in codes and (q := quantity(component)) is not None:
            share = q.value if q.unit == "%" or q.value > 1 else q.value * 100
    if fusion is None and len(genes) == 2:
        fusion = fusion_name(*genes)
    return Variant(tuple(genes), fusion, tuple(filter(None, changes)), share, loss)


def _lost(component: Mapping[str, Any]) -> bool | None:
    for _, code in codings_of(component.get("valueCodeableConcept")):
        if code in COPY_CHANGES:
            return COPY_CHANGES[code]
    text = value_text(component)
    if re.search(r"\b(?:copy[- ]number )?(?:loss|deletion|verlust)\b", text, re.IGNORECASE):
        return True
    return None


def _fusion_text(text: str) -> str | None:
    found = _JOINED.search(_BRACKETS.sub("", text))
    return fusion_of_text(f"{found[1]}::{found[2]}") if found else None


def _genes_of(concept: object) -> Iterator[str]:
    """The genes of one studied-gene component: one, or two joined in its text ("BCR::ABL1" is a change of ABL1)."""
    text = concept if isinstance(concept, str) else concept_text(concept)
    if not any(_hgnc(code) in GENES for _, code in codings_of(concept)) and re.search(r"\bBCR\W{1,3}ABL1?\b", text):
        yield "ABL1"
    elif (gene := gene_of(concept)) is not None:
        yield gene


def _hgnc(code: str) -> str:
    return code.upper().removeprefix("HGNC:")


def gene_of(concept: object) -> str | None:
    """The symbol of a gene from an HGNC id ("HGNC:76", "76"), a symbol as code, or the text."""
    for _, code in codings_of(concept):
        if _hgnc(code) in GENES:
            return GENES[_hgnc(code)]
    for name in _GENE_WORD.findall(concept if isinstance(concept, str) else concept_text(concept)):
        if symbol(name) in GENES.values():
            return symbol(name)
    for _, code in codings_of(concept):
        if symbol(code) in GENES.values():
            return symbol(code)
    return None


def answer(element: Mapping[str, Any]) -> bool | None:
    """Present, absent, or neither, from coded value, boolean, words, or interpretation."""
    concepts = [element.get("valueCodeableConcept"), *as_list(element.get("interpretation"))]
    for concept in concepts[:1]:
        for _, code in codings_of(concept):
            if code in ANSWERS:
                return ANSWERS[code]
    if isinstance(element.get("valueBoolean"), bool):
        return bool(element["valueBoolean"])
    for text in (value_text(element), *(concept_text(c) for c in concepts[1:])):
        said = qualitative_text(text)
        if said is not None:
            return {"positive": True, "negative": False}.get(said)
    for concept in concepts[1:]:
        for system, code in codings_of(concept):
            if VARIANT_ANSWER_SYSTEM in system and code in VARIANT_ANSWERS:
                return VARIANT_ANSWERS[code]
            if code.upper() in ANSWERS:
                return ANSWERS[code.upper()]
    return None


def coded_answer(element: Mapping[str, Any]) -> bool | None:
    """The same without the words of the value, which may name several findings."""
    return answer({key: value for key, value in element.items() if key != "valueString"})
