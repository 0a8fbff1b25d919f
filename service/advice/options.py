"""The choice of treatment: rules that offer the same thing merged, each option held against the safety rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from service.advice.labels import Label, Standing, overlay
from service.advice.model import Option, Options
from service.facts.model import Fact, Facts, TokenSet, known
from service.facts.vocabulary.base import Vocabulary
from service.rules.compile import Evaluator
from service.rules.criterion import Op
from service.rules.expression import leaves
from service.rules.rule import Content, Rule
from service.rules.verdict import Outcome, Verdict

ORDERED = "ordered_drug"
ROOTS = ("relapsed-refractory", "frontline", "mrd", "transplant")  # choices in this order, then all others
_OFFERS = frozenset({"offer", "consider", "prefer-trial"})
_PREFERENCE = {"preferred": 0, "other": 1, "useful-in-certain-circumstances": 2, None: 1}
_CATEGORY = {"1": 0, "2A": 1, "2B": 2, "3": 3, None: 1}
_NAMES_DRUG = (Op.INCLUDES, Op.INCLUDES_ANY, Op.INCLUDES_ALL)


def is_offer(rule: Rule) -> bool:
    """Whether a rule offers a treatment."""
    return rule.advise.kind in ("therapy", "transplant") and rule.advise.act in _OFFERS


def strength(rule: Rule) -> tuple[int, int, int, str]:
    """Sort key: trials first, then preference, then evidence category."""
    trial = 0 if rule.advise.act == "prefer-trial" else 1
    return trial, _PREFERENCE[rule.source.preference], _CATEGORY[rule.source.category], rule.id


class DrugRules:
    """Safety and label rules that speak about an ordered drug, to be asked again for every drug a card names."""

    def __init__(self, rules: Iterable[Rule], order_facts: frozenset[str], evaluator: Evaluator,
                 vocabulary: Vocabulary):  # fmt: skip
        self.rules = tuple(rule for rule in rules if rule.speaks_from_every_source and rule.facts & order_facts)
        self._evaluator = evaluator
        self._drugs = vocabulary.lookup(ORDERED)
        self._prepared = lru_cache(maxsize=1024)(self._about)
        self._token = lru_cache(maxsize=4096)(self._drugs.known)  # of words in rules
        self._names = {rule: frozenset(_named(rule)) for rule in self.rules}

    def __contains__(self, rule: Rule) -> bool:
        return rule in self._names

    def asked(self, drugs: Sequence[str], facts: Facts, *, of_patient: bool = False) -> list[Verdict]:
        """Their verdicts if these drugs were ordered. Words that are no drug ("allogeneic-hct") are passed over.

        The drugs of a rule are looked up once; those of a patient (``of_patient``) are not remembered.
        """
        ordered, rules = self._about(tuple(drugs)) if of_patient else self._prepared(tuple(drugs))
        return self._evaluator.verdicts(rules, facts.assuming(ordered)) if rules else []

    def labels(self, drugs: Sequence[str], verdicts: Iterable[Verdict], facts: Facts) -> tuple[Label, ...]:
        """The labels of the drugs among these words, from the verdicts that `asked` gave for them."""
        ordered, _ = self._prepared(tuple(drugs))
        return self._labels(drugs, verdicts, facts.assuming(ordered))

    def asked_with_labels(self, drugs: Sequence[str], facts: Facts) -> tuple[list[Verdict], tuple[Label, ...]]:
        """What `asked` and `labels` say of drugs that a rule names; they are assumed to be ordered only once."""
        ordered, rules = self._prepared(tuple(drugs))
        assumed = facts.assuming(ordered)
        verdicts = self._evaluator.verdicts(rules, assumed)
        return verdicts, self._labels(drugs, verdicts, assumed)

    def _labels(self, drugs: Sequence[str], verdicts: Iterable[Verdict], assumed: Facts) -> tuple[Label, ...]:
        named = [token for drug in drugs if (token := self._token(drug)) is not None]
        about = [verdict for verdict in verdicts if verdict.rule.advise.kind == "label"]
        return overlay(list(dict.fromkeys(named)), about, assumed, ORDERED, self._evaluator.find)

    def _about(self, drugs: tuple[str, ...]) -> tuple[Fact, tuple[Rule, ...]]:
        """The order as a fact, and the rules that may concern it."""
        tokens = [token for drug in drugs if (token := self._drugs.known(drug)) is not None]
        ordered = self._drugs.token_set(tokens)
        rules = (rule for rule in self.rules if not self._names[rule] or self._names[rule] & ordered.members)
        return known(ORDERED, ordered), tuple(rules) if tokens else ()


def _named(rule: Rule) -> Iterator[str]:
    """Drugs a rule asks for by name; a rule that names none may concern any."""
    for leaf in leaves(rule.when):
        if leaf.criterion.fact == ORDERED and leaf.criterion.op in _NAMES_DRUG:
            yield from map(str, leaf.criterion.operands)


def choose(verdicts: Sequence[Verdict], drug_rules: DrugRules, facts: Facts, content: Content) -> list[Options]:
    """The options per topic, strongest first. What several rules offer is told with the words of the strongest.

    Among rules of equal strength the newest source leads.

    An option that a safety rule forbids for this patient, or that only an exclusion of its own rule stands against,
    is listed as ruled out with the reason, so that its absence is not taken for an oversight.
    """
    by_topic: dict[str, dict[str, list[Verdict]]] = {}
    by_id = {verdict.rule.id: verdict for verdict in verdicts}
    for verdict in verdicts:
        if is_offer(verdict.rule) and (verdict.outcome is Outcome.APPLIES or verdict.excluded):
            root = verdict.rule.topic.partition("/")[0]
            by_topic.setdefault(root, {}).setdefault(verdict.rule.advise.subject, []).append(verdict)
    found = []
    for subjects in by_topic.values():
        offered: list[Option] = []
        ruled_out: list[Option] = []
        for subject, said in subjects.items():
            holding = sorted((v for v in said if v.outcome is Outcome.APPLIES), key=_leading(content))
            if not holding:
                ruled_out.append(Option(subject, tuple(said)))
                continue
            drugs = list(dict.fromkeys(drug for v in holding for drug in v.rule.advise.subjects))
            labels: tuple[Label, ...] = ()
            if holding[0].rule.advise.kind == "therapy":
                safety, labels = drug_rules.asked_with_labels(drugs, facts)
            else:  # a transplant has no label
                safety = drug_rules.asked(drugs, facts)
            named = [by_id[name] for v in holding for name in v.rule.cautions if name in by_id]
            option = _weighed(subject, holding, [*safety, *named], labels)
            (ruled_out if option.against else offered).append(option)
        if offered:
            offered.sort(key=_rank)
            topic = offered[0].rule.topic
            found.append(Options(topic, tuple(offered), tuple(ruled_out)))
        elif any(option.against for option in ruled_out):
            found.append(Options(ruled_out[0].rule.topic, (), tuple(ruled_out)))
    return sorted(
        found, key=lambda choice: ROOTS.index(root) if (root := choice.topic.partition("/")[0]) in ROOTS else len(ROOTS)
    )


def _leading(content: Content) -> Callable[[Verdict], tuple[tuple[int, int, int], int, str]]:
    def key(verdict: Verdict) -> tuple[tuple[int, int, int], int, str]:
        published = content.sources[verdict.rule.source.ref].published
        return strength(verdict.rule)[:3], -published.toordinal(), verdict.rule.id

    return key


def _rank(option: Option) -> tuple[int, int, int, int, str]:
    """Strongest first; among equals what is labelled for this patient, and last what is expressly not."""
    trial, preference, category, name = strength(option.rule)
    standings = {label.standing for label in option.labels}
    label = 2 if Standing.NOT_LABELLED in standings else 0 if Standing.LABELLED in standings else 1
    return trial, preference, category, label, name


def _weighed(subject: str, holding: list[Verdict], safety: list[Verdict], labels: tuple[Label, ...]) -> Option:
    against, cautions, open_cautions = [], [], []
    unchecked = {name for verdict in holding for name in verdict.unchecked}
    for verdict in safety:
        if verdict.outcome is Outcome.DOES_NOT_APPLY or verdict.rule.advise.kind == "label":
            continue
        if verdict.outcome is Outcome.CANNOT_TELL:
            # a danger that cannot be excluded is said, never taken as absent
            if verdict.rule.advise.act == "avoid":
                unchecked.update(verdict.missing)
            else:
                open_cautions.append(verdict)
        elif verdict.rule.advise.act == "avoid":
            against.append(verdict)
        else:
            cautions.append(verdict)
    return Option(
        subject,
        tuple(holding),
        tuple(against),
        tuple(cautions),
        tuple(open_cautions),
        labels,
        tuple(sorted(unchecked)),
    )


def current_drugs(facts: Facts) -> tuple[str, ...]:
    """Drugs the record says are being taken now."""
    value = facts.value("current_therapies")
    return tuple(sorted(value.members)) if isinstance(value, TokenSet) else ()
