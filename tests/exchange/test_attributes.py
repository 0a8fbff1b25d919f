"""The source attributes of 45 CFR 170.315(b)(11)(iv)(A): each one is told, and use of data follows from facts and code."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from service.content import read_content
from service.exchange.attributes import ELEMENTS, FUNDING, Attributes, Element
from service.facts.vocabulary import VOCABULARY
from tests.exchange.support import exported

ROOT = Path(__file__).resolve().parents[2]
ATTRIBUTES = exported().attributes
SEX, BIRTH, HEALTH = (next(one for one in ELEMENTS if one.number == number) for number in (10, 11, 13))


@cache
def uses(element: Element) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {rule.id: ATTRIBUTES.use(rule, element) for rule in read_content().rules if rule.status == "active"}


def test_a_title_of_a_site_is_no_formula() -> None:
    """Of the words of a rule those of a site's own may begin in any way."""
    content = read_content()
    rule = next(rule for rule in content.rules if rule.status == "active")
    titled = replace(rule, title='=HYPERLINK("http://x")')
    named = replace(content, rules=(titled,))
    (row,) = csv.DictReader(io.StringIO(Attributes(named, ATTRIBUTES.sources, "1", None).as_csv()))
    assert not [value for value in row.values() if value.startswith("=")]
    assert '\'=HYPERLINK("http://x")' in row.values()


def test_all_thirteen_are_told_of_every_source_and_rule() -> None:
    told = json.loads(exported().files()["source-attributes.json"])
    numbers = {re.match(r"(\d+)_", key)[1] for row in told["sources"] for key in row if key[0].isdigit()}  # type: ignore[index]
    assert numbers == {str(number) for number in range(1, 14)}
    assert {row["source"] for row in told["sources"]} == set(read_content().sources)
    rows = list(csv.DictReader(io.StringIO(exported().files()["source-attributes.csv"])))
    assert rows == told["rules"]
    active = {rule.id: rule for rule in read_content().rules if rule.status == "active"}
    assert {row["rule"] for row in rows} == set(active)
    for row in rows:
        assert row["1_bibliographic_citation"].endswith(active[row["rule"]].source.at)
        assert row["3_funding_source"] == FUNDING  # nobody has said it: never made up


def test_a_rule_that_names_a_fact_uses_what_it_is_read_from() -> None:
    for rule in read_content().rules:
        if rule.status == "active":
            assert (uses(SEX)[rule.id][0] == "used") == ("sex" in rule.facts)
            by_age = {"age_years", "age_months", "age_group", "is_adult"} & rule.facts
            if by_age:
                use, facts = uses(BIRTH)[rule.id]
                assert use == "used"
                assert by_age <= set(facts)
            if {"ecog", "pregnancy"} & rule.facts:
                assert uses(HEALTH)[rule.id][0] == "used"


def test_a_derived_fact_may_use_what_its_sources_are_read_from() -> None:
    may = {name: facts for name, (use, facts) in uses(SEX).items() if use == "may be used"}
    assert any("testicular_disease" in facts for facts in may.values())  # a code that means it in men alone
    assert any("toxicity(ast-alt)" in facts for facts in may.values())  # graded by the reference range


def test_what_is_said_of_sex_holds_for_the_code() -> None:
    """Modules that look at the sex for other facts than the sex are those that are declared."""
    looking = set()
    for path in (ROOT / "service" / "facts").rglob("*.py"):
        names = {
            node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)
        }
        if names & {"sex_of", "is_male"}:
            looking.add(path.relative_to(ROOT).as_posix())
    assert looking == set(SEX.places)


def test_no_reader_looks_at_what_is_said_not_to_be_used() -> None:
    words = re.compile(
        r"us-core-(race|ethnicity|birthsex|genderIdentity|sex)|genderIdentity|sexual.orientation|\bethnic|maritalStatus|preferredLanguage"
    )
    places = [*(ROOT / "service" / "facts").rglob("*.py"), *(ROOT / "service" / "record").rglob("*.py")]
    assert places
    assert not [path for path in places if words.search(path.read_text(encoding="utf-8"))]
    for number in (5, 6, 7, 8, 9, 12):
        element = next(one for one in ELEMENTS if one.number == number)
        assert not ATTRIBUTES.read_by(element)
        assert {use for use, _ in uses(element).values()} == {"not used"}


def test_birth_and_sex_are_read_where_they_are_said_to_be() -> None:
    read = {kind.name for kind in VOCABULARY if "Patient.birthDate" in kind.read_from}
    assert read <= set(ATTRIBUTES.read_by(BIRTH))
    places = {
        element: {
            path.name
            for path in (ROOT / "service" / "facts").rglob("*.py")
            if f'"{element}"' in path.read_text(encoding="utf-8")
        }
        for element in ("birthDate", "gender")
    }
    # The ages and the sex; the age at a transplant; the two that the declared modules ask for the sex
    assert places == {
        "birthDate": {"identity.py", "hct.py"},
        "gender": {"identity.py", "lookup.py", "extramedullary.py"},
    }
