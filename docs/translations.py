"""Bring the catalogs of the pages up to date: ``python -m docs.translations``. Tests fail while they are not.

``facts.po`` has the words of the vocabulary: labels, groups, units, values, reasons for unknown. ``pages.po`` has the texts
of templates and of the Python beside them, ``topics.po`` the titles of topics. New texts come in untranslated, unused ones
go; what is translated stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from docs.generate import ROOT
from service.advice.words import OF_CELLS, WHY
from service.book.pages import titled
from service.content import read_content
from service.facts.vocabulary import VOCABULARY
from service.smart.values import UNIT, UNIT_OF_ONE, VALUE
from service.smart.views.registry import VIEWS
from service.smart.words import FACT, FOLDER, LANGUAGES, SOURCE, TOPIC

Key = tuple[str, str]  # context, English text
SMART = "service/smart"
REGISTRY = f"{SMART}/views/registry.py"
_METHODS = [("**.py", "python"), ("**.html", "jinja2")]
_OPTIONS = {"**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
_TEXT = {None: (1,), 2: ((2, "c"), 1)}  # Language.text(english, context)
KEYWORDS: Mapping[str, object] = {  # with a line before them where a class keeps them for itself
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "text": _TEXT,
    "_text": _TEXT,
    "number_of": (1, 2),
    "_many": (1, 2),
    "NothingThere": (1,),
}
# Words of `service.advice.words.Words` and of `service.facts.model` that stand around values
_AROUND = ("yes", "no", "unknown", "none", "list may be incomplete", "known only in part", "found", "to")
# Words that mean something else of one fact
_OWN: Mapping[str, tuple[str, ...]] = {
    "sex": ("other",),
    "tpmt": ("intermediate", "poor"),
    "nudt15": ("intermediate", "poor"),
    "steroid_day8_response": ("good", "poor"),
    "tolerance_of_combinations": ("good", "poor"),
    "induction_tki": ("none",),
    "methotrexate_dose_level": ("low", "high"),
    "cytarabine_dose_level": ("conventional", "high"),
    "diagnosis": ("mature-B",),
    "immunophenotype_subtype": ("mature-B",),
}
# Without the dates that change with every run
_HEAD = """\
# Texts of the pages in another language; docs/languages.md tells how they are kept.
msgid ""
msgstr ""
"Project-Id-Version: Allcue\\n"
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
_FIELDS = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%(?!\()")


def _words() -> Iterator[tuple[Key, str]]:
    """The words of the vocabulary, each with where it is from."""
    for kind in VOCABULARY:
        yield (FACT, kind.label), kind.name
        yield (FACT, kind.group), "groups"
        if kind.unit:
            yield (UNIT, kind.unit), kind.name
            yield (UNIT_OF_ONE, kind.unit), kind.name
        for token in (*kind.values, *kind.parameters):
            yield (VALUE, token), kind.name
    yield (UNIT, f"% {OF_CELLS}"), "MRD as laboratories print it"
    for word in _AROUND:
        yield (VALUE, word), "around values"
    for word in WHY.values():
        yield (VALUE, word), "reasons for unknown"
    for name, tokens in _OWN.items():
        for token in tokens:
            yield (f"{VALUE} of {name}", token), name


def facts(language: str) -> Catalog:
    """The words of the vocabulary, without their translations."""
    where: dict[Key, dict[str, None]] = {}
    for key, source in _words():
        where.setdefault(key, {})[source] = None
    made = _empty(language)
    for (context, english), sources in where.items():
        named = list(sources)
        more = [f"and {len(named) - 3} more"] if len(named) > 4 else named[3:]
        made.add(english, context=context, auto_comments=[", ".join(named[:3] + more)])
    return made


def pages(language: str, root: Path = ROOT) -> Catalog:
    """The texts of templates and Python of a checkout, without their translations."""
    made = _empty(language)
    for view in VIEWS:
        made.add(view.title, locations=[(REGISTRY, 0)])
    for name, _, message, comments, context in extract_from_dir(root / SMART, _METHODS, _OPTIONS, KEYWORDS):  # type: ignore[arg-type]
        made.add(message, context=context, auto_comments=comments, locations=[(f"{SMART}/{name}", 0)])
    return made


def topics(language: str) -> Catalog:
    """The titles of the topics of the content, without their translations; of those without a title of their own the last
    part, unless it is a word of the vocabulary."""
    content = read_content()
    vocabulary = {english for (context, english), _ in _words() if context == VALUE}
    made = _empty(language)
    for topic, title in content.topics.items():
        made.add(title, context=TOPIC, auto_comments=[topic])
    for topic in sorted({rule.topic for rule in content.rules} - set(content.topics)):
        part = titled(content, topic).partition(": ")[2]
        if part not in vocabulary:
            made.add(part, context=TOPIC, auto_comments=[topic])
    return made


CATALOGS = {"facts.po": facts, "pages.po": pages, "topics.po": topics}


def _empty(language: str) -> Catalog:
    return Catalog(locale=language, fuzzy=False)


def present(path: Path, language: str) -> Catalog:
    """A catalog as it stands; an empty one where there is none."""
    if not path.exists():
        return _empty(language)
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def messages(catalog: Catalog) -> dict[Key, Message]:
    """The entries of a catalog by context and English text (of a plural, the singular)."""
    return {(message.context or "", _english(message)): message for message in catalog if message.id}


def problems(language: str, wanted: Iterable[Message], found: Mapping[Key, Message]) -> Iterator[str]:
    """What is wrong with a catalog: texts without translation, with other fields, and translations of nothing."""
    seen = set()
    for message in wanted:
        key = (message.context or "", _english(message))
        seen.add(key)
        said = found[key].string if key in found else ""
        forms = [said] if isinstance(said, str) else list(said or ())
        if not all(forms) or key not in found or found[key].fuzzy:
            yield f"{language}: not translated: {key}"
        elif found[key].pluralizable != message.pluralizable:
            yield f"{language}: one form where two are needed, or two for one: {key}"
        else:
            fields = set(_fields(message.id if isinstance(message.id, str) else message.id[-1]))
            if any(set(_fields(form)) - fields for form in forms) or fields - set(_fields(forms[-1])):
                yield f"{language}: other fields in the translation: {key}"
    for key in found:
        if key not in seen:
            yield f"{language}: no such text any more: {key}"


def _english(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _fields(text: str) -> list[str]:
    return [found[0] for found in _FIELDS.finditer(text)]


def update(language: str) -> list[str]:
    """Write the catalogs of a language anew; what is left to do there."""
    left: list[str] = []
    for name, make in CATALOGS.items():
        path = FOLDER / language / name
        wanted, old = make(language), present(path, language)
        kept = messages(old)
        for key, message in messages(wanted).items():
            if key in kept and kept[key].pluralizable == message.pluralizable:
                message.string = kept[key].string
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.write(_HEAD.format(language=language, plural=wanted.plural_forms).encode())
            write_po(stream, wanted, width=0, include_lineno=False, sort_output=name == "pages.po", omit_header=True)
        left += problems(language, messages(wanted).values(), messages(present(path, language)))
    return left


def main() -> int:
    left = [problem for language in LANGUAGES if language != SOURCE for problem in update(language)]
    print("\n".join(left) or "All texts are translated.")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
