"""The generated pages of the exchange with other systems: source attributes, and what a FHIR server must offer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.commands.content_export import BASE, queries
from service.content import read_content, read_terminology
from service.exchange.attributes import DERIVED, ELEMENTS, FUNDING, NAMED, Attributes, Element, dates_of, developer_of
from service.exchange.names import Names
from service.exchange.needs import Needs, capability_statement
from service.facts.registry import REGISTRY
from service.facts.sources import Sources
from service.facts.vocabulary import VOCABULARY

ATTRIBUTES, SERVER = "source-attributes.md", "server-requirements.md"
_MOST_RULES = 40


def attributes() -> Iterator[str]:
    """The lines of the page of source attributes."""
    content = read_content()
    found = Attributes(content, Sources(VOCABULARY, REGISTRY, read_terminology()), "", None)
    rules = [rule for rule in content.rules if rule.status == "active"]
    yield "# Source attributes of decision support\n"
    yield "For users of certified health IT in the US: the attributes of *evidence-based decision support interventions* that 45 CFR"
    yield "170.315(b)(11)(iv)(A)(1) to (13) names (final rule HTI-1, 89 FR 1192, 9 January 2024). Allcue is no certified health IT; who"
    yield "offers it inside one enters these there. Its rules come from printed guidelines and labels; nothing in it is learned from data, so"
    yield "the attributes of predictive interventions do not arise. Read the regulation in force before you rely on this page.\n"
    yield "The same by rule is written by `allcue content export --output build/cpg`, as `source-attributes.csv` and `.json`, with the"
    yield "version of the content and its day of release. Each card names its source, edition and page by itself.\n"
    yield "## Attributes 1 to 4, by source\n"
    yield "| source | 1: bibliographic citation | 2: developer of the intervention | 4: release and revision dates |"
    yield "|---|---|---|---|"
    for source in content.sources.values():
        yield _row(source.short_label, source.citation, developer_of(source), dates_of(source))
    yield f"\n3, funding source of the technical implementation: {FUNDING}. Who funded the sources is for these to say."
    yield "The content has a version of its own, which `GET /`, each export and `allcue version` tell ([releases](releases.md)).\n"
    yield "## Attributes 5 to 13: use of data of the patient\n"
    yield "Worked out from the facts that rules name, not by hand. *Used*: a criterion names a fact that is read from the data. *May be used*:"
    yield "a fact of a criterion can be derived, among other ways, from one that is, or the readers of its module look at the data as well, as"
    yield "at the sex for a reference range: an upper bound.\n"
    yield "| attribute | used by rules | may be used by rules | facts that are read from it | facts whose readers look at it as well |"
    yield "|---|---|---|---|---|"
    for element in ELEMENTS:
        uses = [found.use(rule, element)[0] for rule in rules]
        facts = _names(found.read_by(element)) or "none: no reader looks at it"
        also = _names(found.looked_at_for(element))
        yield _row(f"{element.number}: {element.title}", str(uses.count(NAMED)), str(uses.count(DERIVED)), facts, also)
    yield f"\nOf {len(rules)} active rules. Sex is `Patient.gender`, the administrative gender of FHIR; the extensions of US Core for sex, gender"
    yield "identity, race and ethnicity are not read. Of the health status assessments of USCDI, functional status and pregnancy status are"
    yield "read. Words of notes and reports are read for clinical findings alone ([what Allcue reads](what-allcue-reads.md)).\n"
    yield "### By source\n"
    shown = [element for element in ELEMENTS if found.read_by(element)]
    yield _row("source", "rules", *(f"{element.title}: used, may be used" for element in shown))
    yield "|" + "---|" * (len(shown) + 2)
    for source in content.sources.values():
        own = [rule for rule in rules if rule.source.ref == source.id]
        counts = [[found.use(rule, element)[0] for rule in own] for element in shown]
        yield _row(
            source.short_label, str(len(own)), *(f"{uses.count(NAMED)}, {uses.count(DERIVED)}" for uses in counts)
        )
    for element in shown:
        yield from _rules(found, element)


def _rules(found: Attributes, element: Element) -> Iterator[str]:
    named = [(rule, found.use(rule, element)) for rule in found.content.rules if rule.status == "active"]
    using = [(rule, facts) for rule, (use, facts) in named if use == NAMED]
    if 0 < len(using) <= _MOST_RULES:
        yield f"\n### Rules that use {element.title}\n"
        for rule, facts in using:
            yield f"- `{rule.id}`: {rule.title} ({', '.join(f'`{fact}`' for fact in facts)})"


def server() -> Iterator[str]:
    """The lines of the page of what a FHIR server must offer."""
    content = read_content()
    used = sorted(frozenset[str]().union(*(rule.facts for rule in content.rules)))
    needs = Needs(Names(BASE, ""), read_terminology(), used)
    statement = capability_statement(needs, queries(), "")
    by_type: dict[str, set[str]] = {}
    for fact, answers in needs.answers():
        for kind in answers.types:
            by_type.setdefault(kind, set()).add(fact)
    yield "# What a FHIR server must offer\n"
    yield "The CapabilityStatement of the kind `requirements` that `allcue content export` writes, as a table. FHIR R4 (4.0.1), JSON, read access"
    yield "only. *SHALL*: without it a call is refused; *SHOULD*: calls ask for it, and without it the facts of it stay unknown;"
    yield "*MAY*: read where another resource refers to it, and from files and Bundles. Codes and elements are in"
    yield "[what Allcue reads](what-allcue-reads.md), how servers are asked in [FHIR access](fhir-access.md).\n"
    yield "| type | | interactions | search by | facts that it may say |"
    yield "|---|---|---|---|---|"
    for row in statement["rest"][0]["resource"]:
        ways = ", ".join(f"`{way['code']}`" for way in row["interaction"])
        search = ", ".join(f"`{parameter['name']}`" for parameter in row.get("searchParam", ()))
        told = row["extension"][0]["valueCode"]
        yield _row(row["type"], told, ways, search, str(len(by_type.get(row["type"], ()))))
    asked = needs.not_sent()
    yield f"\nThe rules name {len(used)} facts, which rest on {len(list(needs.answers()))} types of fact. {len(asked)} of these are in no record:\n"
    yield "| fact | why |"
    yield "|---|---|"
    for fact, why in sorted(asked.items()):
        yield _row(f"`{fact}`", why)


def _names(facts: Iterable[str]) -> str:
    return ", ".join(f"`{fact}`" for fact in facts)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
