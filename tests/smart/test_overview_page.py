"""The chart page as HTML: whole for every example, escaped, usable without scripts, and honest about what is missing."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fhir_examples import request as examples
from service import smart
from service.settings import Settings
from tests.apps import client_of
from tests.facts.fhir import observation, patient, procedure, request, statement, status
from tests.facts.mrd_resources import mrd, transcript
from tests.smart.cases import leukemia, made
from tests.smart.drawn import Tags, drawn

STATIC = Path(smart.__file__).parent / "static"
SILENT = ("not-a-leukemia-patient", "nothing-but-a-patient")


@cache
def chart(name: str, query: str = "") -> str:
    """The chart page of an example, through the demo."""
    client = client_of(Settings())
    opened = client.post("/demo/chart", data={"example": name})
    found = client.get(f"{opened.headers['Location']}chart{query}")
    assert found.status_code == 200
    return found.get_data(as_text=True)


def page(*resources: dict[str, Any]) -> str:
    """The chart page of a patient made of some resources."""
    return drawn("chart", made(*resources))


def rows(html: str, table: str) -> list[dict[str, str | None]]:
    """The attributes of the rows of a table that has an id."""
    part = html.partition(f'<table id="{table}"')[2].partition("</table>")[0]
    return [attributes for attributes in Tags(part).named("tr") if "data-series" in attributes]


@pytest.mark.parametrize("name", examples.names())
def test_every_example_has_a_sound_page(name: str) -> None:
    html = chart(name)
    tags = Tags(html)
    ids = Counter(attributes["id"] for _, attributes in tags.tags if attributes.get("id"))
    assert not [one for one, times in ids.items() if times > 1]
    known = set(ids)
    for _, attributes in tags.tags:
        assert "style" not in attributes
        assert not [key for key in attributes if key.startswith("on")]
        for key in ("aria-labelledby", "data-plot"):
            assert set((attributes.get(key) or "").split()) <= known
    assert not tags.named("style")
    assert all(script.get("src") for script in tags.named("script"))
    assert ("timeline" in known) == (name not in SILENT)


def test_headings_go_down_by_one() -> None:
    levels = [int(tag[1]) for tag, _ in Tags(chart("frey-luger-patient-3-relapse-after-blinatumomab")).tags if re.fullmatch("h[1-6]", tag)]  # fmt: skip
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))


def test_timeline_of_a_course_with_transplant_and_relapses() -> None:
    html = chart("frey-luger-patient-3-relapse-after-blinatumomab")
    svg = html.partition('<svg id="timeline"')[2].partition("</desc>")[0]
    words = ("Diagnosis", "Allogeneic HCT", "Refractory", "Donor lymphocytes")
    assert all(word in svg for word in words)
    assert svg.count("Relapse ") == 3
    assert svg.count("Remission ") == 3
    assert "Procedure/procedure-5" in html


def test_every_drug_of_the_picture_is_in_the_table() -> None:
    html = chart("relapsed-ph-positive-t315i")
    drawn = re.findall(r'class="lane[^>]*>.*?<text x="0"[^>]*>([^<]+)</text>', html, re.DOTALL)
    table = html.partition("<caption>Treatments of leukemia</caption>")[2]
    assert "dasatinib" in drawn
    assert all(f">{name}</th>" in table for name in drawn)


def test_units_that_cannot_be_read_are_said_to_be_not_drawn() -> None:
    text = Tags(chart("unreadable-units")).text
    assert "Not drawn" in text
    assert "cannot be converted" in text


def test_transcripts_have_a_chart_of_their_own() -> None:
    html = chart("relapsed-ph-positive-t315i")
    assert rows(html, "ratio-table")
    assert not rows(html, "mrd-table")
    assert "No MRD result as a share of cells is in the record. That says nothing of residual disease." in html


def test_negative_without_limit_has_no_number_for_the_chart() -> None:
    (row,) = rows(page(leukemia(), mrd("negative")), "mrd-table")
    assert row["data-shape"] == "negative"
    assert not {"data-y", "data-low", "data-high", "data-limit"} & set(row)


def test_sensitivity_and_specimen_go_to_the_chart() -> None:
    html = page(leukemia(), mrd("negative, sensitivity 1E-5", title="MRD peripheral blood flow cytometry"))
    (row,) = rows(html, "mrd-table")
    assert (row["data-series"], row["data-limit"], row["data-y"], row["data-method"]) == (
        "blood",
        "1e-05",
        "1e-05",
        "flow",
    )


def test_undated_results_have_no_place() -> None:
    (row,) = rows(page(leukemia(), mrd("1E-3", when=None)), "mrd-table")
    assert "data-first" not in row
    assert row["data-y"] == "0.001"


def test_what_was_set_aside_is_told() -> None:
    late = observation("718-7", "2026-05-01", id="late", valueQuantity={"value": 9, "unit": "g/dL"})
    text = Tags(page(leukemia(), late)).text
    assert "Set aside when the record was read (1)" in text
    assert "Observation/late" in text


def test_patient_text_is_escaped() -> None:
    bad = "<script>alert(1)</script>"
    html = page(
        leukemia(), mrd(f"negative {bad}"), statement(f"vincristine {bad}", "2025-01-01"), status(f"relapse {bad}", "2025-02-01"),
        procedure(on="2025-03-01", text=f"Donor lymphocyte infusion {bad}"), observation("718-7", valueString=f"8 {bad}"),
    )  # fmt: skip
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_unknown_key_facts_say_why() -> None:
    html = page(leukemia(), patient())
    text = Tags(html.partition('<dl class="key">')[2].partition("</dl>")[0]).text
    assert re.search(r"MRD status unknown \w+", text)
    assert re.search(r"donor available unknown \w+", text)


def test_empty_states_never_say_no() -> None:
    text = Tags(page(leukemia(None))).text
    assert "No treatment of leukemia is in the record; it may have been given elsewhere." in text
    assert "That says nothing of residual disease." in text


def test_not_sure_of_a_second_relapse_is_said() -> None:
    told = [status("relapse", day) for day in ("2024-08-01", "2025-04-01")]
    assert "Later reports may tell of another relapse" in page(leukemia("2023-01-10"), status("complete remission", "2023-03-01"), *told)  # fmt: skip


def test_part_of_the_time_and_german_dates() -> None:
    html = chart("german-record", "/year?lang=de")
    assert '<span aria-current="true">' in html
    assert re.search(
        r'data-tick="[\d-]+">[^<]*(Jan\.|Feb\.|März|Apr\.|Mai|Juni|Juli|Aug\.|Sept\.|Okt\.|Nov\.|Dez\.)', html
    )


def test_planned_order_is_not_called_given() -> None:
    html = page(leukemia(), request("blinatumomab", "2025-06-20"))
    table = html.partition("<caption>Treatments of leukemia</caption>")[2].partition("</table>")[0]
    assert "planned" in table
    assert ">given" not in table


def test_ratio_on_the_international_scale_is_named() -> None:
    assert "BCR::ABL1 transcript ratio, International Scale" in page(leukemia(), transcript(0.02, code="69380-4"))


def test_a_record_of_500_results_keeps_all_rows() -> None:
    days = [f"2024-{month:02}-{day:02}" for month in range(2, 12) for day in range(1, 26, 2)]
    labs = [observation(code, day, valueQuantity={"value": 9, "unit": unit}) for day in days
            for code, unit in (("6690-2", "10*9/L"), ("777-3", "10*9/L"), ("718-7", "g/dL"), ("751-8", "10*9/L"))]  # fmt: skip
    html = page(leukemia(), *labs)
    assert len(labs) > 500
    assert len(rows(html, "cells-table")) == 3 * len(days)
    assert len(rows(html, "hemoglobin-table")) == len(days)


def test_vendored_files_are_those_of_the_notice() -> None:
    notice = (STATIC / "vendor" / "NOTICE.txt").read_text(encoding="utf-8")
    named = dict(re.findall(r"(\S+)\s+sha256 (\w{64})", notice))
    served = {path.name for path in (STATIC / "vendor").iterdir() if path.suffix != ".txt"}
    assert served == set(named)
    for name, digest in named.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest
    assert "MIT License" in (STATIC / "vendor" / "uPlot-LICENSE.txt").read_text(encoding="utf-8")
