"""Numbers of relapses and remissions, and the site of the last relapse."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.model import Interval
from tests.facts.course_support import ALL, FRESH, RELAPSE, read
from tests.facts.fhir import (
    condition,
    status,
)  # fmt: skip


@pytest.mark.parametrize(
    ("resources", "number"),
    [
        pytest.param([condition("91857003", text="ALL, second relapse")], 2.0, id="numbered"),
        pytest.param([ALL, RELAPSE], 1.0, id="one dated"),
        pytest.param([ALL, RELAPSE, condition("12301000132103", onsetDateTime="2024-06-01")], 2.0, id="two dated"),
        pytest.param([ALL, RELAPSE, condition("12301000132103", onsetDateTime="2023-03-01")], 1.0, id="same one"),
        pytest.param([ALL, status("first relapse", "2022-01-01"), status("CR", "2022-06-01"), status("relapse", "2024-01-01")],
                     Interval(low=2), id="a relapse after the numbered one"),
        pytest.param([ALL, status("CR2", "2024-01-01")], 1.0, id="second remission: a relapse before"),
        pytest.param([condition("91857003", text="multiply relapsed ALL")], Interval(low=2), id="not counted"),
        pytest.param([condition("91857003", text="multiple relapses")], Interval(low=2), id="several"),
        pytest.param([ALL], None, id="nothing"),
        pytest.param([FRESH], 0.0, id="none in a new diagnosis"),
    ],
)  # fmt: skip
def test_relapse_number(resources: list[Any], number: object) -> None:
    assert read(*resources).value("relapse_number") == number


@pytest.mark.parametrize(
    ("resources", "number"),
    [
        pytest.param([ALL, status("CR2", "2025-05-01")], 2.0, id="numbered"),
        pytest.param([condition("91857003", text="B-ALL in first remission")], 1.0, id="Condition"),
        pytest.param([ALL, status("CR1", "2022-01-01"), status("relapse", "2025-05-01")], None, id="over"),
        pytest.param([ALL, status("complete remission", "2025-05-01")], 1.0, id="no relapse on complete lists"),
    ],
)
def test_remission_number(resources: list[Any], number: object) -> None:
    assert read(*resources).value("remission_number") == number


@pytest.mark.parametrize(
    ("resources", "site", "marrow", "cns"),
    [
        pytest.param([ALL, status("isolated CNS relapse")], "isolated-CNS", False, True, id="isolated CNS"),
        pytest.param([ALL, status("combined relapse, marrow and CNS")], "combined", True, True, id="combined"),
        pytest.param([ALL, status("bone marrow relapse")], None, True, None, id="marrow, perhaps more"),
        pytest.param([ALL, status("isolated bone marrow relapse")], "isolated-marrow", True, False, id="isolated marrow"),
        pytest.param([ALL, status("isolated CNS relapse", "2022-01-01"), status("CR2", "2022-06-01"),
                      status("isolated testicular relapse", "2025-01-01")], "isolated-testicular", False, False, id="last"),
        pytest.param([ALL, status("relapse")], None, None, None, id="no site"),
        pytest.param([ALL, status("marrow in remission, CNS clear")], None, None, None, id="no relapse"),
    ],
)  # fmt: skip
def test_relapse_site(resources: list[Any], site: str | None, marrow: bool | None, cns: bool | None) -> None:
    facts = read(*resources)
    found = tuple(facts.value(name) for name in ("relapse_site", "marrow_relapse", "cns_involvement_at_relapse"))
    assert found == (site, marrow, cns)
