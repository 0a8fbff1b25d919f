"""Read a content folder, given as texts by relative path, into `Content`; report everything wrong with it at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from service.facts.vocabulary.base import Vocabulary, did_you_mean
from service.rules.criterion import Tables
from service.rules.document import Document, Problem, read_yaml
from service.rules.expression import parse_expression
from service.rules.load_rules import RuleReader
from service.rules.rule import Content, Edition, Policy, Population, Rule, Source, is_under
from service.rules.schema import TOPIC, PolicyShape, S, Shape, SourceShape, read_shape
from service.rules.tables import Definition, Difference, Evidence, LookupShape, NotImplemented, Orderable

KEYED_TABLES: Mapping[str, type[Shape]] = {
    "tests": Orderable,
    "drugs": Orderable,
    "evidence": Evidence,
    "definitions": Definition,
    "differences": Difference,
}


class ContentProblems(ValueError):
    """Content that must not be served. ``problems`` lists everything that is wrong, in file order."""

    def __init__(self, problems: list[Problem]):
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def load_content(files: Mapping[str, str], vocabulary: Vocabulary) -> Content:
    """Read content.

    Args:
        files: texts by path relative to the content folder, with forward slashes (``rules/.../x.yaml``).
        vocabulary: the facts that criteria may name.

    Raises:
        ContentProblems: anything misspelled, missing, doubled or pointing nowhere, with file and line.
    """
    return _Loader(files, vocabulary).load()


class _Loader:
    def __init__(self, files: Mapping[str, str], vocabulary: Vocabulary):
        self.files = files
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []
        self.documents = {path: self._read(path, text) for path, text in files.items() if path.endswith(".yaml")}
        self.rule_files = {PurePosixPath(path).stem for path in self.documents if path.startswith("rules/")}

    def load(self) -> Content:
        sources = self._sources()
        lookups = self._lookups()
        keyed = {name: self._keyed(name, shape) for name, shape in KEYED_TABLES.items()}
        questions = self._sentences("tables/questions.yaml", self._is_fact)
        topics = self._sentences("wording/topics.yaml", self._is_topic)
        tables: Tables = {t: {r: row.values for r, row in table.rows.items()} for t, table in lookups.items()}
        reader = RuleReader(self.documents, self.vocabulary, tables, self.problems)
        rules = reader.rules()
        orderables: dict[str, Orderable] = {**_of(Orderable, keyed["tests"]), **_of(Orderable, keyed["drugs"])}
        self._references(rules, sources, orderables, keyed["evidence"], topics)
        policy = self._policy(sources, {rule.id for rule in rules}, tables)
        not_implemented = self._not_implemented()
        inventory = self._inventory(sources)
        if self.problems or policy is None:
            raise ContentProblems(self.problems)
        return Content(
            sources=sources,
            rules=rules,
            policy=policy,
            lookups=lookups,
            orderables=orderables,
            questions=questions,
            topics=topics,
            evidence=_of(Evidence, keyed["evidence"]),
            definitions=_of(Definition, keyed["definitions"]),
            differences=_of(Difference, keyed["differences"]),
            inventory=inventory,
            not_implemented=not_implemented,
            digest=_digest(self.files),
            wording={PurePosixPath(p).stem: t for p, t in self.files.items() if p.startswith("wording/")},
        )

    def _read(self, path: str, text: str) -> Document:
        document = read_yaml(path, text)
        self.problems.extend(document.problems)
        return document

    def _under(self, folder: str) -> Iterator[tuple[str, Document]]:
        """Readable documents directly in a folder, by file name without ending."""
        for path, document in sorted(self.documents.items()):
            if PurePosixPath(path).parent == PurePosixPath(folder) and document.value is not None:
                yield PurePosixPath(path).stem, document

    def _shape(self, document: Document, shape: type[S], value: object = None, at: str = "") -> S | None:
        found, problems = read_shape(document, shape, value, at)
        self.problems.extend(problems)
        return found

    def _sources(self) -> dict[str, Source]:
        sources: dict[str, Source] = {}
        for stem, document in self._under("sources"):
            shape = self._shape(document, SourceShape)
            if shape is None:
                continue
            if shape.id != stem:
                self.problems.append(document.problem("id", f"{shape.id!r} is not the file's name {stem!r}."))
            sources[shape.id] = Source(
                id=shape.id,
                title=shape.title,
                edition=shape.edition,
                published=shape.published,
                citation=shape.citation,
                population=shape.population,
                region=shape.region,
                in_force_from=shape.in_force_from,
                aliases=shape.aliases,
                url=shape.url,
                licence_note=shape.licence_note,
                short=shape.short,
                body=shape.authors_or_body,
                supersedes=shape.supersedes,
                silent_on=shape.silent_on,
                last_checked=shape.last_checked,
            )
        return sources

    def _lookups(self) -> dict[str, LookupShape]:
        lookups = {}
        for stem, document in self._under("tables"):
            if stem not in KEYED_TABLES and stem != "questions":
                shape = self._shape(document, LookupShape)
                if shape is not None:
                    lookups[stem] = shape
        return lookups

    def _keyed(self, name: str, shape: type[S]) -> dict[str, S]:
        """Rows of ``tables/<name>.yaml`` and of every file in the folder ``tables/<name>/``; ids are unique over all."""
        rows: dict[str, S] = {}
        for path, document in sorted(self.documents.items()):
            if document.value is None or not (path == f"tables/{name}.yaml" or path.startswith(f"tables/{name}/")):
                continue
            if not isinstance(document.value, dict):
                self.problems.append(document.problem("", "is a mapping of ids to rows."))
                continue
            for key, value in map(_keyed_row, document.value.items()):
                if key in rows:
                    self.problems.append(document.problem(key, "the id is also in another file of this table."))
                row = self._shape(document, shape, value, key)
                if row is not None:
                    rows[key] = row
                    self._facts_named(document, getattr(row, "answers", ()), f"{key}.answers")
                    self._rules_named(document, getattr(row, "rules", ()), f"{key}.rules")
        return rows

    def _rules_named(self, document: Document, names: tuple[str, ...], path: str) -> None:
        """Rules named in a table; a rule's id is its file's name."""
        self._point(document, path, names, self.rule_files, "rule")

    def _facts_named(self, document: Document, names: tuple[str, ...], path: str) -> None:
        for index, name in enumerate(names):
            wrong = self._is_fact(name)
            if wrong:
                self.problems.append(document.problem(f"{path}[{index}]", wrong))

    def _sentences(self, path: str, key_problem: Callable[[str], str | None]) -> dict[str, str]:
        """A mapping of known keys to sentences."""
        document = self.documents.get(path)
        if document is None or document.value is None:
            return {}
        if not isinstance(document.value, dict):
            self.problems.append(document.problem("", "is a mapping of names to sentences."))
            return {}
        sentences = {}
        for key, text in document.value.items():
            wrong = key_problem(str(key))
            if wrong:
                self.problems.append(document.problem(str(key), wrong))
            if isinstance(text, str):
                sentences[str(key)] = text
            else:
                self.problems.append(document.problem(str(key), f"{text!r} is not a sentence."))
        return sentences

    def _is_fact(self, name: str) -> str | None:
        if name in self.vocabulary:
            return None
        return f"{name!r} is not a fact.{did_you_mean(name, [kind.name for kind in self.vocabulary])}"

    def _is_topic(self, name: str) -> str | None:
        return None if TOPIC.fullmatch(name) else f"{name!r} is not a topic: lower-case words parted by slashes."

    def _references(
        self,
        rules: tuple[Rule, ...],
        sources: Mapping[str, Source],
        orderables: Mapping[str, Orderable],
        evidence: Mapping[str, Shape],
        topics: Mapping[str, str],
    ) -> None:
        """Everything a rule points at must exist."""
        ids = {rule.id for rule in rules}
        for rule in rules:
            document = self.documents[rule.path]
            self._point(document, "source.ref", (rule.source.ref,), sources, "source", listed=False)
            if topics and not any(is_under(rule.topic, topic) for topic in topics):
                self.problems.append(document.problem("topic", f"{rule.topic!r} has no title in wording/topics.yaml."))
            self._point(document, "suggest", rule.suggest, orderables, "row of tables/tests or tables/drugs")
            self._point(document, "evidence", rule.evidence, evidence, "record in tables/evidence")
            self._point(document, "supersedes", rule.supersedes, ids, "rule")
            # A caution is the id of a rule or a sentence; one word alone can only be a misspelled id.
            self._point(document, "cautions", tuple(c for c in rule.cautions if " " not in c), ids, "rule")

    def _point(
        self,
        document: Document,
        path: str,
        names: tuple[str, ...],
        allowed: Mapping[str, object] | set[str],
        what: str,
        *,
        listed: bool = True,
    ) -> None:
        for index, name in enumerate(names):
            if name not in allowed:
                at = f"{path}[{index}]" if listed else path
                self.problems.append(document.problem(at, f"{name!r} is not a {what}.{did_you_mean(name, allowed)}"))

    def _policy(self, sources: Mapping[str, Source], rules: set[str], tables: Tables) -> Policy | None:
        document = self.documents.get("policy.yaml")
        if document is None:
            self.problems.append(Problem("policy.yaml", 1, "", "is missing."))
            return None
        shape = self._shape(document, PolicyShape) if document.value is not None else None
        if shape is None:
            return None
        self._point(document, "active", shape.active, sources, "source")
        for index, edition in enumerate(shape.editions):
            at = f"editions[{index}]"
            self._point(document, f"{at}.sources", edition.sources, sources, "source")
            self._point(document, f"{at}.population", (edition.population,), shape.populations, "population",
                        listed=False)  # fmt: skip
        for index, pair in enumerate(shape.accepted_oppositions):
            self._point(document, f"accepted_oppositions[{index}].rules", pair.rules, rules, "rule")
        return Policy(
            active=shape.active,
            populations=dict(self._populations(document, shape, tables)),
            region=shape.region,
            cards_on_chart_open=shape.limits.cards_on_chart_open,
            editions=tuple(Edition(e.topic, e.population, e.sources) for e in shape.editions),
            accepted_oppositions={frozenset(pair.rules): pair.because for pair in shape.accepted_oppositions},
        )

    def _populations(self, document: Document, shape: PolicyShape, tables: Tables) -> Iterator[tuple[str, Population]]:
        def report(path: str, what: str) -> None:
            self.problems.append(document.problem(path, what))

        for name, population in shape.populations.items():
            at = f"populations.{name}.when"
            node = parse_expression(population.when, at, self.vocabulary, tables, report)
            if node is not None:
                yield name, Population(name, population.title, node)

    def _inventory(self, sources: Mapping[str, Source]) -> dict[str, dict[str, str]]:
        """``inventory/<source>.yaml``: the statements of a source, as lists of ids by kind."""
        found: dict[str, dict[str, str]] = {}
        seen: set[str] = set()
        for stem, document in self._under("inventory"):
            if stem not in sources:
                self.problems.append(document.problem("", f"{stem!r} is not a source.{did_you_mean(stem, sources)}"))
            listed = found.setdefault(stem, {})
            kinds = document.value if isinstance(document.value, dict) else {"": None}
            for kind, entries in kinds.items():
                if not isinstance(entries, list):
                    self.problems.append(document.problem(str(kind), "is a list of ids by kind."))
                    continue
                for index, entry in enumerate(map(str, entries)):
                    if entry in seen:
                        self.problems.append(document.problem(f"{kind}[{index}]", f"{entry!r} is listed twice."))
                    seen.add(entry)
                    listed[entry] = str(kind)
        return found

    def _not_implemented(self) -> dict[str, NotImplemented]:
        document = self.documents.get("not_implemented.yaml")
        entries: dict[str, NotImplemented] = {}
        if document is None or document.value is None:
            return entries
        if not isinstance(document.value, list):
            self.problems.append(document.problem("", "is a list of {id, reason}."))
            return entries
        for index, raw in enumerate(document.value):
            entry = self._shape(document, NotImplemented, raw if raw is not None else {}, f"[{index}]")
            if entry is None:
                continue
            if entry.id in entries:
                self.problems.append(document.problem(f"[{index}].id", f"{entry.id!r} is listed twice."))
            entries[entry.id] = entry
        return entries


def _keyed_row(item: tuple[object, object]) -> tuple[str, object]:
    """An id and its row; a row left empty is read as one without keys, so that each missing key is told."""
    return str(item[0]), item[1] if item[1] is not None else {}


def _of(shape: type[S], rows: Mapping[str, Shape]) -> dict[str, S]:
    return {key: row for key, row in rows.items() if isinstance(row, shape)}


def _digest(files: Mapping[str, str]) -> str:
    """A short name for exactly this content: SHA-256 over paths and texts, first 16 hexadecimal digits."""
    total = hashlib.sha256()
    for path, text in sorted(files.items()):
        total.update(f"{path}\0{text}\0".encode())
    return total.hexdigest()[:16]
