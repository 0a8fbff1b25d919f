"""What is being given now, and taken beside it."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval, Reason, TokenSet
from tests.facts.fhir import RXNORM, administration, concept, request, statement
from tests.facts.therapy_cases import ALL, members, read


@pytest.mark.parametrize(
    ("entry", "current", "concurrent"),
    [
        pytest.param(statement("dasatinib", "2025-01-01", state="active"), True, True, id="active"),
        pytest.param(statement("dasatinib", "2025-01-01", "2025-03-01", state="active"), False, False, id="ended"),
        pytest.param(statement("dasatinib", "2025-01-01", "2025-03-01"), False, False, id="completed"),
        pytest.param(statement("dasatinib", "2025-01-01", state="on-hold"), False, False, id="on hold"),
        pytest.param(request("dasatinib", "2025-05-01"), None, True, id="ordered counts for interactions"),
        pytest.param(request("dasatinib", "2025-05-01", intent="proposal"), False, False, id="proposed"),
        pytest.param(request("dasatinib", "2025-05-01", dispenseRequest={"validityPeriod": {"end": "2025-05-15"}}), False, False,
                     id="order ran out"),
        pytest.param(administration("dasatinib", "2025-05-31"), True, True, id="yesterday"),
        pytest.param(administration("dasatinib", "2025-05-10"), True, False, id="three weeks ago: in the cycle"),
        pytest.param(administration("dasatinib", "2025-04-01"), False, False, id="two months ago"),
        pytest.param(administration("dasatinib", "2025-05-31", status="in-progress"), True, True, id="running"),
    ],
)  # fmt: skip
def test_what_is_being_given(entry: Any, current: bool | None, concurrent: bool) -> None:
    facts = read(ALL, entry)
    now, beside = facts.value("current_therapies"), facts.value("concurrent_drugs")
    assert isinstance(now, TokenSet)
    assert isinstance(beside, TokenSet)
    assert (now.includes("dasatinib"), beside.includes("dasatinib")) == (current, concurrent)


def test_asparaginases_act_for_weeks() -> None:
    facts = read(ALL, administration("pegaspargase", "2025-05-10"))
    assert "asparaginase" in members("concurrent_drugs", administration("pegaspargase", "2025-05-10"))
    assert facts.value("asparaginase_formulation") == "pegaspargase"
    assert read(ALL, administration("Erwinase", "2025-05-10")).value("asparaginase_formulation") is None


def test_interactions_use_systemic_drugs_only() -> None:
    assert read(statement("itraconazole", "2025-05-01", state="active")).value("strong_cyp3a4_inhibitor") is True
    assert read(statement("ketoconazole cream", "2025-05-01", state="active")).value("strong_cyp3a4_inhibitor") is False
    assert read(statement("prednisolone eye drops", state="active")).value("on_steroids") is False


def test_where_code_and_text_disagree_neither_drug_is_taken_for_sure() -> None:
    mixed = statement(state="active", medicationCodeableConcept=concept("6851", RXNORM, "Mercaptopurine 50 MG"))
    facts = read(ALL, mixed)
    now = facts.value("concurrent_drugs")
    assert isinstance(now, TokenSet)
    assert [now.includes(d) for d in ("methotrexate", "mercaptopurine", "chemotherapy", "omeprazole")] == [
        None,
        None,
        True,
        False,
    ]
    note = facts["concurrent_drugs"].provenance[0].note
    assert note is not None
    assert "methotrexate" in note
    inotuzumab = {"code": "1942950", "system": RXNORM, "display": "blinatumomab"}
    other = statement(state="completed", medicationCodeableConcept={"coding": [inotuzumab]})
    assert read(ALL, other)["prior_blinatumomab"].reason is Reason.CONFLICTING
    assert read(ALL, other).value("prior_cart") is False


@pytest.mark.parametrize(
    ("resources", "weeks"),
    [
        pytest.param(
            [administration("inotuzumab", "2025-04-06"), administration("inotuzumab", "2025-05-04")], 4.0, id="last"
        ),
        pytest.param([statement("inotuzumab", "2025-03-01", "2025-05-25")], 1.0, id="end of a period"),
        pytest.param([statement("inotuzumab", "2025-05-04", state="active")], Interval(0, 4), id="still running"),
        pytest.param([statement("inotuzumab", "2025-04", "2025-05")], Interval(1 / 7, 31 / 7), id="partial dates"),
        pytest.param([administration("inotuzumab", None)], None, id="undated"),
        pytest.param([request("inotuzumab", "2025-05-30")], None, id="ordered"),
    ],
)
def test_weeks_since_inotuzumab(resources: list[Any], weeks: object) -> None:
    assert read(ALL, *resources).value("weeks_since_last_inotuzumab") == weeks
