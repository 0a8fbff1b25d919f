"""The sheet for the tumor board says what the record and the other pages say, leaves nothing out unsaid, and decides nothing."""

from __future__ import annotations

import json
import re
from datetime import date
from html import unescape

import pytest

from fhir_examples.request import FOLDER, day_of, moved, names, request_of
from service.bundles import invocation_of
from service.settings import Settings
from service.smart.case import Case, case_of
from service.smart.views import Asked, board
from service.smart.views.option_rows import LabelRow
from service.smart.views.options import build as options_of
from service.smart.views.said import Need
from service.smart.words import Language
from tests.apps import client_of
from tests.smart.cases import READ_AT, clinic

ENGLISH = Asked(Language("en"))


def case(example: str) -> Case:
    """An example as the demo shows it: moved so that its day is today."""
    today = date.today()  # noqa: DTZ011 - the machine's own day, as in the demo
    bundle = json.loads((FOLDER / f"{example}.json").read_text(encoding="utf-8"))
    now = moved(bundle, today - day_of(example))
    question = clinic().question(invocation_of(request_of(now, example), today))
    return case_of(clinic().engine, question, READ_AT, (), "an example")


def page(example: str, language: str = "en") -> str:
    """The page's text without its marks, spaces made one."""
    client = client_of(Settings())
    where = client.post("/demo/chart", data={"example": example}).headers["Location"]
    answer = client.get(f"{where}board?lang={language}")
    assert answer.status_code == 200
    html = re.sub(r"<(script|style).*?</\1>", "", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.mark.parametrize("example", names())
def test_every_option_and_what_was_not_used_is_on_the_sheet(example: str) -> None:
    text, found = page(example), case(example)
    if not found.has_advice:
        assert "No advice for this patient" in text
        assert "Decision of the board" not in text
        return
    values = board.build(found, ENGLISH)
    for choice in options_of(found, ENGLISH)["choices"]:  # type: ignore[attr-defined]
        for one in (*choice.rows, *choice.ruled_out):
            assert one.name in text, one.name
        for rule in (rule for row in choice.rows for rule in row.cited):
            assert rule.source in text
        for reason in (reason for one in choice.ruled_out for reason in one.reasons):
            assert reason.cited.source in text
    for aside in values["asides"]:  # type: ignore[attr-defined]
        assert aside.references[0] in text
        assert aside.reason in text
    assert "Decision of the board" in text
    assert found.engine.content.digest in text


@pytest.mark.parametrize("example", ["ph-status-unknown", "aya-setting-unknown", "relapsed-ph-positive-t315i"])
def test_what_is_unknown_is_said_to_be(example: str) -> None:
    text, values = page(example), board.build(case(example), ENGLISH)
    unknown = [one for one in values["facts"] if not one.value]  # type: ignore[attr-defined]
    assert unknown
    assert text.count("unknown (") >= len(unknown)
    assert all(one.why for one in unknown)


def test_ph_status_that_nobody_told_is_not_negative() -> None:
    (status,) = (one for one in board.build(case("ph-status-unknown"), ENGLISH)["facts"] if one.name == "ph_status")  # type: ignore[attr-defined]
    assert (status.value, bool(status.why)) == ("", True)


def test_the_course_is_told_in_order() -> None:
    text = page("frey-luger-patient-3-third-remission-after-blinatumomab")
    course = text[text.index("Course") : text.index("Treatment now")]
    found = list(re.findall(r"Diagnosis|Remission|Relapse|Allogeneic HCT", course))
    assert found[0] == "Diagnosis"
    assert found.count("Relapse") >= 2
    assert "Allogeneic HCT" in found
    assert "Given so far" in course


def test_without_results_of_mrd_the_sheet_says_so_and_not_negative() -> None:
    values = board.build(case("german-record"), ENGLISH)
    assert values["mrd"] == {}
    assert "No result of residual disease is on record. That says nothing of residual disease." in page("german-record")


def test_the_documents_are_those_of_the_rules_cited() -> None:
    found = case("relapsed-ph-positive-t315i")
    values = board.build(found, ENGLISH)
    labels = {one.label for one in values["documents"]}  # type: ignore[attr-defined]
    text = page("relapsed-ph-positive-t315i")
    for choice in options_of(found, ENGLISH)["choices"]:  # type: ignore[attr-defined]
        for row in choice.rows:
            assert all(any(rule.source.startswith(label) for label in labels) for rule in row.cited)
    assert all(one.citation in text for one in values["documents"])  # type: ignore[attr-defined]


def test_another_patients_resource_is_named_as_not_used() -> None:
    assert "Not used of the record" in page("other-patients-resource-mixed-in")


def test_drugs_whose_label_stands_alike_stand_together() -> None:
    need = Need("age", "age", "")
    rows = (
        LabelRow("a", "not-stated"),
        LabelRow("b", "labelled"),
        LabelRow("c", "not-stated"),
        LabelRow("d", "open", needs=(need,)),
    )
    said = [(one.standing, one.drugs, [n.label for n in one.needs]) for one in board._standings(rows)]
    assert said == [("not-stated", ("a", "c"), []), ("labelled", ("b",), []), ("open", ("d",), ["age"])]
    assert [one.drugs for one in board._standings(rows[:1])] == [()]


def test_kinds_of_one_fact_stand_together() -> None:
    needs = [
        Need("t(a)", "grade: a", ""),
        Need("x", "age", ""),
        Need("t(b)", "grade: b", ""),
        Need("t(a)", "grade: a", ""),
    ]
    assert [(one.label, one.kinds) for one in board._named(needs)] == [("grade", ("a", "b")), ("age", ())]


def test_each_caution_is_told_once() -> None:
    values = board.build(case("child-first-relapse-marrow-20-months"), ENGLISH)
    every = values["cautions"]
    assert len({(one.text, one.cited.rule if one.cited else "") for one in every}) == len(every)  # type: ignore[arg-type, attr-defined]
    numbers = {n for lines in values["lines"].values() for line in lines for n in line.cautions}  # type: ignore[attr-defined]
    assert numbers == set(range(1, len(every) + 1))  # type: ignore[arg-type]


def test_the_lines_for_the_decision_are_empty() -> None:
    client = client_of(Settings())
    where = client.post("/demo/chart", data={"example": "german-record"}).headers["Location"]
    cells = re.findall(r'<td class="blank">(.*?)</td>', client.get(f"{where}board").text)
    assert len(cells) == 4 + 3 * 4
    assert {re.sub(r'<span class="hidden">.*?</span>', "", cell) for cell in cells} == {""}
