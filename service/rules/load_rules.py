"""Rule files and the scopes they inherit from their folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from service.facts.vocabulary.base import Vocabulary
from service.rules.criterion import Tables
from service.rules.document import Document, Problem
from service.rules.expression import All, Any, Node, parse_expression
from service.rules.rule import Advise, Example, Examples, Rule, SourceRef
from service.rules.schema import AdviseShape, ExampleShape, RuleShape, ScopeShape, read_shape

SCOPE = "scope.yaml"


class RuleReader:
    """Reads ``rules/**``; adds what is wrong to ``problems``."""

    def __init__(
        self, documents: Mapping[str, Document], vocabulary: Vocabulary, tables: Tables, problems: list[Problem]
    ):
        found = {document.path: document for document in documents.values()}
        self.documents = {path: found[path] for path in sorted(found) if path.startswith("rules/")}
        self.vocabulary = vocabulary
        self.tables = tables
        self.problems = problems

    def rules(self) -> tuple[Rule, ...]:
        """Every readable rule, in path order; ids are unique."""
        scopes = {
            str(PurePosixPath(path).parent): self._scope(document)
            for path, document in self.documents.items()
            if PurePosixPath(path).name == SCOPE and document.value is not None
        }
        found: dict[str, Rule] = {}
        for path, document in self.documents.items():
            if PurePosixPath(path).name == SCOPE or document.value is None:
                continue
            rule = self._rule(document, _inherited(path, scopes))
            if rule is None:
                continue
            if rule.id in found:
                self.problems.append(document.problem("id", f"{rule.id!r} is also in {found[rule.id].path}."))
            found[rule.id] = rule
        return tuple(found.values())

    def _scope(self, document: Document) -> tuple[Node | None, Node | None]:
        shape, problems = read_shape(document, ScopeShape)
        self.problems.extend(problems)
        if shape is None:
            return None, None
        return self._tree(document, "when", shape.when), self._tree(document, "unless", shape.unless)

    def _tree(self, document: Document, key: str, raw: object) -> Node | None:
        """``when: {all: [...]}`` or ``unless: {any: [...]}``; nothing where the key is not there."""
        if raw is None:
            return None
        needed = "all" if key == "when" else "any"
        if not isinstance(raw, dict) or set(raw) != {needed}:
            self.problems.append(document.problem(key, f"is '{needed}:' with a list of criteria."))
            return None
        return parse_expression(
            raw,
            key,
            self.vocabulary,
            self.tables,
            lambda path, what: self.problems.append(document.problem(path, what)),
        )

    def _rule(self, document: Document, scopes: list[tuple[Node | None, Node | None]]) -> Rule | None:
        shape, problems = read_shape(document, RuleShape)
        self.problems.extend(problems)
        if shape is None:
            return None
        stem = PurePosixPath(document.file).stem
        if shape.id != stem:
            self.problems.append(document.problem("id", f"{shape.id!r} is not the file's name {stem!r}."))
        when, unless = self._tree(document, "when", shape.when), self._tree(document, "unless", shape.unless)
        examples = tuple(self._example(document, index, e) for index, e in enumerate(shape.examples))
        if shape.status == "active":
            self._has_examples(document, examples)
        for name in shape.questions:
            if name not in self.vocabulary:
                self.problems.append(document.problem(f"questions.{name}", f"{name!r} is not a fact."))
        return Rule(
            id=shape.id,
            title=shape.title,
            status=shape.status,
            topic=shape.topic,
            hooks=tuple(shape.hooks),
            source=SourceRef(shape.source.ref, shape.source.at, shape.source.category, shape.source.preference),
            when=All(tuple(w for w in (*(s[0] for s in scopes), when) if w is not None)),
            unless=Any(tuple(u for u in (*(s[1] for s in scopes), unless) if u is not None)),
            advise=_advise(shape.advise),
            inventory=shape.inventory,
            cautions=shape.cautions,
            evidence=shape.evidence,
            assumptions=shape.assumptions,
            suggest=shape.suggest,
            replace=shape.replace,
            supersedes=shape.supersedes,
            examples=Examples(examples),
            questions=shape.questions,
            path=document.file,
        )

    def _example(self, document: Document, index: int, shape: ExampleShape) -> Example:
        expect, facts = str(shape.expect), tuple[str, ...]()
        if isinstance(shape.expect, dict):
            if len(shape.expect) != 1:
                self.problems.append(document.problem(f"examples[{index}].expect", "names one verdict."))
            for verdict, names in shape.expect.items():
                expect, facts = verdict, tuple(names)
        for name in (*shape.given, *facts):
            if name not in self.vocabulary and name.partition("(")[0] not in ("toxicity", "toxicity_worst"):
                self.problems.append(document.problem(f"examples[{index}].given.{name}", f"{name!r} is not a fact."))
        return Example(shape.name, shape.given, expect, facts)

    def _has_examples(self, document: Document, examples: tuple[Example, ...]) -> None:
        """An active rule shows a patient for each of its verdicts."""
        shown = {example.expect for example in examples}
        for needed in ({"applies", "applies_unchecked"}, {"does_not_apply"}, {"cannot_tell", "applies_unchecked"}):
            if not shown & needed:
                self.problems.append(document.problem("examples", f"none expects {' or '.join(sorted(needed))}."))


def _inherited(
    path: str, scopes: Mapping[str, tuple[Node | None, Node | None]]
) -> list[tuple[Node | None, Node | None]]:
    """Scopes of the folders above a rule, outermost first."""
    folders = [str(parent) for parent in PurePosixPath(path).parents]
    return [scopes[folder] for folder in reversed(folders) if folder in scopes]


def _advise(shape: AdviseShape) -> Advise:
    return Advise(
        shape.kind,
        shape.act,
        shape.subject,
        shape.subjects or (shape.subject,),
        shape.regimen,
        shape.components,
        shape.with_,
        shape.note,
        shape.critical,
    )
