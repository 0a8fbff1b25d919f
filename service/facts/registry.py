"""All readers and derivations in their order of trust: what the record says first, what follows from it after."""

from __future__ import annotations

from service.facts import derive, mrd
from service.facts.cns import status as cns
from service.facts.course import clocks, conditioning, hct, phase, planned, risk_words, treated
from service.facts.course import reader as course
from service.facts.disease import diagnosis, identity, lineage
from service.facts.fitness import conditions, g6pd, heart, hepatitis_b, performance, pregnancy, symptoms
from service.facts.genetics import abl1_tests, pharmacogenes, trisomies
from service.facts.genetics import reader as genetics
from service.facts.given import unknown_stated
from service.facts.immunophenotype import aplasia, subtypes
from service.facts.immunophenotype import reader as immunophenotype
from service.facts.karyotype import reader as karyotype
from service.facts.labs import coagulation, counts, kidney, liver, mercaptopurine, methotrexate, vitals
from service.facts.model import Provider, Registry
from service.facts.response import (
    blast_lineage,
    count_recovery,
    extramedullary,
    marrow,
    mediastinum,
    progress,
    response,
    steroid_response,
)
from service.facts.therapy import reader as therapy
from service.facts.therapy import tki
from service.facts.toxicity import asparaginase, events, hypersensitivity, recovery

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
    *counts.PROVIDERS,
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
    *conditions.PROVIDERS,
    *performance.PROVIDERS,
    *pregnancy.PROVIDERS,
    *hepatitis_b.PROVIDERS,
    *g6pd.PROVIDERS,
    *symptoms.PROVIDERS,
    *kidney.PROVIDERS,
    *coagulation.PROVIDERS,
    *events.PROVIDERS,
    *hypersensitivity.PROVIDERS,
    *asparaginase.PROVIDERS,
    *recovery.PROVIDERS,
)
REGISTRY = Registry((*READERS, *derive.PROVIDERS), unknown_stated)
