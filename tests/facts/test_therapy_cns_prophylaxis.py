"""CNS prophylaxis on record, and blood products ordered irradiated."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Provenance
from service.facts.therapy import blood_products
from service.facts.therapy.cns_prophylaxis import NAME, PROVIDERS, protects_cns
from service.record.model import Coverage
from tests.facts.fhir import administration, procedure, request
from tests.facts.support import COMPLETE, facts_of

IT: list[dict[str, Any]] = [{"route": {"text": "intrathecal"}}]
HIGH: list[dict[str, Any]] = [{"text": "5 g/m2 IV over 24 h"}]
LOW: list[dict[str, Any]] = [{"text": "20 mg/m2 oral weekly"}]


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        pytest.param([request("methotrexate", "2025-05-20", dosageInstruction=IT)], True, id="intrathecal order"),
        pytest.param([request("methotrexate", "2025-06-03", dosageInstruction=IT, intent="plan")], True, id="plan"),
        pytest.param([request("methotrexate", "2025-05-20", dosageInstruction=HIGH)], True, id="high-dose methotrexate"),
        pytest.param([request("methotrexate", "2025-05-20", dosageInstruction=LOW)], False, id="low-dose methotrexate"),
        pytest.param([administration("cytarabine", "2025-04-01", dosage={"route": {"text": "IT"}})], True, id="dose"),
        pytest.param([administration("cytarabine", "2025-01-01", dosage={"route": {"text": "IT"}})], False, id="long ago"),
        pytest.param([procedure(text="Intrathecal chemotherapy", on="2025-05-01")], True, id="procedure"),
        pytest.param([procedure(text="Cranial irradiation 12 Gy", on="2025-05-01")], True, id="radiation"),
        pytest.param([procedure(text="Intrathecal chemotherapy", on="2025-05-01", status="not-done")], False, id="not done"),
        pytest.param([request("vincristine", "2025-05-20")], False, id="systemic only"),
        pytest.param([], False, id="nothing"),
    ],
)  # fmt: skip
def test_cns_prophylaxis(resources: list[Any], found: bool) -> None:
    assert facts_of(*resources, providers=PROVIDERS)[NAME].value is found


def test_a_list_that_is_not_whole_proves_nothing() -> None:
    part = {**COMPLETE, "MedicationRequest": Coverage.PARTIAL}
    assert not facts_of(coverage=part, providers=PROVIDERS)[NAME].known


def test_an_order_line() -> None:
    assert protects_cns(request("methotrexate", dosageInstruction=IT), "methotrexate", {"methotrexate"})
    assert protects_cns(request("methotrexate", dosageInstruction=HIGH), "methotrexate", {"methotrexate"})
    assert not protects_cns(request("methotrexate", dosageInstruction=LOW), "methotrexate", {"methotrexate"})


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (["Transfuse 2 units irradiated packed red cells"], True),
        (["Erythrozytenkonzentrat, bestrahlt"], True),
        (["Transfuse 1 apheresis platelets"], False),
        (["irradiated platelets", "packed red cells"], False),
        (["packed red cells, not irradiated"], False),
        (["EK unbestrahlt, CMV-negativ"], False),
        (["EK, nicht bestrahlt"], False),
        (["unirradiated platelets"], False),
        (["non-irradiated platelets"], False),
        (["gamma-irradiated platelets"], True),
        (["EK gammabestrahlt"], True),
    ],
)
def test_irradiated_products(texts: list[str], value: bool) -> None:
    found = blood_products.irradiation((dict[str, Any](), text, Provenance(text)) for text in texts)
    assert found is not None
    assert found.value is value


def test_without_an_order_of_blood_nothing_is_said() -> None:
    assert blood_products.irradiation(()) is None
