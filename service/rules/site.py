"""A site's own content laid over the shipped one, file by file.

A new file is added. A file under the path of a shipped one is a mistake, unless ``site.yaml`` names it under
``replaces``; tables and titles take new rows without that, but no row of ours is replaced unless it is named.
``policy.yaml`` is merged by `service.rules.load_policy`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from service.facts.vocabulary.base import did_you_mean
from service.rules.digest import SITE
from service.rules.document import Document, Problem, read_yaml
from service.rules.schema import read_shape
from service.rules.site_content import ReplacesShape, Signed, SiteShape, SwitchedOffShape, WordingShape
from service.rules.tables import KEYED_TABLES

SITE_FILE = "site.yaml"
POLICY_FILE = "policy.yaml"
TITLES_FILE = "wording/topics.yaml"
_FOLDERS = ("sources/", "rules/", "tables/", "wording/")
_PLACES = "site.yaml, policy.yaml, sources/*.yaml, rules/**/*.yaml, tables/**/*.yaml, wording/*.md, wording/topics.yaml"


class Overlay:
    """Both contents as one. ``problems``: what is wrong with the way the site's files lie over ours.

    ``replaced``: shipped files the site's stand in for, as a whole or by rows, with the reason.
    """

    def __init__(self, files: Mapping[str, str], documents: Mapping[str, Document], site: Mapping[str, str]):
        """``documents``: the YAML files of the shipped ``files``; ``site``: the texts of the site's folder."""
        self.files = files
        self.shipped = documents
        self.site_files = site
        self.own = {path: read_yaml(SITE + path, text) for path, text in site.items() if path.endswith(".yaml")}
        self.document = _with_text_keys(self.own.pop(SITE_FILE, Document(SITE + SITE_FILE, None)))
        self.problems: list[Problem] = list(self.document.problems)
        self.plan = self._read_plan()
        self.replaced: dict[str, ReplacesShape] = {}
        self.documents = {document.file: document for document in self._laid_over()}
        if self.plan is not None:
            self._check_replaces(self.plan)
            self._check_prefix(self.plan)

    @property
    def own_sources(self) -> frozenset[str]:
        """Sources that only the site has."""
        return frozenset(PurePosixPath(document.path).stem for document in self.added("sources/"))

    def added(self, folder: str) -> Iterator[Document]:
        """The site's readable files in a folder that replace nothing."""
        for path, document in sorted(self.own.items()):
            if path.startswith(folder) and path not in self.shipped and document.value is not None:
                yield document

    def _read_plan(self) -> SiteShape | None:
        if SITE_FILE not in self.site_files:
            self.problems.append(
                Problem(SITE + SITE_FILE, 1, "", "is missing: it says whose content this is (name) and its prefix.")
            )
        if self.document.value is None:
            return None
        shape, problems = read_shape(self.document, SiteShape)
        self.problems.extend(problems)
        return shape

    def _laid_over(self) -> Iterator[Document]:
        """The documents of both. Where ``site.yaml`` cannot be read, what it may allow is not called a mistake."""
        entries = {entry.path: entry for entry in self.plan.replaces} if self.plan else {}
        for path in sorted(self.site_files.keys() - {SITE_FILE, *self.own}):
            self._template(path, entries)
        for path, document in self.shipped.items():
            if path == POLICY_FILE or path not in self.own:
                yield document
            elif _takes_rows(path) and not self._whole(path, entries):
                yield self._without_replaced(document)
            elif self.plan is not None and path not in entries:
                yield document
        for path, document in sorted(self.own.items()):
            if self._is_place(path) and self._may_stand(path, entries):
                yield document

    def _whole(self, path: str, entries: Mapping[str, ReplacesShape]) -> bool:
        return path in entries and not entries[path].rows

    def _is_place(self, path: str) -> bool:
        parts = path.split("/")
        place = (
            path in (POLICY_FILE, TITLES_FILE)
            or (parts[0] == "sources" and len(parts) == 2)
            or (parts[0] == "rules" and len(parts) > 1)
            or (parts[0] == "tables" and (len(parts) == 2 or parts[1] in KEYED_TABLES))
        )
        if not place:
            near = did_you_mean(f"{parts[0]}/", _FOLDERS) or did_you_mean(path, (SITE_FILE, POLICY_FILE, TITLES_FILE))
            self.problems.append(Problem(SITE + path, 1, "", f"is not read here. Allowed: {_PLACES}.{near}"))
        return place

    def _may_stand(self, path: str, entries: Mapping[str, ReplacesShape]) -> bool:
        """Whether the site's file is used; a shipped one of that path must have been given up for it."""
        if path not in self.shipped or path == POLICY_FILE:
            return True
        if self._whole(path, entries):
            self.replaced[path] = entries[path]
        elif _takes_rows(path):
            self._check_rows(path, entries.get(path))
        elif self.plan is not None:
            self._taken(path)
            return False
        return True

    def _taken(self, path: str) -> None:
        if self.site_files[path] == self.files[path]:
            what = "is the shipped file, unchanged: leave it out."
        else:
            what = f"would replace the shipped file. If that is meant, name it in {SITE_FILE} under replaces, with because."
        self.problems.append(Problem(SITE + path, 1, "", what))

    def _check_rows(self, path: str, entry: ReplacesShape | None) -> None:
        own, theirs = _rows(self.own[path]), _rows(self.shipped[path])
        named = entry.rows if entry else ()
        for row in own.keys() & theirs.keys() - set(named) if self.plan else ():
            self.problems.append(self.own[path].problem(
                _row_path(path, row),
                f"would replace a shipped row. If that is meant, name it in {SITE_FILE} under replaces: "
                f"{{path: {path}, rows: [{row}], because: ...}}.",
            ))  # fmt: skip
        if entry is not None:
            self.replaced[path] = entry

    def _without_replaced(self, document: Document) -> Document:
        """A shipped table without the rows that stand in the site's; those it may not replace are told elsewhere."""
        own = _rows(self.own[document.path])
        kept = {key: row for key, row in _rows(document).items() if key not in own}
        return replace(document, value={**document.value, "rows": kept} if _is_value_list(document.path) else kept)

    def _template(self, path: str, entries: Mapping[str, ReplacesShape]) -> None:
        shipped = [name for name in self.files if name.endswith(".md")]
        if not path.endswith(".md"):
            near = did_you_mean(path, [f"{path.rpartition('.')[0]}.yaml"])
            self.problems.append(Problem(SITE + path, 1, "", f"is not read here. Allowed: {_PLACES}.{near}"))
        elif path not in shipped:
            known = f"no card uses it. Allowed: {', '.join(shipped)}.{did_you_mean(path, shipped)}"
            self.problems.append(Problem(SITE + path, 1, "", known))
        elif path in entries:
            self.replaced[path] = entries[path]
        elif self.plan is not None:
            self._taken(path)

    def _check_replaces(self, plan: SiteShape) -> None:
        """What ``replaces`` names is there on both sides."""
        paths = [entry.path for entry in plan.replaces]
        for index, entry in enumerate(plan.replaces):
            at = f"replaces[{index}]"
            if entry.path in paths[:index]:
                self.problems.append(self.document.problem(f"{at}.path", f"{entry.path!r} is named twice."))
            elif entry.path == POLICY_FILE:
                self.problems.append(self.document.problem(
                    f"{at}.path", "policy.yaml is merged key by key and needs no leave."))  # fmt: skip
            elif entry.path not in self.files:
                self.problems.extend(self.document.misses(
                    f"{at}.path", (entry.path,), self.files, "shipped file", listed=False))  # fmt: skip
            elif entry.path not in self.site_files:
                self.problems.append(self.document.problem(f"{at}.path", f"the site has no file {entry.path!r}."))
            elif entry.rows and not _takes_rows(entry.path):
                self.problems.append(self.document.problem(
                    f"{at}.rows", "only tables and wording/topics.yaml have rows; the file is replaced as a whole."))  # fmt: skip
            elif entry.rows:
                theirs, own = _rows(self.shipped[entry.path]), _rows(self.own[entry.path])
                self.problems.extend(self.document.misses(f"{at}.rows", entry.rows, theirs, "row of the shipped file"))
                missing = [row for row in entry.rows if row in theirs and row not in own]
                self.problems.extend(
                    self.document.problem(f"{at}.rows", f"the site's file has no row {row!r}.") for row in missing
                )

    def _check_prefix(self, plan: SiteShape) -> None:
        """What the site adds can be told from what is shipped, now and in later versions, by its name alone."""
        prefix = plan.prefix
        ours = [PurePosixPath(p).stem for p in self.shipped if p.startswith(("rules/", "sources/"))]
        taken = [name for name in ours if name.startswith(prefix)]
        if taken:
            self.problems.append(self.document.problem("prefix", f"{prefix!r} is how the shipped {taken[0]!r} begins."))
        for document in (*self.added("sources/"), *self.added("rules/")):
            path = PurePosixPath(document.path)
            if path.name != "scope.yaml" and not path.stem.startswith(prefix):
                self.problems.append(document.problem(
                    "id", f"{path.stem!r} does not begin with the site's prefix {prefix!r}."))  # fmt: skip
            if path.parts[0] == "rules" and not path.parts[1].startswith(prefix):
                self.problems.append(document.problem(
                    "", f"lies in a folder of the shipped content. Allowed: rules/{prefix}.../."))  # fmt: skip


