"""Conditioning, graft, lymphodepletion, and what is planned."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.course import conditioning, hct, planned
from service.facts.model import Facts, Interval, Reason
from service.record.model import Coverage
from tests.facts.fhir import administration, concept, condition, procedure, request, resource, statement
from tests.facts.support import COMPLETE, facts_of

ALL = condition("91857003", onsetDateTime="2024-01-15")
OPS, PCS, NINE = (
    "http://fhir.de/CodeSystem/bfarm/ops",
    "http://www.cms.gov/Medicare/Coding/ICD10",
    "http://hl7.org/fhir/sid/icd-9-cm",
)
HCT = "2025-02-01"


def read(*resources: Any, **options: Any) -> Facts:
    return facts_of(*resources, providers=(*hct.PROVIDERS, *planned.PROVIDERS, *conditioning.PROVIDERS), **options)


def grafted(text: str = "Allogeneic PBSCT", on: str | None = HCT, **more: Any) -> Any:
    return procedure(text=text, on=on, **more)


@pytest.mark.parametrize(
    ("code", "system", "kind", "graft"),
    [
        ("8-805.00", OPS, "autologous", "none"), ("8-805.25", OPS, "allogeneic", None), ("5-411.50", OPS, "allogeneic", "none"),
        ("5-411.x", OPS, None, None), ("30243U3", PCS, "allogeneic", "in-vitro-t-cell-depletion"), ("41.05", NINE, "allogeneic", None),
        ("4104", "urn:oid:2.16.840.1.113883.6.104", "autologous", None),
    ],
)  # fmt: skip
def test_codes_of_transplants(code: str, system: str, kind: str | None, graft: str | None) -> None:
    facts = read(ALL, procedure(code, HCT, system))
    assert (facts.value("hct_type"), facts.value("graft_processing")) == (kind, graft)


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        ("TRAPIANTO ALLOGENICO DI MIDOLLO OSSEO (4103)", "allogeneic"), ("Trapianto di midollo osseo (4101)", "autologous"),
        ("trasplante alogénico de progenitores hematopoyéticos", "allogeneic"), ("greffe allogénique de moelle", "allogeneic"),
        ("BIOPSIA DEL MIDOLLO OSSEO (4131)", None), ("trapianto di rene", None),
    ],
)  # fmt: skip
def test_transplants_in_notes_of_registries(note: str, kind: str | None) -> None:
    entry = resource("Procedure", status="completed", note=[{"text": note}], performedDateTime="2013-09-01")
    assert read(ALL, entry).value("hct_type") == kind


@pytest.mark.parametrize(
    ("entries", "value"),
    [
        ([grafted("Allogeneic HSCT, myeloablative conditioning")], "myeloablative"),
        ([grafted("Haplo PBSCT, RIC conditioning")], "reduced-intensity"),
        ([grafted("Allogene SZT nach nicht-myeloablativer Konditionierung")], "reduced-intensity"),
        ([grafted(), procedure(text="Dosisreduzierte Konditionierung Flu/Treo", on="2025-01-26")], "reduced-intensity"),
        ([grafted(), procedure(text="MAC culture of sputum", on="2025-01-26")], None),
        ([grafted(), procedure(text="myeloablative conditioning", on="2022-01-26")], None),
        ([grafted()], None),
    ],
)  # fmt: skip
def test_conditioning(entries: list[Any], value: str | None) -> None:
    assert read(ALL, *entries).value("conditioning") == value


def test_conditioning_said_both_ways() -> None:
    both = [grafted("Allogeneic HCT, RIC"), procedure(text="myeloablative conditioning", on="2025-01-28")]
    assert read(ALL, *both)["conditioning"].reason is Reason.CONFLICTING


TBI = procedure(text="Total body irradiation 12 Gy", on="2025-01-28")
BUSULFAN = administration("Busulfan", "2025-01-27")


@pytest.mark.parametrize(
    ("entries", "coverage", "value"),
    [
        pytest.param([grafted(), TBI], COMPLETE, "TBI", id="given"),
        pytest.param([grafted("Allo HSCT, TBI/Cy")], COMPLETE, "TBI", id="said"),
        pytest.param([grafted("Allo HSCT, Bu/Cy")], COMPLETE, "non-TBI", id="another said"),
        pytest.param([grafted("Allo HSCT, TBI-free conditioning")], COMPLETE, "non-TBI", id="denied"),
        pytest.param([grafted(), BUSULFAN], COMPLETE, "non-TBI", id="drugs alone"),
        pytest.param([grafted(), BUSULFAN, TBI], COMPLETE, "TBI", id="both"),
        pytest.param([grafted(), BUSULFAN], {**COMPLETE, "Procedure": Coverage.PARTIAL}, None, id="procedures in part"),
        pytest.param([grafted(), procedure(text="TBI", on="2024-12-01")], COMPLETE, None, id="two months before"),
        pytest.param([grafted()], COMPLETE, None, id="not said"),
        pytest.param([TBI], COMPLETE, None, id="no transplant"),
    ],
)
def test_tbi_in_the_conditioning(entries: list[Any], coverage: Any, value: str | None) -> None:
    assert read(ALL, *entries, coverage=coverage).value("hct_conditioning") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Haploidentical HCT, TCR alpha/beta and CD19 depleted graft", "in-vitro-t-cell-depletion"),
        ("Allogene SZT mit CD34-selektioniertem Transplantat", "in-vitro-t-cell-depletion"),
        ("Allogeneic HCT, T-cell replete graft", "none"), ("Allogeneic HCT, in vivo T-cell depletion with ATG", None),
        ("Allogeneic HCT", None),
    ],
)  # fmt: skip
def test_graft_in_words(text: str, value: str | None) -> None:
    assert read(ALL, grafted(text)).value("graft_processing") == value


FLU = administration("Fludarabin 30 mg/m2", None, effectivePeriod={"start": "2025-05-20", "end": "2025-05-23"})
CY = administration("Cyclophosphamid", None, effectivePeriod={"start": "2025-05-20", "end": "2025-05-21"})


@pytest.mark.parametrize(
    ("entries", "started", "days"),
    [
        pytest.param([FLU, CY, request("Kymriah", "2025-05-01")], True, 9.0, id="cells ordered"),
        pytest.param([FLU, CY, administration("Tecartus", "2025-05-26")], True, 9.0, id="cells given after"),
        pytest.param([{**FLU, "reasonCode": [{"text": "Lymphodepletion"}]}, CY], True, 9.0, id="said with the drug"),
        pytest.param([procedure(text="Lymphodepletion", performedPeriod={"start": "2025-05-20", "end": "2025-05-23"})], True, 9.0, id="procedure"),
        pytest.param([FLU, CY], None, None, id="nothing ties them to cells"),
        pytest.param([FLU, CY, procedure(text="Haplo PBSCT", on="2025-05-28")], None, None, id="conditioning"),
        pytest.param([FLU, request("Kymriah", "2025-05-01")], None, None, id="fludarabine alone"),
        pytest.param([statement("Fludarabin", "2025-05-30", state="active"), administration("Cyclophosphamid", "2025-05-30"),
                      request("Kymriah", "2025-05-01")], True, None, id="still going on"),
        pytest.param([administration("Fludarabin", "2025-05"), administration("Cyclophosphamid", "2025-05"), request("Kymriah", "2025-05-01")],
                     True, Interval(1, 31), id="the month alone"),
        pytest.param([procedure(text="Lymphodepletion declined", on="2025-05-20")], None, None, id="declined"),
    ],
)  # fmt: skip
def test_lymphodepletion(entries: list[Any], started: bool | None, days: object) -> None:
    facts = read(ALL, *entries)
    assert (facts.value("lymphodepletion_started"), facts.value("days_since_lymphodepletion_end")) == (started, days)


def test_cells_charted_as_a_drug() -> None:
    given = administration(None, "2025-04-26", medicationCodeableConcept=concept("L01XL06", "http://www.whocc.no/atc"))
    assert read(ALL, given).value("days_since_car_infusion") == 36.0
    split = administration("Aucatzyl", "2025-05-01"), administration("Aucatzyl", "2025-05-10")
    assert read(ALL, *split).value("days_since_car_infusion") == 22.0
    assert read(ALL, request("Kymriah", "2025-05-01")).value("days_since_car_infusion") is None


def order(text: str, on: str | None = "2025-05-20", **more: Any) -> Any:
    return resource(
        "ServiceRequest", **{"status": "active", "intent": "order", "code": {"text": text}, "authoredOn": on, **more}
    )


@pytest.mark.parametrize(
    ("entries", "value"),
    [
        pytest.param([order("Allogeneic HSCT")], True, id="ordered"),
        pytest.param([order("Allogeneic HSCT", "2024-12-01"), grafted()], None, id="carried out since"),
        pytest.param([order("Allogeneic HSCT", "2025-03-01"), grafted()], True, id="a second one"),
        pytest.param([order("Allogeneic HSCT", "2023-01-01")], None, id="an order nobody closed"),
        pytest.param([resource("CarePlan", status="active", intent="plan",
                               activity=[{"detail": {"status": "scheduled", "code": {"text": "Allogene Stammzelltransplantation"}}}])], True, id="step of a plan"),
        pytest.param([resource("CarePlan", status="active", intent="plan",
                               activity={"detail": {"status": "completed", "code": {"text": "Allogeneic HCT"}}})], None, id="step done"),
        pytest.param([resource("CarePlan", status="active", activity=["x", {"detail": 3}])], None, id="misshapen"),
    ],
)  # fmt: skip
def test_transplant_planned(entries: list[Any], value: bool | None) -> None:
    assert read(ALL, *entries).value("hct_planned") is value


def test_radiation_planned() -> None:
    assert read(ALL, order("Total body irradiation 12 Gy")).value("tbi_planned") is True
    assert read(ALL, order("cranial irradiation")).value("tbi_planned") is None
    assert read(ALL, TBI).value("tbi_planned") is None


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        ("Donor: HLA-identical sister", "allogeneic"), ("Spenderin: Schwester, 10/10", "allogeneic"), ("10/10 MUD", "allogeneic"),
        ("autologous rescue", "autologous"), ("no complications", None),
    ],
)  # fmt: skip
def test_the_donor_tells_the_kind(note: str, kind: str | None) -> None:
    entry = procedure("234336002", HCT, note=[{"text": note}])
    assert read(ALL, entry).value("hct_type") == kind
