"""TPMT and NUDT15: how the patient handles thiopurines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from service.facts.absence import absent, seen_in
from service.facts.genetics.variants import gene_of
from service.facts.karyotype.collect import milestones
from service.facts.model import Fact, Facts, Reason, known, provides, unknown
from service.record.model import Entry
from service.record.values import codings_of, components, concept_text, notes_of, value_text

# Allele functions of the CPIC guideline for thiopurines with TPMT and NUDT15 (Relling et al., Clin Pharmacol Ther
# 2019;105:1095). An allele that is not listed has an uncertain function.
_NORMAL: Mapping[str, frozenset[str]] = {"TPMT": frozenset({"*1", "*1S"}), "NUDT15": frozenset({"*1"})}
_NONE: Mapping[str, frozenset[str]] = {
    "TPMT": frozenset({"*2", "*3A", "*3B", "*3C", "*4", "*11", "*14", "*15", "*23", "*29"}),
    "NUDT15": frozenset({"*2", "*3", "*9"}),
}
_DIPLOTYPE = r"\*(\d+[A-Z]?)\s*(?:/|\|)\s*\*(\d+[A-Z]?)"
_PHENOTYPES = (
    ("indeterminate", r"indetermin\w*|uncertain|unbestimmt|possible|possibly|inconclusive"),
    (
        "intermediate",
        r"intermediate|intermediär\w*|reduced|reduziert\w*|heterozyg\w*|(?:moderately )?decreased|vermindert\w*",
    ),
    ("poor", r"poor|deficien\w*|\babsent\b|very low|homozygous (?:mutant|variant|deficien\w*)|fehlend\w*|langsam\w*"),
    ("normal", r"normal\w*|wild[- ]?typ\w*|extensive"),
)
_GENE_STUDIED = "48018-6"


@provides("tpmt", "nudt15")
def thiopurine_phenotypes(facts: Facts) -> Iterator[Fact]:
    """Phenotype of each gene from a stated phenotype or from star alleles (CPIC), newest first.

    Enzyme activity counts only with its interpretation. Blood drawn after an allogeneic transplantation shows the
    donor's genes and is not used.
    """
    record = facts.record
    if record is None:
        return
    graft = milestones(record).transplant
    for name, gene in (("tpmt", "TPMT"), ("nudt15", "NUDT15")):
        fact: Fact | None = None
        for entry in record.about(f"fitness.{name}", "fitness.pgx", "genetics.variant", types=("Observation",)):
            text = _text_about(entry, gene)
            if text is None:
                continue
            seen = seen_in(entry, text.strip())
            if graft is not None and entry.when is not None and entry.when.end >= graft:
                detail = "blood after an allogeneic transplantation shows the donor's genes"
                fact = fact or unknown(name, Reason.NOT_DECIDED, detail, (seen,))
                continue
            phenotype = phenotype_of(gene, text)
            if phenotype is not None:
                fact = known(name, phenotype, seen)
                break
            fact = fact or unknown(name, Reason.UNREADABLE, f"the {gene} result names no phenotype", (seen,))
        yield fact or absent(facts, name, "Observation", what=f"a {gene} result")


def phenotype_of(gene: str, text: str) -> str | None:
    """``normal``, ``intermediate``, ``poor`` or ``indeterminate`` from words or from a diplotype.

    >>> phenotype_of("TPMT", "*1/*3A")
    'intermediate'
    """
    pair = re.search(_DIPLOTYPE, text, re.IGNORECASE)
    if pair:
        alleles = [f"*{number.upper()}" for number in pair.groups()]
        lost = sum(allele in _NONE[gene] for allele in alleles)
        kept = sum(allele in _NORMAL[gene] for allele in alleles)
        if lost + kept < len(alleles):
            return "indeterminate"
        return ("normal", "intermediate", "poor")[lost]
    for phenotype, words in _PHENOTYPES:
        if re.search(rf"\b(?:{words})", text, re.IGNORECASE):
            return phenotype
    return None


def _text_about(entry: Entry, gene: str) -> str | None:
    """What a result says of one gene; ``None`` if it is about another."""
    resource = entry.resource
    parts = [_of_component(component) for component in components(resource)]
    mine = [text for named, text in parts if named == gene]
    said = "\n".join(text for text in (value_text(resource), *mine, notes_of(resource)) if text)
    genes = {named for named, _ in parts if named}
    other = "NUDT15" if gene == "TPMT" else "TPMT"
    named_here = gene in genes or gene in entry.text.upper() or gene in said.upper()
    if not named_here and f"fitness.{gene.lower()}" not in entry.concepts:
        return None
    if other in said.upper():  # one text for both genes: only the part that follows this gene's name
        at = said.upper().find(gene)
        if at < 0:
            return None
        stop = said.upper().find(other, at)
        said = said[at : stop if stop > 0 else len(said)]
    elif genes and gene not in genes:
        return None
    return said or None


def _of_component(component: Mapping[str, Any]) -> tuple[str | None, str]:
    """The gene a component speaks of and what it says; a studied-gene component names the gene of the whole."""
    if any(code == _GENE_STUDIED for _, code in codings_of(component.get("code"))):
        return gene_of(component.get("valueCodeableConcept")), ""
    return gene_of({"text": concept_text(component.get("code"))}), value_text(component)


PROVIDERS = (thiopurine_phenotypes,)
