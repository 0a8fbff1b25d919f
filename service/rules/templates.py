"""Templates of cards: what one of a site may say, measured against the one it replaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from service.rules.digest import SITE
from service.rules.document import Problem

# Words a template may pass over. Everything else it must show: options, warnings, what was not checked, the sources.
_MAY_BE_LEFT_OUT = frozenset(
    {"assumptions", "at", "components", "evidence", "facts", "figures", "further", "labels", "trial", "why"}
)
_OF_LOOPS = frozenset({"loop", "first", "last", "index", "index0", "length"})
_ENVIRONMENT = Environment(autoescape=False)  # noqa: S701 - only parsed here; cards are Markdown


def template_problems(shipped: Mapping[str, str], templates: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with templates, by path; a template that differs from the shipped one is the site's.

    A template reads only what the shipped one reads, so that no card fails while it is drawn, and keeps what a
    clinician must see.
    """
    for path, text in templates.items():
        of_site = text != shipped.get(path)
        file = f"{SITE}{path}" if of_site else path
        try:
            names = _names(text)
        except TemplateSyntaxError as error:
            yield Problem(file, error.lineno, "", f"is not a template: {error.message}.")
            continue
        if not of_site or path not in shipped:
            continue
        for word, line in _other_files(text):
            yield Problem(file, line, "", f"{word!r} is not allowed: a template stands by itself.")
        allowed = _names(shipped[path])
        for name in sorted(names.keys() - allowed.keys() - _OF_LOOPS):
            yield Problem(
                file, names[name], "", f"nothing here is called {name!r}. Allowed: {', '.join(sorted(allowed))}."
            )
        for name in sorted(allowed.keys() - names.keys() - _MAY_BE_LEFT_OUT - _OF_LOOPS):
            yield Problem(file, 1, "", f"leaves out {name!r}, which a card must show.")


def _other_files(text: str) -> Iterator[tuple[str, int]]:
    """Statements that would need another template."""
    for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
        yield from ((kind.__name__.lower(), node.lineno) for node in _ENVIRONMENT.parse(text).find_all(kind))


def _names(text: str) -> dict[str, int]:
    """Every variable and attribute a template reads, with its line; its own loop variables are none.

    Raises:
        TemplateSyntaxError: it is no template.
    """
    _ENVIRONMENT.compile(text)  # finds filters that do not exist, too
    tree = _ENVIRONMENT.parse(text)
    outside = meta.find_undeclared_variables(tree)
    found: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        if name.name in outside:
            found.setdefault(name.name, name.lineno)
    for attribute in tree.find_all(nodes.Getattr):
        found.setdefault(attribute.attr, attribute.lineno)
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
            found.setdefault(item.arg.value, item.lineno)
    return found
