"""All readers and derivations in their order of trust: what the record says first, what follows from it after."""

from __future__ import annotations

from service.facts import derive, mrd
from service.facts.course import clocks, conditioning, hct, phase, planned
from service.facts.course import reader as course
from service.facts.disease import diagnosis, identity, lineage
from service.facts.findings import cns, fitness, labs, response, toxicity
from service.facts.genetics import abl1_tests, pharmacogenes
from service.facts.genetics import reader as genetics
from service.facts.given import unknown_stated
from service.facts.immunophenotype import reader as immunophenotype
from service.facts.karyotype import reader as karyotype
from service.facts.model import Provider, Registry
from service.facts.therapy import reader as therapy
from service.facts.therapy import tki

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
    *planned.PROVIDERS,
    *conditioning.PROVIDERS,
    *fitness.PROVIDERS,
    *toxicity.PROVIDERS,
)
REGISTRY = Registry((*READERS, *derive.PROVIDERS), unknown_stated)
