"""Facts that follow from other facts, read or stated. Only sound conclusions; unknown stays unknown."""

from __future__ import annotations

from service.facts.derive.age import PROVIDERS as AGE
from service.facts.derive.cns import PROVIDERS as CNS
from service.facts.derive.course import PROVIDERS as COURSE
from service.facts.derive.cytogenetics import PROVIDERS as CYTOGENETICS
from service.facts.derive.disease import PROVIDERS as DISEASE
from service.facts.derive.mrd import PROVIDERS as MRD
from service.facts.derive.response import PROVIDERS as RESPONSE
from service.facts.derive.risk import PROVIDERS as RISK
from service.facts.derive.therapy import PROVIDERS as THERAPY
from service.facts.derive.toxicity import PROVIDERS as TOXICITY
from service.facts.model import Provider

PROVIDERS: tuple[Provider, ...] = (
    *AGE, *DISEASE, *CYTOGENETICS, *RISK, *MRD, *RESPONSE, *CNS, *COURSE, *THERAPY, *TOXICITY,
)  # fmt: skip
