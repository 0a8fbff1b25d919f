"""The page "What Allcue reads" holds every code, points only at places that exist, and says what the record takes."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from docs import generate
from docs.generate import PAGES, ROOT
from docs.reads import LEAST, RESOURCES, anchor
from service.content import read_terminology
from service.facts.registry import REGISTRY
from service.facts.sources import Sources, system_name
from service.facts.vocabulary import VOCABULARY
from service.record.build import READ, build_record
from service.record.units import accepted, convert
from tests.commands.feed import DAY, bundle, leukemia, patient, run, wbc, write
from tests.facts.support import AS_OF, COMPLETE, terminology

PAGE = "docs/what-allcue-reads.md"
OTHER_TYPES = {
    "Specimen", "MedicationDispense", "Immunization", "FamilyMemberHistory", "ImagingStudy", "BodyStructure", "Goal",
    "ResearchSubject", "ClinicalImpression", "QuestionnaireResponse", "NutritionOrder", "DocumentReference", "Organization",
}  # fmt: skip


def page(path: str = PAGE) -> str:
    return generate.page(path)


@cache
def part(group: str) -> str:
    """The part of the page about a concept; all drugs have one."""
    start, end = (
        ("### Drugs\n", "\n### ") if anchor(group) == "drugs" else (f'<a id="{anchor(group)}"></a>', "\n<a id=")
    )
    return page().split(start)[1].split(end)[0]


@pytest.mark.parametrize("group", read_terminology().groups())
def test_every_code_is_in_the_table_of_its_concept_and_unverified_ones_are_marked(group: str) -> None:
    for coding in terminology().codings(group):
        rows = [row for row in part(group).splitlines() if f"`{coding.code}`" in row]
        assert rows, f"{system_name(coding.system)} {coding.code} of {group} is not on the page"
        if anchor(group) == "drugs":
            assert any((f"[`{coding.code}`]" in row) is (not coding.sendable) for row in rows)
        else:
            assert any(row.endswith("| read only |") is (not coding.sendable) for row in rows)


def test_every_code_is_in_the_index_with_its_facts() -> None:
    index = page().split("## Index of codes")[1]
    codes = {c.code for group in terminology().groups() for c in terminology().codings(group)}
    listed = re.findall(r"^\| `([^`]+)` ", index, re.MULTILINE)
    assert set(listed) == codes
    assert listed == sorted(listed, key=str.lower)
    assert re.search(r"\| `6690-2` \| LOINC \| \[White blood cells\]\(#labs-wbc\) \| `wbc_current`", index)


def text_of(path: str) -> str:
    return generate.page(path) if path in PAGES else (ROOT / path).read_text(encoding="utf-8")


@cache
def anchors(text: str) -> frozenset[str]:
    """Anchors of a page: those it sets, and those GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    made = frozenset(re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings)
    return made | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("path", [PAGE, "docs/facts.md", "docs/integration.md", "README.md"])
def test_links_to_places_on_pages_hold(path: str) -> None:
    text = text_of(path)
    for target, place in re.findall(r"\]\(([^)#\s:]*)#([^)]+)\)", text):
        other = str(Path(path).parent / target) if target else path
        assert place in anchors(text_of(other)), f"{path} points at #{place} of {other}"


def test_one_heading_of_the_first_level_and_no_table_row_out_of_shape() -> None:
    for path in (PAGE, "docs/facts.md"):
        lines = page(path).splitlines()
        assert sum(line.startswith("# ") for line in lines) == 1
        width = 0
        for line in lines:
            if line.startswith("|"):
                cells = len(re.findall(r"(?<!\\)\|", line))
                assert width in (0, cells), line
                width = cells
            else:
                width = 0


@pytest.mark.parametrize("kind", sorted(READ | RESOURCES.keys() | OTHER_TYPES))
def test_the_page_names_the_resource_types_that_the_record_takes(kind: str) -> None:
    record = build_record(
        [(None, {"resourceType": kind, "id": "x"})],
        patient_id="x" if kind == "Patient" else None, coverage=COMPLETE, as_of=AS_OF, terminology=terminology(),
    )  # fmt: skip
    taken = not any(aside.reason == "type not read" for aside in record.set_aside)
    assert taken is (kind in RESOURCES), f"{kind}: add it to, or delete it from, RESOURCES in docs/reads.py"


def test_the_least_to_send_names_facts_that_a_record_can_give() -> None:
    sources = Sources(VOCABULARY, REGISTRY, terminology())
    for kind, _, facts, _ in LEAST:
        assert set(kind.split(" or ")) <= RESOURCES.keys()
        for fact in facts:
            assert sources.of(fact).asked is None
            assert f"| `{fact}`" in page("docs/facts.md")


@pytest.mark.parametrize("quantity", sorted(accepted()))
def test_units_are_accepted_as_the_page_spells_them(quantity: str) -> None:
    for unit, factor in accepted()[quantity].items():
        assert convert(1, unit, quantity) == pytest.approx(factor)
        assert not unit or f"`{unit}`" in page()


def test_the_page_about_integration_names_every_key_of_the_json(tmp_path: Path) -> None:
    write(tmp_path, a=bundle(patient(), leukemia(), wbc(status="entered-in-error"), wbc(id="w")), b="{")
    answer = json.loads(run(tmp_path / "a.json", "--json", "--as-of", DAY).stdout)
    known, unknown = answer["facts"]["wbc_current"], answer["facts"]["anc"]
    report = json.loads(run("--coverage", tmp_path, "--json", "--as-of", DAY).stdout)
    keys = {
        *answer,
        *answer["set_aside"][0],
        *known,
        *known["sources"][0],
        *known["sources"][0]["code"],
        *known["rule"],
    }
    keys |= {*unknown["answered_by"], *report, *report["facts"]["anc"], *report["lacks"][0], "error"}
    text = page("docs/integration.md").split("## Check your feed")[1].split("\n## ")[0]
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
