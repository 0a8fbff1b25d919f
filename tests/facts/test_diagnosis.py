"""Diagnosis, lineage, date of diagnosis, and the gate."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.disease import diagnosis, lineage
from service.facts.disease.diagnosis import diagnosis_date, has_all
from service.facts.disease.diagnosis_text import etp_in, lineage_in
from service.facts.model import Facts, Reason
from service.record.model import Coverage
from tests.facts.fhir import GM, ICD, ICDO, concept, condition, observation
from tests.facts.support import facts_of


def read(*resources: Any, **options: Any) -> Facts:
    return facts_of(*resources, providers=(*diagnosis.PROVIDERS, *lineage.PROVIDERS), **options)


def gate(*resources: Any, **options: Any) -> bool | None:
    record = read(*resources, **options).record
    assert record is not None
    return has_all(record)


HISTOLOGY = {
    "url": "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior",
    "valueCodeableConcept": concept("9836/3", ICDO),
}


@pytest.mark.parametrize(
    ("resource", "disease", "line"),
    [
        pytest.param(condition("C91.00", ICD), "ALL", None, id="ICD says nothing of lineage"),
        pytest.param(condition("C91.00", ICD, "T-ALL"), "ALL", "T", id="code with lineage in the text"),
        pytest.param(condition("277571004"), "ALL", "B", id="SNOMED B"),
        pytest.param(condition("277575008"), "ALL", "T", id="SNOMED T"),
        pytest.param(condition("421246008"), "LL", "T", id="lymphoma"),
        pytest.param(condition("C91.A0", ICD), "mature-B", "mature-B", id="Burkitt leukemia"),
        pytest.param(condition("C91.00", ICD, "Burkitt leukemia, L3"), "mature-B", "mature-B", id="ALL code, Burkitt text"),
        pytest.param(condition(text="akute Burkitt-Leukämie"), "mature-B", "mature-B", id="Burkitt text"),
        pytest.param(condition("278453007"), "MPAL", "mixed", id="MPAL"),
        pytest.param(condition("413842007"), "BP-CML", None, id="blast crisis"),
        pytest.param(condition("91861009"), "AML", None, id="AML"),
        pytest.param(condition(text="akute lymphatische Leukämie"), "ALL", None, id="German"),
        pytest.param(condition(text="pre-B ALL, SRG, CNS1"), "ALL", "B", id="packed text"),
        pytest.param(condition(text="pre-B ŪLL, SRG"), "ALL", "B", id="Lithuanian"),
        pytest.param(condition(text="Leucemia Acuta Linfoblastica - LAL"), "ALL", None, id="Italian"),
        pytest.param({**condition(), "code": {}, "extension": [HISTOLOGY]}, "ALL", "B", id="histology extension"),
        pytest.param({**condition(), "code": concept("NI", "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"), "bodySite": [{"text": "LAL-T"}]}, "ALL", "T",
                     id="body site"),
    ],
)  # fmt: skip
def test_a_condition_names_a_disease(resource: Any, disease: str, line: str | None) -> None:
    facts = read(resource)
    assert facts.value("diagnosis") == disease
    assert facts.value("lineage") == line
    assert gate(resource) is (disease != "AML")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        pytest.param(condition(text="family history of acute lymphoblastic leukemia"), False, id="family"),
        pytest.param(condition(text="no evidence of acute lymphoblastic leukemia"), False, id="denied"),
        pytest.param(condition(text="mother had acute lymphoblastic leukemia"), False, id="mother"),
        pytest.param(
            condition(text="chemotherapy for acute lymphoblastic leukemia"), True, id="chemotherapy is no mother"
        ),
        pytest.param(condition(text="matched sibling HCT for acute lymphoblastic leukemia"), True, id="sibling donor"),
        pytest.param(condition("Z85.6", ICD), False, id="history code"),
        pytest.param(condition(text="history of acute lymphoblastic leukemia"), False, id="history text"),
        pytest.param(condition("91857003", status="resolved"), False, id="resolved"),
        pytest.param(condition("91857003", status="remission"), True, id="remission is not over"),
        pytest.param(
            condition("91857003", status="active", verificationStatus=concept("refuted")), False, id="refuted"
        ),
        pytest.param(condition("91857003", verificationStatus=concept("differential")), None, id="differential"),
        pytest.param(condition("C95.00", ICD), None, id="acute leukemia of some kind"),
        pytest.param(condition("93142004"), None, id="leukemia in remission of some kind"),
        pytest.param(condition(text="suspected acute lymphoblastic leukemia"), None, id="suspected"),
        pytest.param(condition(text="V.a. akute lymphatische Leukämie"), None, id="suspected, German"),
        pytest.param(condition(text="Z. n. akuter lymphatischer Leukämie, Z.n. ALL"), False, id="state after, German"),
        pytest.param(condition("44054006", text="Diabetes mellitus"), False, id="another disease"),
        pytest.param(condition(text="small lymphocytic lymphoma"), False, id="another lymphoma"),
        pytest.param(
            {**condition(), "code": concept("91857003", display="Acute myeloid leukemia")},
            None,
            id="code against display",
        ),
    ],
)
def test_gate(resource: Any, expected: bool | None) -> None:
    assert gate(resource) is expected
    assert read(resource)["diagnosis"].known is (expected is True)


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        (Coverage.COMPLETE, False), (Coverage.EMPTY, False), (Coverage.PARTIAL, None), (Coverage.FAILED, None),
        (Coverage.ABSENT, None),
    ],
)  # fmt: skip
def test_gate_without_leukemia_rests_on_coverage(coverage: Coverage, expected: bool | None) -> None:
    assert gate(coverage={"Condition": coverage}) is expected


MASKED = {"resourceType": "Condition", "id": "m", "code": {"extension": [{"url": "data-absent-reason"}]}}
DAMAGED = {"resourceType": "Condition", "id": "d", "code": 5}
OTHER = condition("44054006", text="Diabetes mellitus")
SOMEBODY = {**condition("91857003"), "id": "x", "subject": {"reference": "Patient/somebody-else"}}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([DAMAGED], None, id="damaged"),
        pytest.param([DAMAGED, OTHER], None, id="one damaged"),
        pytest.param([{**DAMAGED, "code": {"coding": []}}], None, id="empty code"),
        pytest.param([MASKED], None, id="nothing but a masked one"),
        pytest.param([MASKED, OTHER], False, id="a masked one among readable ones"),
        pytest.param([SOMEBODY], None, id="nothing but somebody else's"),
        pytest.param([SOMEBODY, OTHER], False, id="somebody else's beside the patient's own"),
    ],
)
def test_conditions_that_say_nothing_are_no_answer(resources: list[Any], expected: bool | None) -> None:
    """Silence would look as if the patient had no leukemia."""
    assert gate({"resourceType": "Patient", "id": "p1"}, *resources) is expected


def test_gate_opens_whatever_the_coverage() -> None:
    assert gate(condition("C91.00", GM), coverage={"Condition": Coverage.PARTIAL}) is True


@pytest.mark.parametrize(
    ("resources", "disease", "reason"),
    [
        pytest.param([condition("C91.00", ICD), condition("109965004")], "ALL", None, id="leukemia and lymphoma"),
        pytest.param([condition("C91.00", ICD), condition("278453007")], "MPAL", None, id="plain ALL and MPAL"),
        pytest.param([condition("277571004"), condition("278453007")], None, Reason.CONFLICTING, id="B-ALL and MPAL"),
        pytest.param([condition("277571004"), condition("91861009")], None, Reason.CONFLICTING, id="ALL and AML"),
        pytest.param([condition("C91.00", ICD), condition("92814006")], "ALL", None, id="ALL beside CLL"),
        pytest.param(
            [condition("91861009", status="resolved"), condition("C91.00", ICD)], "ALL", None, id="AML of the past"
        ),
        pytest.param([condition("91857003", status="resolved")], None, Reason.NOT_DECIDED, id="only history"),
        pytest.param([condition("C95.00", ICD)], None, Reason.NOT_DECIDED, id="kind not said"),
        pytest.param([], None, Reason.RECORD_EMPTY, id="nothing"),
        pytest.param(
            [{**condition(), "code": concept("91857003", display="Acute myeloid leukemia")}], None, Reason.CONFLICTING,
            id="set aside",
        ),
    ],
)  # fmt: skip
def test_several_conditions(resources: list[Any], disease: str | None, reason: Reason | None) -> None:
    fact = read(*resources)["diagnosis"]
    assert (fact.value, fact.reason) == (disease, reason)


def test_conflicting_lineages() -> None:
    fact = read(condition("277571004"), condition("277575008"))["lineage"]
    assert fact.reason is Reason.CONFLICTING
    assert len(fact.provenance) == 2


def test_lineage_of_nothing_is_absent() -> None:
    assert read()["lineage"].reason is Reason.RECORD_EMPTY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B-ALL", "B"), ("pre-B ALL", "B"), ("Pro-B-ALL", "B"), ("cALL", "B"), ("common ALL", "B"), ("BCP-ALL", "B"),
        ("B-cell precursor acute lymphoblastic leukemia", "B"), ("B-Zell-Vorläufer ALL", "B"), ("LAL-B", "B"),
        ("precursor B lymphoblastic leukemia", "B"), ("B lymphoblastic leukemia/lymphoma", "B"), ("ALL, B-lineage", "B"),
        ("T-ALL", "T"), ("T cell ALL", "T"), ("T-lymphoblastic lymphoma", "T"), ("ALL, T-cell", "T"), ("LAL T", "T"),
        ("leucemia linfoblastica aguda de células T", "T"), ("ETP-ALL", "T"),
        ("ALL", None), ("B-ALL or T-ALL", None), ("ALL after CAR T-cell therapy", None), ("not T-ALL", None),
        ("ALL, hepatitis B", None), ("B-ALL treated with CAR-T cells", "B"),
    ],
)  # fmt: skip
def test_lineage_in_words(text: str, expected: str | None) -> None:
    assert lineage_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ETP-ALL", True), ("near-ETP ALL", None), ("non-ETP T-ALL", None), ("no early T-cell precursor phenotype", False),
     ("frühe T-Vorläufer-ALL", True), ("T-ALL", None)],
)  # fmt: skip
def test_etp_in_words(text: str, expected: bool | None) -> None:
    assert etp_in(text) is expected


def test_etp() -> None:
    assert read(condition("277575008", text="ETP-ALL")).value("etp_phenotype") is True
    assert (
        read(condition("C130043", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl")).value("etp_phenotype") is True
    )
    assert read(condition("277575008")).value("etp_phenotype") is None


def marker(text: str, on: str = "2020-01-01") -> Any:
    return observation("101119-6", on, text="Immunophenotype", valueString=text)


def test_lineage_by_markers_however_old() -> None:
    facts = read(condition("C91.00", ICD), marker("CD19+, CD10+, CD79a+, MPO-"))
    assert facts.value("lineage") == "B"
    assert facts["lineage"].provenance[0].inferred
    assert read(condition("C91.00", ICD), marker("CD19+, MPO+")).value("lineage") is None


def test_markers_do_not_step_in_for_contradicting_diagnoses() -> None:
    facts = read(condition("277571004"), condition("277575008"), marker("CD19+, CD10+"))
    assert facts["lineage"].reason is Reason.CONFLICTING
    assert read(marker("CD19+, CD10+"))["lineage"].reason is Reason.RECORD_EMPTY


@pytest.mark.parametrize(
    ("resources", "coverage", "expected"),
    [
        pytest.param([condition("41040004")], None, True, id="code"),
        pytest.param([condition(text="Down-Syndrom")], None, True, id="text"),
        pytest.param([condition(text="no Down syndrome")], None, False, id="denied"),
        pytest.param([], None, False, id="complete list"),
        pytest.param([], {"Condition": Coverage.PARTIAL}, None, id="partial list"),
    ],
)
def test_down_syndrome(resources: list[Any], coverage: Any, expected: bool | None) -> None:
    assert read(*resources, coverage=coverage).value("down_syndrome") is expected


@pytest.mark.parametrize(
    ("resources", "when", "at_latest"),
    [
        pytest.param([condition("C91.00", ICD, onsetDateTime="2020-03")], "2020-03", False, id="onset"),
        pytest.param([condition("C91.00", ICD, onsetPeriod={"start": "2020-03-01"})], "2020-03-01", False, id="period"),
        pytest.param(
            [condition("C91.00", ICD, onsetDateTime="2020-03-09", extension=[
                {"url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate", "valueDateTime": "2020-03-02"}])],
            "2020-03-02", False, id="asserted",
        ),
        pytest.param([condition("C91.00", ICD, recordedDate="2021-01-01")], "2021-01-01", True, id="recorded"),
        pytest.param(
            [condition("C91.00", ICD, onsetDateTime="2020-03-01"), condition("12301000132103", onsetDateTime="2019-01-01")],
            "2020-03-01", False, id="a relapse has its own onset",
        ),
        pytest.param([condition(text="ALL relapse", onsetDateTime="2022-01-01")], None, None, id="only a relapse"),
        pytest.param(
            [condition("C91.00", ICD, recordedDate="2019-01-01"), condition("277571004", onsetDateTime="2020-01-01")],
            "2019-01-01", True, id="recorded before the onset",
        ),
        pytest.param([condition("Z85.6", ICD, onsetDateTime="2010-01-01")], None, None, id="history"),
        pytest.param([condition("91861009", onsetDateTime="2010-01-01")], None, None, id="another disease"),
    ],
)  # fmt: skip
def test_date_of_diagnosis(resources: list[Any], when: str | None, at_latest: bool | None) -> None:
    facts = read(*resources)
    assert facts.record is not None
    found = diagnosis_date(facts.record, facts.as_of)
    assert ((found.when.text, found.at_latest) if found else (None, None)) == (when, at_latest)
    assert facts.value("diagnosis_date") == when


def test_nothing_is_read_without_a_record() -> None:
    facts = Facts(date(2025, 6, 1), read().registry)
    for name in ("diagnosis", "lineage", "down_syndrome", "diagnosis_date"):
        assert facts["diagnosis"].reason is Reason.NOT_GIVEN, name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["91857003", "active", "ALL"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["coding", "code", "text", "system", "display", "reference", "start", "end", "value", "url"]),
        inner, max_size=3,
    ),
    max_leaves=8,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "code",
                "clinicalStatus",
                "verificationStatus",
                "onsetDateTime",
                "onsetPeriod",
                "stage",
                "extension",
                "bodySite",
                "recordedDate",
                "abatementDateTime",
                "note",
            ]
        ),
        JSON,
    )
)
def test_no_condition_raises(members: dict[str, Any]) -> None:
    facts = read({"resourceType": "Condition", **members})
    assert facts.record is not None
    assert has_all(facts.record) in (True, False, None)
    for name in ("diagnosis", "lineage", "down_syndrome", "diagnosis_date"):
        assert facts[name].known or facts[name].reason
