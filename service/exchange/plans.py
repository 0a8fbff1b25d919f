"""Rules as PlanDefinition (CPG recommendation definitions), and each source as one that gathers its own (strategy definition).

CPG on FHIR 2.0.0: profiles cpg-recommendationdefinition, cpg-strategydefinition and, above both, cpg-computableplandefinition.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from service.exchange.libraries_cql import library_name
from service.exchange.names import Names, fhir_id, machine_name
from service.exchange.shared import CPG, DISEASE, HL7, common, status_of
from service.rules.rule import Content, Rule, Source

Json = dict[str, Any]
_TERMS = "http://terminology.hl7.org/CodeSystem"
# What the source is for or against. An act that is neither (a note) has no direction.
_AGAINST, _NO_DIRECTION = frozenset({"avoid", "not-labelled"}), frozenset({"note", "caution"})
_TOPICS = {"therapy": "treatment", "transplant": "treatment", "supportive": "treatment", "test": "assessment"}
_PROCESS = {"test": ("diagnostic-testing", "Conduct Diagnostic Tests")}
_CARE = ("guideline-based-care", "Guideline-based Care")


class Plans:
    """Writes the PlanDefinitions of some content."""

    def __init__(self, content: Content, names: Names, executable: bool):
        self.content = content
        self.names = names
        self.executable = executable
        self._titles = {rule.id: rule.title for rule in content.rules}

    def recommendation(self, rule: Rule) -> Json:
        """A rule: when it applies, what it says then, how strongly, and where that is printed."""
        source = self.content.sources[rule.source.ref]
        own = fhir_id(rule.id)
        plan = {
            **common(self.names, "PlanDefinition", own, machine_name(rule.id), rule.title, (CPG + "cpg-recommendationdefinition", CPG + "cpg-computableplandefinition"), self.executable),
            "type": _coded(f"{_TERMS}/plan-definition-type", "eca-rule", "ECA Rule"),
            "status": status_of(rule.status),
            "subjectCodeableConcept": _coded("http://hl7.org/fhir/resource-types", "Patient"),
            "description": _paragraphs(rule.title, rule.advise.components, rule.advise.note),
            "useContext": [DISEASE],
            "topic": self._topic(rule),
            "effectivePeriod": {"start": source.in_force_from.isoformat()},
            "relatedArtifact": [self._citation(rule, source), *self._evidence(rule), *self._replaced(rule)],
            "library": [self.names.at("Library", library_name(source))],
            "action": [self._action(rule, source)],
        }  # fmt: skip
        cautions = [f"Caution: {self._caution(key)}" for key in rule.cautions]
        usage = _paragraphs(*(f"Read into the source: {text}" for text in rule.assumptions), *cautions)
        more = {
            "usage": usage,
            "copyright": source.licence_note,
            "lastReviewDate": source.last_checked.isoformat() if source.last_checked else None,
        }
        return {**plan, **{name: value for name, value in more.items() if value}}

    def strategy(self, source: Source, rules: Iterable[Rule]) -> Json:
        """A source: its recommendations by topic."""
        by_topic: dict[str, list[Rule]] = {}
        for rule in rules:
            by_topic.setdefault(rule.topic, []).append(rule)
        own = fhir_id(f"source-{source.id}")
        return {
            **common(self.names, "PlanDefinition", own, machine_name(source.id), source.label, (CPG + "cpg-strategydefinition", CPG + "cpg-computableplandefinition"), self.executable),
            "type": _coded(f"{_TERMS}/plan-definition-type", "workflow-definition", "Workflow Definition"),
            "subjectCodeableConcept": _coded("http://hl7.org/fhir/resource-types", "Patient"),
            "description": f"The recommendations that Allcue carries of {source.label}. Population: {source.population}.",
            "useContext": [DISEASE],
            "effectivePeriod": {"start": source.in_force_from.isoformat()},
            "relatedArtifact": [
                _artifact("citation", source.short_label, source.citation, source.url),
                *(_resource("predecessor", self.names.at("PlanDefinition", fhir_id(f"source-{old}"))) for old in source.supersedes if old in self.content.sources),
            ],
            "action": [self._part(topic, own_rules) for topic, own_rules in sorted(by_topic.items())],
            **({"copyright": source.licence_note} if source.licence_note else {}),
        }  # fmt: skip

    def _part(self, topic: str, rules: list[Rule]) -> Json:
        title = self.content.topic_title(topic)
        return {
            "title": title,
            "description": f"{title}: {topic}",
            "code": [_process(None)],
            "action": [
                {
                    "title": rule.title,
                    "description": rule.title,
                    "code": [_process(rule.advise.kind)],
                    "definitionCanonical": self.names.at("PlanDefinition", fhir_id(rule.id)),
                }
                for rule in rules
            ],
        }

    def _topic(self, rule: Rule) -> list[Json]:
        words = {"text": self.content.topic_title(rule.topic)}
        code = _TOPICS.get(rule.advise.kind)
        return [{**_coded(f"{_TERMS}/definition-topic", code), **words} if code else words]

    def _caution(self, key: str) -> str:
        """The title of the rule that is the caution; a caution in words as it is."""
        return self._titles.get(key, key)

    def _citation(self, rule: Rule, source: Source) -> Json:
        found = _artifact("citation", source.short_label, f"{source.citation} {rule.source.at}", source.url)
        return {**found, "display": rule.source.at}

    def _evidence(self, rule: Rule) -> list[Json]:
        rows = [self.content.evidence[key] for key in rule.evidence]
        return [{**_artifact("justification", None, f"{row.citation}; {row.at}"), "display": row.trial} for row in rows]

    def _replaced(self, rule: Rule) -> list[Json]:
        return [_resource("predecessor", self.names.at("PlanDefinition", fhir_id(old))) for old in rule.supersedes]

    def _action(self, rule: Rule, source: Source) -> Json:
        found: Json = {
            "extension": self._strength(rule),
            "title": rule.title,
            "description": _paragraphs(rule.title, rule.advise.components, rule.advise.note),
            "code": [_process(rule.advise.kind)],
            "documentation": [self._citation(rule, source)],
            "trigger": [{"type": "named-event", "name": hook} for hook in rule.hooks],
            "condition": [
                {
                    "kind": "applicability",
                    "expression": {
                        "description": "true: the recommendation applies; false: it does not; null: a fact is unknown on which it hangs",
                        "language": "text/cql-identifier",
                        "expression": rule.id,
                        "reference": self.names.at("Library", library_name(source)),
                    },
                }
            ],
            "input": [fact_requirement(self.names, fact) for fact in sorted(rule.facts)],
        }  # fmt: skip
        offered = self._offered(rule)
        # What is offered beside something to avoid is an action of its own, which no "against" is about.
        if len(offered) == 1 and not rule.replace and rule.advise.act not in _AGAINST:
            found |= {"definitionCanonical": offered[0]["definitionCanonical"], "type": offered[0]["type"]}
        elif offered:
            found |= {"groupingBehavior": "logical-group", "selectionBehavior": "any", "action": offered}
        return {name: value for name, value in found.items() if value}

    def _offered(self, rule: Rule) -> list[Json]:
        """What may be ordered, each on its own."""
        create = _coded(f"{_TERMS}/action-type", "create", "Create")
        found = []
        for keys, before in ((rule.suggest, ""), (rule.replace, "In place of the drug that is ordered: ")):
            for key in keys:
                title = before + self.content.orderables[key].title
                definition = self.names.at("ActivityDefinition", fhir_id(key))
                found.append({"title": title, "type": create, "definitionCanonical": definition})
        return found

    def _strength(self, rule: Rule) -> list[Json]:
        """Category and preference as printed; the category of a source like NCCN's is about evidence and consensus at once."""
        found = []
        if rule.source.preference:
            coded = _coded(self.names.of("CodeSystem", "allcue-preference"), rule.source.preference)
            found.append({"url": HL7 + "cqf-strengthOfRecommendation", "valueCodeableConcept": coded})
        if rule.advise.act not in _NO_DIRECTION:
            code, display = ("against", "Against") if rule.advise.act in _AGAINST else ("for", "For")
            direction = _coded("http://hl7.org/fhir/uv/cpg/CodeSystem/cpg-recommendation-direction-cs", code, display)
            found.append({"url": CPG + "cpg-directionOfRecommendation", "valueCodeableConcept": direction})
        if rule.source.category:
            coded = _coded(self.names.of("CodeSystem", "allcue-evidence-category"), rule.source.category)
            found.append({"url": HL7 + "cqf-qualityOfEvidence", "valueCodeableConcept": coded})
        return found


def fact_requirement(names: Names, fact: str) -> Json:
    """The Observation that tells a fact, as a DataRequirement."""
    return {"type": "Observation", "codeFilter": [{"path": "code", "code": [{"system": names.facts, "code": fact}]}]}


def _process(kind: str | None) -> Json:
    code, display = _PROCESS.get(kind or "", _CARE)
    return _coded("http://hl7.org/fhir/uv/cpg/CodeSystem/cpg-common-process-cs", code, display)


def _coded(system: str, code: str, display: str | None = None) -> Json:
    coding = {"system": system, "code": code}
    return {"coding": [{**coding, "display": display} if display else coding]}


def _artifact(kind: str, label: str | None, citation: str, url: str | None = None) -> Json:
    found = {"type": kind, "label": label, "citation": citation, "url": url}
    return {name: value for name, value in found.items() if value}


def _resource(kind: str, canonical: str) -> Json:
    return {"type": kind, "resource": canonical}


def _paragraphs(*texts: str | None) -> str:
    return "\n\n".join(text.strip() for text in texts if text and text.strip())
