"""Read a content folder, given as texts by relative path, into `Content`; report everything wrong with it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from service.facts.vocabulary.base import Vocabulary, did_you_mean
from service.rules.criterion import Tables
from service.rules.digest import digest
from service.rules.document import Document, Problem, read_yaml
from service.rules.load_policy import PolicyReader
from service.rules.load_rules import RuleReader
from service.rules.plain_yaml import PlainReader
from service.rules.rule import Content, Policy, Rule, Source, is_under
from service.rules.schema import TOPIC, S, Shape, SourceShape, read_shape
from service.rules.site import Overlay
from service.rules.site_content import SiteContent, SiteRowsShape
from service.rules.site_rules import SiteRules
from service.rules.tables import KEYED_TABLES, Definition, Difference, Evidence, LookupShape, NotImplemented, Orderable
from service.rules.templates import template_problems


class ContentProblems(ValueError):
    """Content that must not be served. ``problems`` lists everything that is wrong, in file order."""

    def __init__(self, problems: list[Problem]):
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def load_content(files: Mapping[str, str], vocabulary: Vocabulary, site: Mapping[str, str] | None = None) -> Content:
    """Read content.

    Args:
        files: texts by path relative to the content folder, with forward slashes (``rules/.../x.yaml``).
        vocabulary: the facts that criteria may name.
        site: texts of a site's own folder, which adds to the content and changes it as its ``site.yaml`` says.

    Raises:
        ContentProblems: anything misspelled, missing, doubled or pointing nowhere, with file and line.
    """
    return _Loader(files, vocabulary, site).load()


class _Loader:
    def __init__(self, files: Mapping[str, str], vocabulary: Vocabulary, site: Mapping[str, str] | None):
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []
        reader = PlainReader()
        self.documents = {path: read_yaml(path, text, reader) for path, text in files.items() if path.endswith(".yaml")}
        self.templates = shipped = _templates(files)
        self.overlay = None
        if site is not None:
            self.overlay = Overlay(files, self.documents, site)
            self.documents, self.templates = self.overlay.documents, _templates({**files, **site})
            self.problems.extend(self.overlay.problems)
        for document in self.documents.values():
            self.problems.extend(document.problems)
        self.problems.extend(template_problems(shipped, self.templates))
        paths = (PurePosixPath(document.path) for document in self.documents.values())
        self.rule_ids = {path.stem for path in paths if path.parts[0] == "rules"}  # a rule is named like its file
        self.digest = digest(files, site)

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
        rules, policy, site = self._as_the_site_wants(rules, sources, tables)
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
            digest=self.digest,
            wording={PurePosixPath(path).stem: text for path, text in self.templates.items()},
            site=site,
        )

    def _as_the_site_wants(
        self, rules: tuple[Rule, ...], sources: Mapping[str, Source], tables: Tables
    ) -> tuple[tuple[Rule, ...], Policy | None, SiteContent | None]:
        """Rules and policy with what the site switched off, worded otherwise or decided differently."""
        reader = PolicyReader(self.documents, self.vocabulary, tables, self.problems)
        own = frozenset(sources.keys() & self.overlay.own_sources) if self.overlay else frozenset()
        policy = reader.read(sources, {rule.id: rule.topic for rule in rules}, own)
        if self.overlay is None:
            return rules, policy, None
        active = policy.active if policy is not None else tuple(sources)
        changed = SiteRules(self.overlay, rules, sources, active, self.documents, self.problems)
        if policy is not None:
            policy = replace(policy, active=tuple(s for s in active if s not in changed.sources_off))
        site = changed.content and replace(changed.content, policy=reader.changes)
        return tuple(changed.rules.values()), policy, site

    def _under(self, folder: str) -> Iterator[tuple[str, Document]]:
        """Readable documents directly in a folder, by file name without ending; of one name ours before the site's."""
        for document in sorted(self.documents.values(), key=lambda document: (document.path, document.of_site)):
            path = PurePosixPath(document.path)
            if path.parent == PurePosixPath(folder) and document.value is not None:
                yield path.stem, document

    def _at(self, path: str) -> Iterator[Document]:
        """Readable documents at a path: ours, the site's, or both."""
        folder = str(PurePosixPath(path).parent)
        yield from (document for _, document in self._under(folder) if document.path == path)

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
        lookups: dict[str, LookupShape] = {}
        for stem, document in self._under("tables"):
            if stem in KEYED_TABLES or stem == "questions":
                continue
            if stem in lookups:  # the site's rows
                more = self._shape(document, SiteRowsShape)
                rows = {**lookups[stem].rows, **(more.rows if more is not None else {})}
                lookups[stem] = lookups[stem].model_copy(update={"rows": rows})
            elif (shape := self._shape(document, LookupShape)) is not None:
                lookups[stem] = shape
        return lookups

    def _keyed(self, name: str, shape: type[S]) -> dict[str, S]:
        """Rows of ``tables/<name>.yaml`` and of every file in the folder ``tables/<name>/``; ids are unique over all."""
        rows: dict[str, S] = {}
        for document in sorted(self.documents.values(), key=lambda document: (document.path, document.of_site)):
            path = document.path
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
        """Rules named in a table."""
        self.problems.extend(document.misses(path, names, self.rule_ids, "rule"))

    def _facts_named(self, document: Document, names: tuple[str, ...], path: str) -> None:
        for index, name in enumerate(names):
            wrong = self._is_fact(name)
            if wrong:
                self.problems.append(document.problem(f"{path}[{index}]", wrong))

    def _sentences(self, path: str, key_problem: Callable[[str], str | None]) -> dict[str, str]:
        """A mapping of known keys to sentences."""
        sentences = {}
        for document in self._at(path):
            if not isinstance(document.value, dict):
                self.problems.append(document.problem("", "is a mapping of names to sentences."))
                continue
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
            wrong = [*document.misses("source.ref", (rule.source.ref,), sources, "source", listed=False)]
            if topics and not any(is_under(rule.topic, topic) for topic in topics):
                wrong.append(document.problem("topic", f"{rule.topic!r} has no title in wording/topics.yaml."))
            for key, orders in (("suggest", rule.suggest), ("replace", rule.replace)):
                wrong += document.misses(key, orders, orderables, "row of tables/tests or tables/drugs")
            if rule.advise.critical and not rule.is_safety:
                wrong.append(document.problem("advise.critical", "is for safety rules: kind safety."))
            wrong += document.misses("evidence", rule.evidence, evidence, "record in tables/evidence")
            wrong += document.misses("supersedes", rule.supersedes, ids, "rule")
            # A caution is the id of a rule or a sentence; one word alone can only be a misspelled id.
            wrong += document.misses("cautions", [c for c in rule.cautions if " " not in c], ids, "rule")
            self.problems.extend(wrong)

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
        document = next(self._at("not_implemented.yaml"), None)
        entries: dict[str, NotImplemented] = {}
        if document is None:
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


def _templates(files: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if path.startswith("wording/") and path.endswith(".md")}


def _keyed_row(item: tuple[object, object]) -> tuple[str, object]:
    """An id and its row; a row left empty is read as one without keys, so that each missing key is told."""
    return str(item[0]), item[1] if item[1] is not None else {}


def _of(shape: type[S], rows: Mapping[str, Shape]) -> dict[str, S]:
    return {key: row for key, row in rows.items() if isinstance(row, shape)}
