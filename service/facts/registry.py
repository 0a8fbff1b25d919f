"""All readers and derivations in their order of trust: what the record says first, what follows from it after."""

from __future__ import annotations

from service.facts import (
    abl1_tests,
    clocks,
    cns,
    course,
    derive,
    diagnosis,
    fitness,
    genetics,
    hct,
    identity,
    immunophenotype,
    labs,
    lineage,
    mrd,
    pharmacogenes,
    phase,
    response,
    therapy,
    tki,
    toxicity,
)
from service.facts.given import unknown_stated
from service.facts.karyotype import reader as karyotype
from service.facts.model import Provider, Registry

READERS: tuple[Provider, ...] = (
    *identity.PROVIDERS,
    *diagnosis.PROVIDERS,
    *karyotype.PROVIDERS,
    *genetics.PROVIDERS,
    *abl1_tests.PROVIDERS,
    *pharmacogenes.PROVIDERS,
    *immunophenotype.PROVIDERS,
    *lineage.PROVIDERS,
    *course.PROVIDERS,
    *clocks.PROVIDERS,
    *phase.PROVIDERS,
    *mrd.PROVIDERS,
    *response.PROVIDERS,
    *labs.PROVIDERS,
    *cns.PROVIDERS,
    *therapy.PROVIDERS,
    *tki.PROVIDERS,
    *hct.PROVIDERS,
    *fitness.PROVIDERS,
    *toxicity.PROVIDERS,
)
REGISTRY = Registry((*READERS, *derive.PROVIDERS), unknown_stated)
