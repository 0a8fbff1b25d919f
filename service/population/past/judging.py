"""Each past decision held against a guideline: the editions in force on its day, named ones, and those that came later.

The patient is read as known on that day, without what the decision itself put on record, and the guideline is asked what it says
of an order of just that. Drugs that the sources decide on by themselves are placed as an order of today is
(`service.advice.ordering.standing`); regimens, cells and transplants are matched with what is listed (`matching`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from service.advice.model import Option, Options
from service.advice.options import ORDERED, DrugRules, choose, is_offer
from service.advice.ordering.model import Place, Standing
from service.advice.ordering.standing import Standings
from service.advice.ordering.why_not import WhyNot, closest
from service.facts.disease import conditions
from service.facts.disease.diagnosis import SERVED, diagnosis_date, diseases, has_all
from service.facts.model import Facts, TokenSet
from service.facts.model import known as fact_known
from service.facts.orders import facts_beside, read_orders, session_facts
from service.facts.orders.line import OrderLine
from service.facts.registry import REGISTRY
from service.facts.therapy.exposure import is_steroid
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import IMPLIES
from service.population.asking import Asker
from service.population.known import as_known
from service.population.past.decisions import MAINTENANCE, Decision, Found, decisions
from service.population.past.matching import Chosen, is_of_the_line, lists
from service.population.past.verdicts import (
    DAY,
    DIAGNOSIS,
    PRODUCT,
    REGIMEN,
    Concordance,
    Edition,
    Ground,
    JudgedDecision,
    Judgement,
    Placed,
    Relation,
)
from service.population.patients import Patient
from service.record.build import READ
from service.record.model import PatientRecord
from service.record.whose import id_of
from service.rules.compile import Evaluator
from service.rules.editions import Speaking, by_policy, every_rule, of_sources
from service.rules.rule import Rule
from service.rules.verdict import Outcome, Verdict

_HOOKS = frozenset({"patient-view", "order-select"})
_GROUNDS = {Place.PREFERRED: Ground.PREFERRED, Place.LISTED: Ground.LISTED, Place.OTHER: Ground.OTHER}
# Of several things begun together the gravest verdict is that of the decision; what cannot be told is never passed over.
_GRAVEST = (Concordance.DISCORDANT, Concordance.CANNOT_TELL, Concordance.CONCORDANT, Concordance.NOT_JUDGED)


class Judge:
    """Judges past decisions; made once for an `Asker`.

    Args:
        named: sources, by id or alias, that every decision is held against besides those of its day.

    Raises:
        service.rules.editions.UnknownSource: a source that the content does not have.
    """

    def __init__(self, asker: Asker, named: Sequence[str] = ()):
        self.asker, self.content = asker, asker.engine.content
        of_sources(self.content, named)
        self.named = tuple(dict.fromkeys(self.content.source_named(name).id for name in named))
        rules = every_rule(self.content)
        self.standings = Standings(rules, self.content, VOCABULARY)
        self._evaluator = Evaluator(rules)
        self._order_facts = REGISTRY.dependents(ORDERED)
        offering = {rule.source.ref for rule in rules if is_offer(rule)}
        sources = (self.content.sources[name] for name in self.content.policy.active if name in offering)
        self.editions = tuple(sorted(sources, key=lambda source: source.in_force_from))
        self._of_day = lru_cache(maxsize=4096)(self._make_of_day)
        self._pinned = lru_cache(maxsize=None)(self._make_pinned)

    @property
    def first_edition(self) -> date:
        """The day from which an edition with treatment in it is in force."""
        return self.editions[0].in_force_from

    def decisions(self, patient: Patient, until: date) -> Found | None:
        """The decisions of a patient up to a day; ``None`` if the record shows that there is no ALL and was none."""
        record = self.asker.record(patient, until)
        if has_all(record) is False and not _is_over(record, until):
            return None
        return decisions(record, self.standings.decided, until)

    def judged(self, patient: Patient, found: Found, until: date) -> Iterator[JudgedDecision]:
        """Each decision by the editions of its day, those named, and each that came later, up to ``until``."""
        record = self.asker.record(patient, until)
        diagnosed = diagnosis_date(record, until)
        since = diagnosed.when.end if diagnosed is not None else None
        names = {id(entry.resource): entry.reference for entry in record.entries}
        for decision in found.decisions:
            chosen = self._then(_without(patient, decision, names), decision, since)
            editions = self._held_against(decision.day, until)
            yield JudgedDecision(decision, tuple(self._judged(decision, edition, chosen) for edition in editions))

    def _held_against(self, day: date, until: date) -> list[Edition]:
        made = [self._of_day(self._newest(day))]
        made += [replace(self._pinned(name), relation=Relation.NAMED) for name in self.named]
        later = (source.id for source in self.editions if day < source.in_force_from <= until)
        return made + [self._pinned(name) for name in later]

    def _newest(self, day: date) -> date:
        """The last day up to ``day`` on which what is in force changed: all days after it are answered alike."""
        days = (self.content.sources[name].in_force_from for name in self.content.policy.active)
        return max((changed for changed in days if changed <= day), default=date.min)

    def _make_of_day(self, day: date) -> Edition:
        return self._edition(Relation.OF_THE_DAY, by_policy(self.content, day), None)

    def _make_pinned(self, name: str) -> Edition:
        return self._edition(Relation.LATER, Speaking(of_sources(self.content, (name,))), name)

    def _edition(self, relation: Relation, speaking: Speaking, source: str | None) -> Edition:
        drug_rules = DrugRules(speaking.rules, self._order_facts, self._evaluator, VOCABULARY)
        named = {name for rule in speaking.rules if is_offer(rule) for name in rule.cautions}
        rules = (
            rule
            for rule in speaking.rules
            if rule not in drug_rules
            and (rule.id in named or (_HOOKS.intersection(rule.hooks) and (is_offer(rule) or _warns_of_graft(rule))))
        )
        return Edition(relation, speaking.of(rules), drug_rules, source)

    def _then(self, patient: Patient, decision: Decision, diagnosed: date | None) -> _Then | str:
        """The patient as known on the day, with what was chosen; or what is missing to look back."""
        if not decision.exact:
            return DAY
        then = patient.with_only(as_known(patient.resources, decision.day, diagnosed))
        record = self.asker.record(then, decision.day)
        if not has_all(record):
            return DIAGNOSIS
        facts = self.asker.facts(record, decision.day)
        taken = facts.value("concurrent_drugs")
        now = taken.members if isinstance(taken, TokenSet) else frozenset[str]()
        drafts = [_draft(number, drug, patient.id) for number, drug in enumerate(_ordered(decision), 1)]
        orders = read_orders(drafts, record.terminology, record)
        facts = facts.assuming(
            *session_facts(orders, record.terminology, now), *facts_beside(orders, record, facts.as_of)
        )
        if decision.kind == MAINTENANCE:  # that it begins is what was decided, and no later knowledge
            facts = facts.assuming(fact_known("treatment_phase", "maintenance"))
        lines = {drug: tuple(line for line in orders.lines if drug in line.drugs) for drug in decision.drugs}
        current = facts.value("current_therapies")
        beside = current.members if isinstance(current, TokenSet) else frozenset[str]()
        return _Then(facts, lines, Chosen(decision, decision.within | frozenset(decision.drugs) | beside))

    def _judged(self, decision: Decision, edition: Edition, then: _Then | str) -> Judgement:
        if not any(map(is_offer, edition.speaking.rules)):
            return Judgement(decision, edition, (Placed(_what(decision), Ground.NO_EDITION),))
        if isinstance(then, str):
            return Judgement(decision, edition, (Placed(_what(decision), Ground.FACTS_MISSING, missing=(then,)),))
        speaking = edition.speaking.to(then.facts)
        if not any(map(is_offer, speaking)):  # none in force for a child, say
            return Judgement(decision, edition, (Placed(_what(decision), Ground.NO_EDITION),), then.facts)
        verdicts = self._evaluator.verdicts(speaking, then.facts)
        choices = choose(verdicts, edition.drug_rules, then.facts, self.content)
        placed = [self._trialled(one, then, choices) for one in self._placed(then, edition, verdicts, choices)]
        placed.sort(key=lambda one: _GRAVEST.index(one.verdict))
        return Judgement(decision, edition, tuple(placed), then.facts)

    def _placed(
        self, then: _Then, edition: Edition, verdicts: Sequence[Verdict], choices: Sequence[Options]
    ) -> Iterator[Placed]:
        decision = then.chosen.decision
        alone = [drug for drug in decision.drugs if drug in self.standings.decided]
        chosen = {drug: then.lines[drug] for drug in alone}
        for standing in self.standings.standings(chosen, verdicts, edition.drug_rules, then.facts):
            yield self._of_drug(standing, edition, then, verdicts, choices)
        steroids = bool(decision.drugs) and all(map(is_steroid, decision.drugs))
        backbone = steroids or any(not is_steroid(drug) and drug not in alone for drug in decision.drugs)
        only_tkis = all("TKI" in IMPLIES.get(drug, ()) for drug in alone)
        if decision.graft is not None or (backbone and only_tkis) or not alone:
            yield self._matched(then, verdicts, choices)

    def _of_drug(
        self, standing: Standing, edition: Edition, then: _Then, verdicts: Sequence[Verdict], choices: Sequence[Options]
    ) -> Placed:
        """Where a drug stands, as at an order of it. What warns of the drug by name outweighs an offer of its class."""
        option, choice = standing.option, standing.choice
        instead = _instead(choice, option)
        asked = edition.drug_rules.asked([standing.drug], then.facts)
        avoided = [verdict for verdict in asked if verdict.rule.advise.act == "avoid"]
        warned = tuple(verdict for verdict in avoided if verdict.outcome is Outcome.APPLIES)
        if warned:
            return Placed(standing.drug, Ground.RULED_OUT, tuple(v.rule for v in warned), (), warned, instead)
        if option is not None:
            rules = tuple(verdict.rule for verdict in option.verdicts)
            if standing.place is Place.RULED_OUT:
                against = option.against or tuple(verdict for verdict in option.verdicts if verdict.excluded)
                return Placed(standing.drug, Ground.RULED_OUT, rules, (), against, instead)
            open_ = {name for v in avoided if v.outcome is Outcome.CANNOT_TELL for name in v.missing}
            unchecked = tuple(sorted({*option.unchecked, *open_}))
            return Placed(standing.drug, _GROUNDS[standing.place], rules, unchecked=unchecked)
        if standing.place is Place.OPEN:
            return Placed(standing.drug, Ground.FACTS_MISSING, missing=standing.missing)
        return _not_listed(standing.drug, standing.why_not, choices, then.chosen.decision, verdicts)

    def _matched(self, then: _Then, verdicts: Sequence[Verdict], choices: Sequence[Options]) -> Placed:
        """Where a regimen, cells or a transplant stand among what is listed."""
        chosen = then.chosen
        what = _what(chosen.decision)
        found = {verdict.rule: lists(verdict.rule, chosen) for verdict in verdicts if is_offer(verdict.rule)}
        listed = [o for c in choices for o in c.offered if any(found.get(v.rule) for v in o.verdicts)]
        if listed:
            option = min(listed, key=lambda option: not _is_first_rate(option))
            preferred = option.rule.source.preference == "preferred"
            ground = Ground.PREFERRED if preferred else Ground.LISTED if _is_first_rate(option) else Ground.OTHER
            rules = tuple(verdict.rule for verdict in option.verdicts if found.get(verdict.rule))
            return Placed(what, ground, rules, unchecked=option.unchecked)
        warned = tuple(
            v for v in verdicts
            if v.outcome is Outcome.APPLIES and _warns_of_graft(v.rule) and lists(v.rule, chosen)
        )  # fmt: skip
        out = [(o, c) for c in choices for o in c.ruled_out if any(found.get(v.rule) for v in o.verdicts)]
        if warned or out:
            against = warned or out[0][0].against or tuple(v for v in out[0][0].verdicts if v.excluded)
            instead = _instead(out[0][1] if out else next(iter(choices), None), out[0][0] if out else None)
            return Placed(what, Ground.RULED_OUT, tuple(v.rule for v in against), (), against, instead)
        maybe = any(found.get(v.rule, False) is None for c in choices for o in c.offered for v in o.verdicts)
        about = [verdict for verdict in verdicts if found.get(verdict.rule, False) is not False]
        waiting = [v for v in about if v.outcome is Outcome.CANNOT_TELL and found[v.rule]]
        waiting = waiting or [v for v in about if v.outcome is Outcome.CANNOT_TELL]
        if maybe or (waiting and not found[waiting[0].rule]):
            more = waiting[0].missing if waiting and not maybe else ()
            return Placed(what, Ground.FACTS_MISSING, missing=(*_untold(chosen.decision), *more))
        if waiting:
            return Placed(what, Ground.FACTS_MISSING, missing=min(waiting, key=lambda v: len(v.missing)).missing)
        if chosen.decision.graft is not None and not about:
            return Placed(what, Ground.SILENT)  # it does not list chemotherapy in place of what it says nothing of
        return _not_listed(what, closest(about, then.facts), choices, chosen.decision, verdicts)

    def _trialled(self, placed: Placed, then: _Then, choices: Sequence[Options]) -> Placed:
        """What was given within a clinical trial, where the edition lists a trial for this patient."""
        if not then.chosen.decision.in_trial or placed.verdict is not Concordance.DISCORDANT or placed.against:
            return placed
        trials = tuple(o.rule for c in choices for o in c.offered if o.rule.advise.act == "prefer-trial")
        return Placed(placed.what, Ground.IN_TRIAL, trials) if trials else placed


@dataclass(frozen=True, slots=True)
class _Then:
    """A patient on the day of a decision: facts, the drafts by drug, and what was chosen."""

    facts: Facts
    lines: dict[str, tuple[OrderLine, ...]]
    chosen: Chosen


def _without(patient: Patient, decision: Decision, names: Mapping[int, str]) -> Patient:
    """The patient without what tells of a decision, in all its versions; ``names``: of resources, by identity, also of
    those without an id."""
    kept = tuple(
        resource
        for resource in patient.resources
        if names.get(id(resource), f"{resource.get('resourceType')}/{id_of(resource)}") not in decision.references
    )
    there = {str(resource.get("resourceType")) for resource in patient.resources}
    return replace(patient, resources=kept, provided=patient.provided | (there & READ))


def _is_over(record: PatientRecord, until: date) -> bool:
    """Whether a disease that the rules speak of has come to its end, as of those who are cured."""
    found = (one for one in diseases(record, until) if one.past and one.diagnosis in SERVED)
    return any(conditions.standing(one.entry, until) is conditions.Standing.PAST for one in found)


def _not_listed(
    what: str, why_not: tuple[WhyNot, ...], choices: Sequence[Options], decision: Decision, verdicts: Iterable[Verdict]
) -> Placed:
    """Not listed is a deviation only where other treatment of the line is listed for this patient, with nothing left to check;
    where what is listed hangs on facts, it cannot be told.
    """
    others = [
        option
        for choice in choices
        for option in choice.offered
        if option.rule.advise.kind == "therapy" and option.rule.advise.act != "prefer-trial"
        and is_of_the_line(option.rule.topic, decision)
    ]  # fmt: skip
    if any(not option.unchecked for option in others):
        rules = tuple(reason.verdict.rule for reason in why_not)
        return Placed(what, Ground.NOT_LISTED, rules, why_not, (), tuple(option.rule for option in others))
    if others:
        return Placed(what, Ground.FACTS_MISSING, missing=min((o.unchecked for o in others), key=len))
    waiting = [v for v in verdicts if v.outcome is Outcome.CANNOT_TELL and v.rule.advise.kind == "therapy"
               and is_offer(v.rule) and is_of_the_line(v.rule.topic, decision)]  # fmt: skip
    if waiting:
        return Placed(what, Ground.FACTS_MISSING, missing=min(waiting, key=lambda v: len(v.missing)).missing)
    return Placed(what, Ground.SILENT)


def _instead(choice: Options | None, option: Option | None) -> tuple[Rule, ...]:
    return tuple(o.rule for o in choice.offered if o is not option) if choice is not None else ()


def _is_first_rate(option: Option) -> bool:
    return any(verdict.rule.source.preference in (None, "preferred") for verdict in option.verdicts)


def _warns_of_graft(rule: Rule) -> bool:
    return rule.advise.kind == "transplant" and rule.advise.act == "avoid"


def _untold(decision: Decision) -> tuple[str, ...]:
    if decision.graft is not None:
        return ("kind of the transplant",)
    return (PRODUCT,) if "CAR-T" in decision.drugs else (REGIMEN,)


def _what(decision: Decision) -> str:
    """What was chosen, in words."""
    if decision.graft is not None:
        named = {"DLI": "donor lymphocytes", "unspecified": "transplant"}
        return named.get(decision.graft, f"{decision.graft} transplant")
    return ", ".join(decision.regimens or decision.drugs)


def _ordered(decision: Decision) -> tuple[str, ...]:
    """What is ordered, in words: the drugs, and the regimen where it has a name."""
    return (*decision.drugs, *decision.regimens) if decision.graft is None else ()


def _draft(number: int, words: str, patient: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest", "id": f"decision-{number}", "status": "draft", "intent": "order",
        "subject": {"reference": f"Patient/{patient}"}, "medicationCodeableConcept": {"text": words},
    }  # fmt: skip
