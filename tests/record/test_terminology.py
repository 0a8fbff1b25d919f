"""Codes and names to concepts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.record.terminology import Terminology
from service.record.text import Mention
from tests.record.record_support import ICD, ICDO, LOINC, RXNORM, SNOMED, terminology


@pytest.mark.parametrize(
    ("system", "canonical"),
    [
        (LOINC, LOINC),
        ("http://loinc.org/", LOINC),
        ("https://loinc.org", LOINC),
        ("HTTP://LOINC.ORG", LOINC),
        (" http://loinc.org ", LOINC),
        ("http://loinc.org|2.77", LOINC),
        ("urn:oid:2.16.840.1.113883.6.1", LOINC),
        ("2.16.840.1.113883.6.1", LOINC),
        ("http://snomed.info/sct/900000000000207008/version/20240101", SNOMED),
        ("urn:oid:2.16.840.1.113883.6.90", ICD),
        ("http://hl7.org/fhir/sid/icd-o-3", ICDO),
        ("http://fhir.de/CodeSystem/dimdi/atc", "http://www.whocc.no/atc"),
        ("https://standardterms.edqm.eu", "http://standardterms.edqm.eu"),
        ("http://standardterms.edqm.eu", "http://standardterms.edqm.eu"),
        ("https://iscn.karger.com", "https://iscn.karger.com"),
        ("urn:oid:2.16.840.1.113883.6.299", "https://iscn.karger.com"),
        ("https://www.meddra.org", "https://www.meddra.org"),
        ("https://example.org/codes/", "http://example.org/codes"),
        ("urn:local", "urn:local"),
        ("", ""),
    ],
)
def test_systems(system: str, canonical: str) -> None:
    assert terminology().canonical(system) == canonical


@pytest.mark.parametrize(
    ("system", "code", "found"),
    [
        pytest.param(ICD, "C91.00", (ICD, "C91.00"), id="as it is"),
        pytest.param(ICD, " c9100 ", (ICD, "C91.00"), id="without dot"),
        pytest.param("http://hl7.org/fhir/sid/icd-10", "C91.02", (ICD, "C91.02"), id="ICD-10-CM as ICD-10"),
        pytest.param("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "C91.00 G", ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "C91.00"), id="German mark"),
        pytest.param(ICDO, "M9836/3", (ICDO, "9836/3"), id="ICD-O with M"),
        pytest.param(ICDO, "M-9836/3", (ICDO, "9836/3"), id="ICD-O with M-"),
        pytest.param(ICD, "E11.9", (ICD, "E11.9"), id="unknown code"),
        pytest.param(ICD, "I10", (ICD, "I10"), id="short code"),
        pytest.param("urn:local", "C91.00", ("urn:local", "C91.00"), id="unknown system"),
    ],
)  # fmt: skip
def test_codings_in_the_spelling_of_the_data(system: str, code: str, found: tuple[str, str]) -> None:
    assert terminology().coding(system, code) == found


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        (LOINC, "6690-2", "labs.wbc"),
        (SNOMED, "91857003", "diagnosis.all"),
        (ICD, "C91.01", "diagnosis.all"),
        (ICDO, "9836/3", "diagnosis.all"),
        (RXNORM, "6851", "therapy.methotrexate"),
        ("http://standardterms.edqm.eu", "20042000", "therapy.intrathecal"),
    ],
)
def test_concepts(system: str, code: str, concept: str) -> None:
    assert concept in terminology().concepts_of(system, code)


@pytest.mark.parametrize(
    ("system", "code", "meaning"),
    [
        (ICD, "C91.01", {"diagnosis": "ALL", "disease_state": "in-remission"}),
        (ICD, "C91.02", {"diagnosis": "ALL", "disease_state": "relapsed"}),
        (SNOMED, "12311000132101", {"diagnosis": "ALL", "disease_state": "refractory"}),
        (SNOMED, "260415000", {"qualitative": "negative"}),
        (ICD, "E11.9", {}),
    ],
)
def test_meanings(system: str, code: str, meaning: dict[str, str]) -> None:
    assert terminology().meaning(system, code) == meaning


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        pytest.param("Akute lymphatische Leukämie", {"diagnosis.all"}, id="German"),
        pytest.param("bei akuter lymphatischer Leukämie", {"diagnosis.all"}, id="German, declined"),
        pytest.param("B-lymphoblastische Leukämie", {"diagnosis.all"}, id="German, WHO name"),
        pytest.param("Leucemia Acuta Linfoblastica - LAL", {"diagnosis.all"}, id="Italian"),
        pytest.param("ALL-Rezidiv", {"diagnosis.all"}, id="German compound"),
        pytest.param("ALL, Relapsed", {"diagnosis.all"}, id="relapse with a capital"),
        pytest.param("ALL 2019", {"diagnosis.all"}, id="with year"),
        pytest.param("ALL EXTREMITIES", set(), id="all extremities"),
        pytest.param("ALL BLOOD CULTURES NEGATIVE", set(), id="all blood cultures"),
        pytest.param("WEAKNESS OF ALL 4 EXTREMITIES", set(), id="all four"),
        pytest.param("ALL-TRANS RETINOIC ACID", set(), id="all-trans"),
        pytest.param("all other systems normal", set(), id="the word all"),
        pytest.param("METHOTREXAT EBEWE", {"therapy.methotrexate"}, id="German drug"),
        pytest.param("Vincristin, Prednison", {"therapy.vincristine", "therapy.prednisone"}, id="two German drugs"),
        pytest.param("HD-MTX", {"therapy.methotrexate"}, id="high-dose"),
        pytest.param("AraC", {"therapy.cytarabine"}, id="hyphen left out"),
        pytest.param("Inotuzumab  Ozogamicin", {"therapy.inotuzumab_ozogamicin"}, id="two blanks"),
        pytest.param("BLINCYTO", {"therapy.blinatumomab"}, id="brand"),
        pytest.param("peg-filgrastim", set(), id="not filgrastim"),
        pytest.param("tbo-filgrastim", {"therapy.tbo_filgrastim"}, id="nor tbo-filgrastim"),
        pytest.param("methylprednisolone", {"therapy.methylprednisolone"}, id="not prednisolone"),
        pytest.param("", set(), id="empty"),
        pytest.param("blinatumomab " + "x" * 200, {"therapy.blinatumomab"}, id="long text"),
    ],
)
def test_concepts_in_text(text: str, concepts: set[str]) -> None:
    assert terminology().concepts_in_text(text) == concepts


@pytest.mark.parametrize(
    ("group", "text", "mention"),
    [
        ("diagnosis.all", "Z.n. ALL", Mention.HISTORY),
        ("diagnosis.all", "family history of acute lymphoblastic leukemia (ALL)", Mention.FAMILY),
        ("diagnosis.all", "No acute lymphoblastic leukemia", Mention.NEGATED),
        ("diagnosis.all", "akute lymphatische Leukämie", Mention.PRESENT),
        ("diagnosis.all", "diabetes", None),
        ("therapy.blinatumomab", "no prior Blincyto", Mention.NEGATED),
        ("therapy.blinatumomab", "blinatumomab given", Mention.PRESENT),
        ("no.such.group", "ALL", None),
    ],
)
def test_how_a_text_mentions_a_concept(group: str, text: str, mention: Mention | None) -> None:
    assert terminology().mention(group, text) is mention


def test_codes_for_sending() -> None:
    rows = {(c.system, c.code): c for c in terminology().codings("diagnosis.burkitt")}
    assert rows[ICDO, "9687/3"].sendable
    assert rows[ICDO, "9687/3"].display == "Burkitt lymphoma, NOS"
    assert not rows[ICDO, "9826/3"].sendable  # read, but never sent
    assert terminology().codings("no.such.group") == ()
    assert terminology().title("labs.wbc") == "White blood cells"
    assert terminology().title("no.such.group") == "no.such.group"


def test_a_terminology_without_names() -> None:
    raw = {"concepts": [{"group": "a", "title": "A", "codes": []}], "systems": {"aliases": {}}}
    assert Terminology.from_json(json.dumps(raw)).concepts_in_text("methotrexate") == frozenset()


@pytest.mark.parametrize(
    "raw",
    [{}, [], {"concepts": [{}], "systems": {"aliases": {}}}, {"concepts": [], "systems": {"aliases": 3}}],
    ids=str,
)
def test_data_of_another_shape_is_refused(raw: Any) -> None:
    with pytest.raises(ValueError, match="terminology data"):
        Terminology.from_json(json.dumps(raw))


@pytest.mark.parametrize("what", ["ph_status", "disease_state", "lineage", "no such fact"])
def test_groups_with_a_code_that_settles_something(what: str) -> None:
    known = terminology()
    settling = [
        group for group in known.groups() if any(what in known.meaning(c.system, c.code) for c in known.codings(group))
    ]
    assert known.groups_meaning(what) == tuple(settling)
    assert bool(settling) is (what != "no such fact")