def signed(entry: SwitchedOffShape | WordingShape | ReplacesShape) -> Signed:
    """The reason of an entry of ``site.yaml``, with who gave it."""
    return Signed(entry.because, entry.by, entry.on)


def _takes_rows(path: str) -> bool:
    return path == TITLES_FILE or path.startswith("tables/")


def _is_value_list(path: str) -> bool:
    """Whether the rows of a table stand under ``rows``, beside its title."""
    return PurePosixPath(path).parent == PurePosixPath("tables") and path not in _KEYED_FILES


_KEYED_FILES = frozenset(f"tables/{name}.yaml" for name in (*KEYED_TABLES, "questions"))


def _row_path(path: str, row: str) -> str:
    return f"rows.{row}" if _is_value_list(path) else row


def _rows(document: Document) -> dict[str, Any]:
    value = document.value
    if _is_value_list(document.path) and isinstance(value, dict):
        value = value.get("rows")
    return {str(key): row for key, row in value.items()} if isinstance(value, dict) else {}


def _with_text_keys(document: Document) -> Document:
    """YAML reads the bare key ``on`` as a truth value."""
    return replace(document, value=_text_keys(document.value))


def _text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {"on" if key is True else key: _text_keys(item) for key, item in value.items()}
    return [_text_keys(item) for item in value] if isinstance(value, list) else value
