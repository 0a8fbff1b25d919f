"""Lymphoblasts or myeloblasts, by the newest report with blasts and by the diagnosis."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Reason
from tests.facts.fhir import ICD, condition, observation, resource
from tests.facts.support import facts_of

CML = condition("92818009", text="Chronic myeloid leukemia, in blast phase", onsetDateTime="2025-05-01")
ALL = condition("91857003", onsetDateTime="2025-05-01")


def report(conclusion: str, on: str | None = "2025-05-20") -> Any:
    return resource(
        "DiagnosticReport",
        status="final",
        code={"text": "Bone marrow biopsy"},
        effectiveDateTime=on,
        conclusion=conclusion,
    )


@pytest.mark.parametrize(
    ("resources", "lineage"),
    [
        ([CML, report("45 % myeloblasts, blast phase of CML.")], "myeloblast"),
        ([CML, report("Infiltration durch 60 % B-Lymphoblasten.")], "lymphoblast"),
        ([CML, report("70 % blasts of lymphoid lineage")], "lymphoblast"),
        ([CML, report("60 % myeloblasts", "2025-05-02"), report("50 % lymphoblasts", "2025-05-20")], "lymphoblast"),
        ([CML, observation("11150-0", text="Myeloblasts", valueQuantity={"value": 30, "unit": "%"})], "myeloblast"),
        ([condition(None, text="CML in lymphoid blast crisis")], "lymphoblast"),
        ([condition(None, text="CML in myeloischer Blastenkrise")], "myeloblast"),
        ([condition("413842007")], "lymphoblast"),
        ([condition("C92.00", ICD)], "myeloblast"),
        ([ALL], "lymphoblast"),
        ([ALL, report("Normal maturation, myeloblasts 2 %, no lymphoblasts.")], "lymphoblast"),
        ([ALL, report("Reife Hämatopoese, 1 % Myeloblasten")], "lymphoblast"),
    ],
)  # fmt: skip
def test_lineage_of_the_blasts(resources: list[Any], lineage: str) -> None:
    assert facts_of(*resources).value("blast_lineage") == lineage


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ([CML], Reason.RECORD_EMPTY),
        ([CML, report("Blasts 40 %.")], Reason.RECORD_EMPTY),
        ([CML, report("No increase of myeloblasts or lymphoblasts")], Reason.RECORD_EMPTY),
        ([ALL, report("55 % myeloblasts after CD19-directed therapy")], Reason.CONFLICTING),
        ([CML, report("30 % myeloblasts and 30 % lymphoblasts")], Reason.CONFLICTING),
    ],
)
def test_what_leaves_it_open(resources: list[Any], reason: Reason) -> None:
    fact = facts_of(*resources)["blast_lineage"]
    assert (fact.known, fact.reason) == (False, reason)


@pytest.mark.parametrize(
    "words", ["Chronic myeloid leukemia, in blast phase", "CML, Ph positive, in blast crisis", "CML im Blastenschub"]
)
def test_words_add_the_phase_to_a_code_of_cml(words: str) -> None:
    assert facts_of(condition("92818009", text=words)).value("diagnosis") == "BP-CML"
    assert facts_of(condition(None, text=words)).value("diagnosis") == "BP-CML"
    assert facts_of(condition("92818009", text="CML, no blast phase")).value("diagnosis") == "CML"
