"""The vocabulary: every fact that rules may name, with its type, unit, range and meaning."""

from __future__ import annotations

from service.facts.vocabulary import course, fitness, genetics, identity, immunophenotype, mrd, therapy, toxicity
from service.facts.vocabulary.base import Vocabulary

VOCABULARY = Vocabulary(
    (
        *identity.TYPES,
        *genetics.TYPES,
        *immunophenotype.TYPES,
        *course.TYPES,
        *mrd.TYPES,
        *therapy.TYPES,
        *fitness.TYPES,
        *toxicity.TYPES,
    )
)
