"""All readers and derivations in their order of trust: what the record says first, what follows from it after."""

from __future__ import annotations

from service.facts import derive, mrd
from service.facts.course import clocks, conditioning, hct, phase, planned, risk_words, treated
from service.facts.course import reader as course
from service.facts.disease import diagnosis, identity, lineage
from service.facts.findings import (
    asparaginase,
    blast_lineage,
    cns,
    coagulation,
    count_recovery,
    extramedullary,
    fitness,
    heart,
    hepatitis_b,
    hypersensitivity,
    kidney,
    labs,
    liver,
    marrow,
    mediastinum,
    mercaptopurine,
    methotrexate,
    performance,
    pregnancy,
    progress,
    response,
    steroid_response,
    symptoms,
    toxicity,
    toxicity_recovery,
    vitals,
)
from service.facts.genetics import abl1_tests, pharmacogenes, trisomies
from service.facts.genetics import reader as genetics
from service.facts.given import unknown_stated
from service.facts.immunophenotype import aplasia, subtypes
from service.facts.immunophenotype import reader as immunophenotype
from service.facts.karyotype import reader as karyotype
from service.facts.model import Provider, Registry
from service.facts.therapy import reader as therapy
from service.facts.therapy import tki

READERS: tuple[Provider, ...] = (
    *identity.PROVIDERS,
    *diagnosis.PROVIDERS,
    *trisomies.PROVIDERS,
    *karyotype.PROVIDERS,
    *genetics.PROVIDERS,
    *abl1_tests.PROVIDERS,
    *pharmacogenes.PROVIDERS,
    *immunophenotype.PROVIDERS,
    *lineage.PROVIDERS,
    *subtypes.PROVIDERS,
    *aplasia.PROVIDERS,
    *course.PROVIDERS,
    *clocks.PROVIDERS,
    *phase.PROVIDERS,
    *treated.PROVIDERS,
    *risk_words.PROVIDERS,
    *mrd.PROVIDERS,
    *marrow.PROVIDERS,
    *blast_lineage.PROVIDERS,
    *response.PROVIDERS,
    *labs.PROVIDERS,
    *liver.PROVIDERS,
    *heart.PROVIDERS,
    *methotrexate.PROVIDERS,
    *mercaptopurine.PROVIDERS,
    *vitals.PROVIDERS,
    *cns.PROVIDERS,
    *extramedullary.PROVIDERS,
    *mediastinum.PROVIDERS,
    *progress.PROVIDERS,
    *count_recovery.PROVIDERS,
    *steroid_response.PROVIDERS,
    *therapy.PROVIDERS,
    *tki.PROVIDERS,
    *hct.PROVIDERS,
    *planned.PROVIDERS,
    *conditioning.PROVIDERS,
    *fitness.PROVIDERS,
    *performance.PROVIDERS,
    *pregnancy.PROVIDERS,
    *hepatitis_b.PROVIDERS,
    *symptoms.PROVIDERS,
    *kidney.PROVIDERS,
    *coagulation.PROVIDERS,
    *toxicity.PROVIDERS,
    *hypersensitivity.PROVIDERS,
    *asparaginase.PROVIDERS,
    *toxicity_recovery.PROVIDERS,
)
REGISTRY = Registry((*READERS, *derive.PROVIDERS), unknown_stated)
