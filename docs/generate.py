"""Write the generated pages: what Allcue reads from FHIR, the rule book, and the catalogue that the tests pin.

Run ``python -m docs.generate`` after changing vocabulary or content; a test fails while the committed pages differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from service.content import read_content, read_terminology
from service.facts.registry import REGISTRY
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.base import FactType
from service.record.terminology import Terminology
from service.rules.checks import catalogue
from service.rules.expression import All, Leaf, Node
from service.rules.rule import Content, Rule

ROOT = Path(__file__).resolve().parents[1]
_MADE = "<!-- Made by `python -m docs.generate`; change the vocabulary or the content instead. -->\n"


def pages() -> Mapping[str, str]:
    """Every generated file by its path in the repository."""
    content = read_content()
    made = {
        "docs/facts.md": _MADE + "\n".join(_facts(read_terminology())) + "\n",
        "tests/data/catalogue.json": json.dumps(catalogue(content), indent=1, ensure_ascii=False) + "\n",
    }
    for source in content.sources:
        made[f"docs/rulebook/{source}.md"] = _MADE + "\n".join(_book(content, source)) + "\n"
    return made


def _facts(terminology: Terminology) -> Iterator[str]:
    yield "# What Allcue reads from FHIR\n"
    yield "Every fact that rules may name. Missing data is never a no: a fact is a value or unknown with its reason."
    groups: dict[str, list[FactType]] = {}
    for kind in VOCABULARY:
        groups.setdefault(kind.group, []).append(kind)
    for group, kinds in groups.items():
        yield f"\n## {group.capitalize()}\n"
        yield "| fact | meaning | values | read or derived from | codes | ages after |"
        yield "|---|---|---|---|---|---|"
        for kind in kinds:
            stale = f"{kind.stale_after_days} days" if kind.stale_after_days else ""
            cells = (
                f"`{kind.name}`{_aliases(kind)}",
                kind.label,
                _values(kind),
                _origin(kind),
                _codes(kind, terminology),
                stale,
            )
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _aliases(kind: FactType) -> str:
    return f" (also {', '.join(f'`{a}`' for a in kind.aliases)})" if kind.aliases else ""


def _values(kind: FactType) -> str:
    text = kind.describe_values()
    return text if len(text) <= 160 else text[:157].rsplit(",", 1)[0] + ", ..."


def _origin(kind: FactType) -> str:
    if kind.judgement:
        return "the clinician's judgement: asked, never derived"
    providers = {
        p.name for name, found in REGISTRY.by_name.items() if name.partition("(")[0] == kind.name for p in found
    }
    text = kind.read_from or ("read or derived" if providers else "stated only, so far")
    return text + (f'; "no" means {kind.no_means}' if kind.no_means else "")


def _codes(kind: FactType, terminology: Terminology) -> str:
    found = [c for group in kind.codes for c in terminology.codings(group) if c.sendable]
    shown = ", ".join(f"{c.system.rsplit('/', 1)[-1]} {c.code}" for c in found[:6])
    return shown + (f" and {len(found) - 6} more" if len(found) > 6 else "")


def _book(content: Content, source: str) -> Iterator[str]:
    about = content.sources[source]
    rules = [rule for rule in content.rules if rule.source.ref == source]
    yield f"# {about.label}\n"
    yield f"{about.citation}\n"
    yield f"Population: {about.population}. Region: {about.region}. {len(rules)} rules. {about.licence_note or ''}"
    for topic in dict.fromkeys(rule.topic for rule in rules):
        yield f"\n## {content.topic_title(topic)}\n"
        for rule in rules:
            if rule.topic == topic:
                yield from _rule(rule, content)


def _rule(rule: Rule, content: Content) -> Iterator[str]:
    yield f"\n### {rule.title}\n"
    strength = [rule.source.preference or "", f"category {rule.source.category}" if rule.source.category else ""]
    yield f"`{rule.id}` ({rule.status}) · {rule.source.at}" + "".join(f" · {part}" for part in strength if part) + "\n"
    if rule.advise.note:
        yield f"{rule.advise.note}\n"
    yield "When:\n"
    yield from _tree(rule.when, 0)
    if rule.unless.children if not isinstance(rule.unless, Leaf) else True:
        yield "\nUnless:\n"
        yield from _tree(rule.unless, 0)
    for label, items in (("Assumed", rule.assumptions), ("Cautions", rule.cautions)):
        if items:
            yield f"\n{label}: {'; '.join(items)}"
    for key in rule.evidence:
        row = content.evidence[key]
        yield f"\nEvidence: {row.trial}: {row.figures} ({row.citation}; {row.at})"
    if rule.inventory:
        yield f"\nInventory: {', '.join(f'`{entry}`' for entry in rule.inventory)}"


def _tree(node: Node, depth: int) -> Iterator[str]:
    indent = "  " * depth
    after = f" (while unknown: go on and name it; {node.because})" if node.because else ""
    if isinstance(node, Leaf):
        yield f"{indent}- {node.criterion.said}{after}"
        return
    if depth or after:
        yield f"{indent}- {'all of' if isinstance(node, All) else 'any of'}{after}:"
    for child in node.children:
        yield from _tree(child, depth + 1 if depth or after else depth)


def main() -> None:
    """Write every page that differs."""
    for path, text in pages().items():
        target = ROOT / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
