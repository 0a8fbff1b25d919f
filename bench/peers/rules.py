"""The same rules for every peer that decides: as Allcue's content, as CQL, and as verdicts to expect.

The first is a rule of the shipped content in our own words; the others have its form with other drugs, antigens and ages,
so that cost can be seen to grow with their number. They are no advice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from service.content import content_files

HERE = Path(__file__).parent
FIRST = "bench-blinatumomab-b-negative-from-15"
SHIPPED = "nccn-2025-rr-phneg-blinatumomab"  # the rule of the shipped content that FIRST says again
COUNTS = (1, 10, 50)
_AGES = (15, 18, 40, 60, 65)
_FORMS: tuple[tuple[str, str, str | None, str | None, int | None], ...] = (  # drug, lineage, Ph status, antigen that must not be lost, least marrow blasts in percent
    ("blinatumomab", "B", "negative", "CD19", None), ("inotuzumab", "B", "negative", "CD22", None),
    ("rituximab", "B", "negative", "CD20", None), ("nelarabine", "T", None, None, None),
    ("ponatinib", "B", "positive", None, None), ("blinatumomab", "B", "positive", "CD19", None),
    ("inotuzumab", "B", "positive", "CD22", None), ("dasatinib", "B", "positive", None, 5),
    ("clofarabine", "B", "negative", None, 5), ("cytarabine", "T", "negative", None, 20),
)  # fmt: skip
_SOURCE = """\
id: bench
title: Rules to measure with
short: bench
edition: "1"
date: 2026-01-01
authors_or_body: Allcue
citation: Rules to measure with; no guideline.
population: patients of the benchmark
region: US
licence_note: Own words.
in_force_from: 2026-01-01
last_checked: 2026-01-01
"""
_POLICY = """\
active: [bench]
region: US
populations: {any: {title: everybody, when: age_years >= 0}}
editions: [{topic: "*", population: any, sources: [bench]}]
limits: {cards_on_chart_open: 5}
"""


@dataclass(frozen=True)
class Rule:
    """Offer a drug in relapsed or refractory disease. ``lost``: the antigen whose loss excludes it."""

    drug: str
    lineage: str
    ph: str | None
    lost: str | None
    blasts: int | None
    age: int

    @property
    def id(self) -> str:
        """Also the name of the CQL expression."""
        return f"bench-{self.drug}-{self.lineage.lower()}-{self.ph or 'any'}-from-{self.age}"


def rules(count: int) -> tuple[Rule, ...]:
    """The first so many.

    Raises:
        ValueError: more than there are.
    """
    made = tuple(
        Rule(drug, lineage, ph, lost, blasts, age) for age in _AGES for drug, lineage, ph, lost, blasts in _FORMS
    )
    if not 1 <= count <= len(made):
        raise ValueError(f"{count} rules. Allowed: 1 to {len(made)}.")
    return made[:count]


def content(count: int) -> dict[str, str]:
    """Files of an Allcue content folder with these rules and no others, by relative path."""
    shipped = {path: text for path, text in content_files().items() if path.startswith("wording/")}
    own = {f"rules/bench/{rule.id}.yaml": _yaml(rule) for rule in rules(count)}
    return {**shipped, **own, "policy.yaml": _POLICY, "sources/bench.yaml": _SOURCE}


def write_content(folder: Path, count: int) -> Path:
    """Write them below ``folder``, which is returned."""
    for path, text in content(count).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def cql(count: int) -> str:
    """The rules as one CQL library: the facts of ``cql/facts.cql``, then one expression a rule."""
    facts = (HERE / "cql" / "facts.cql").read_text(encoding="utf-8")
    return facts + "\n".join(_define(rule) for rule in rules(count))


def _yaml(rule: Rule) -> str:
    when = [f"lineage is {rule.lineage}", "disease_state is one of relapsed, refractory", f"age_years >= {rule.age}"]
    when += [f"ph_status is {rule.ph}"] if rule.ph else []
    when += [f"marrow_blasts_percent >= {rule.blasts}"] if rule.blasts is not None else []
    unless = f"unless:\n  any:\n    - {rule.lost.lower()} is negative\n" if rule.lost else ""
    return (
        f"id: {rule.id}\n"
        f"title: Offer {rule.drug} in relapsed or refractory {rule.lineage}-ALL from {rule.age} years\n"
        "status: active\n"
        "topic: relapsed-refractory/ph-negative\n"
        "hooks: [patient-view]\n"
        'source: {ref: bench, at: "1"}\n'
        "when:\n  all:\n" + "".join(f"    - {line}\n" for line in when) + unless
        + f"advise: {{kind: therapy, act: offer, subject: {rule.drug}}}\n" + _examples(rule)
    )  # fmt: skip


def _examples(rule: Rule) -> str:
    """One of each verdict, as the content format asks."""
    given: dict[str, object] = {"age_years": rule.age, "lineage": rule.lineage, "disease_state": "relapsed"}
    given |= {"ph_status": rule.ph} if rule.ph else {}
    given |= {"marrow_blasts_percent": rule.blasts} if rule.blasts is not None else {}
    given |= {rule.lost.lower(): "positive"} if rule.lost else {}
    unknown = {name: value for name, value in given.items() if name != "disease_state"}
    examples = [
        {"name": "all of it", "given": given, "expect": "applies"},
        {"name": "younger", "given": {**given, "age_years": rule.age - 1}, "expect": "does_not_apply"},
        {"name": "disease state not known", "given": unknown, "expect": {"cannot_tell": ["disease_state"]}},
    ]
    return f"examples: {json.dumps(examples)}\n"


def _define(rule: Rule) -> str:
    state = "(\"Disease state\" = 'relapsed' or \"Disease state\" = 'refractory')"  # in CQL `null in {...}` is false, not null
    lines = [f"\"Lineage\" = '{rule.lineage}'", state, f'"Age" >= {rule.age}']
    lines += [f"\"Ph status\" = '{rule.ph}'"] if rule.ph else []
    lines += [f'"Marrow blasts percent" >= {rule.blasts}'] if rule.blasts is not None else []
    lines += [f"not (\"{rule.lost}\" = 'negative')"] if rule.lost else []
    return f'define "{rule.id}":\n  ' + "\n    and ".join(lines) + "\n"
