"""Whether an offer of a guideline is what was chosen, for choices that are no single drug: regimens, transplants, cells.

Guidelines list regimens by name ("CALGB 10403"), by their drugs ("mitoxantrone, etoposide, ifosfamide") and in general terms
("multiagent chemotherapy with a TKI"). Records name the regimen seldom and its drugs often in part. So the answer has three
values: it is, it is not, and it cannot be told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from service.facts.therapy.exposure import is_steroid
from service.facts.therapy.regimens import regimens_in
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import DRUGS, IMPLIES
from service.population.past.decisions import INDUCTION, MAINTENANCE, RELAPSE, Decision
from service.rules.rule import Rule, is_under

_GENERAL = re.compile(r"chemotherap|multiagent|systemic[\s-]therapy", re.IGNORECASE)
_OTHER_TERMS = re.compile(r"regimen|arm\b|therapy|consolidation|strategy", re.IGNORECASE)
_UPKEEP = re.compile(r"maintenance", re.IGNORECASE)
_TKI = re.compile(r"\bTKI\b|kinase inhibitor", re.IGNORECASE)
_TRIAL = re.compile(r"\btrial\b", re.IGNORECASE)
_DONOR = re.compile(r"donor[\s-]lymphocyte", re.IGNORECASE)
# Steroids, asparaginases and antibodies to CD20 come and go within one regimen; records hold the one that was there.
_INTERCHANGED = ("corticosteroid", "asparaginase", "anti-CD20")
_BESIDE = ("relapsed-refractory/cns", "relapsed-refractory/asparaginase", "transplant/conditioning", "transplant/donor")
_ORDERED = VOCABULARY.lookup("ordered_drug")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen. ``drugs``: against leukemia, begun or already taken; ``partial``: some drug is known by its class
    alone."""

    decision: Decision
    drugs: frozenset[str]

    @property
    def backbone(self) -> frozenset[str]:
        """The drugs that tell one regimen from another."""
        return frozenset(d for d in self.drugs if "chemotherapy" in IMPLIES.get(d, ()) and not _is_interchanged(d))

    @property
    def has_tki(self) -> bool:
        return any("TKI" in (d, *IMPLIES.get(d, ())) for d in self.drugs)

    @property
    def named(self) -> frozenset[str]:
        return frozenset(self.decision.regimens)

    @property
    def is_multiagent(self) -> bool:
        return bool(self.named) or len(self.backbone) > 1


def lists(rule: Rule, chosen: Chosen) -> bool | None:
    """Whether an offer is of what was chosen: a regimen, cells, a transplant."""
    advise, decision = rule.advise, chosen.decision
    if decision.graft is not None:
        return _lists_graft(rule, decision)
    if advise.kind != "therapy" or not is_of_the_line(rule.topic, decision):
        return False
    offer = _read(rule)
    said = offer.said
    if advise.act == "prefer-trial" or _TRIAL.search(f"{advise.regimen or ''} {advise.subject.replace('-', ' ')}"):
        return True if decision.in_trial else False
    drugs = offer.drugs
    if "CAR-T" in decision.drugs:
        return None if any("CAR-T" in IMPLIES.get(d, ()) for d in drugs) else False
    if offer.wants_tki and not chosen.has_tki:
        return False
    names = offer.names
    if names and chosen.named:
        return bool(names & chosen.named)
    if decision.kind == MAINTENANCE and _UPKEEP.search(f"{said} {rule.topic}"):
        return True if not drugs or drugs & chosen.backbone else None
    if offer.backbone:
        return _by_drugs(offer.backbone, chosen, named=bool(names))
    if names:
        return None
    if drugs:  # a drug with a standing of its own, or one added to a regimen
        return False
    if _GENERAL.search(said):
        return chosen.is_multiagent or (None if chosen.backbone else False)
    return None if _OTHER_TERMS.search(said) and chosen.drugs else False


def is_of_the_line(topic: str, decision: Decision) -> bool:
    """Whether a topic is of what a line is treated with: not of the CNS alone, nor of what goes beside."""
    if any(is_under(topic, other) for other in _BESIDE):
        return False
    if decision.graft is not None:
        return any(is_under(topic, root) for root in ("relapsed-refractory", "frontline", "mrd", "transplant"))
    if decision.kind in (INDUCTION, MAINTENANCE):
        return is_under(topic, "frontline")
    roots = ("relapsed-refractory",) if decision.kind == RELAPSE else ("relapsed-refractory", "frontline", "mrd", "transplant")
    return any(is_under(topic, root) for root in roots)


def _by_drugs(backbone: frozenset[str], chosen: Chosen, *, named: bool) -> bool | None:
    """A regimen by its drugs: all of them were given and no others; a part of them may be of it."""
    if chosen.named:
        return False if named else backbone <= chosen.backbone
    if backbone == chosen.backbone or (not named and backbone <= chosen.backbone):
        return True
    if chosen.backbone <= backbone or backbone <= chosen.backbone:
        return None
    return False


def _lists_graft(rule: Rule, decision: Decision) -> bool | None:
    """A transplant or donor lymphocytes; one of unspecified kind may be the one that is listed."""
    advise = rule.advise
    said = f"{advise.subject} {advise.regimen or ''}"
    if decision.graft == "DLI":
        return _DONOR.search(said) is not None
    if advise.kind != "transplant":
        return False
    if "allogeneic-hct" in advise.subject:
        return {"allogeneic": True, "unspecified": None}.get(decision.graft or "", False)
    if "autologous-hct" in advise.subject:
        return {"autologous": True, "unspecified": None}.get(decision.graft or "", False)
    return False


@dataclass(frozen=True, slots=True)
class _Offer:
    """What an offer is of, as its words and subjects say. ``backbone``: the drugs that tell its regimen from others."""

    said: str
    drugs: frozenset[str]
    backbone: frozenset[str]
    names: frozenset[str]
    wants_tki: bool


@lru_cache(maxsize=8192)
def _read(rule: Rule) -> _Offer:
    advise = rule.advise
    said = f"{advise.regimen or ''} | {advise.subject} | {advise.with_ or ''}"
    found = (_ORDERED.known(word) for word in advise.subjects)
    drugs = frozenset(drug for drug in found if drug is not None and drug in DRUGS)
    backbone = frozenset(d for d in drugs if "chemotherapy" in IMPLIES.get(d, ()) and not _is_interchanged(d))
    wants_tki = _TKI.search(said) is not None or any("TKI" in IMPLIES.get(d, ()) for d in drugs)
    return _Offer(said, drugs, backbone, frozenset(name for name, _ in regimens_in(said)), wants_tki)


def _is_interchanged(drug: str) -> bool:
    return is_steroid(drug) or any(name in (drug, *IMPLIES.get(drug, ())) for name in _INTERCHANGED)
