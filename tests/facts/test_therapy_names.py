"""Drugs, local preparations and regimens in words and codes."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.therapy.drug_names import drugs_in, named
from service.facts.therapy.exposure import exposures
from service.facts.therapy.regimens import regimens_in
from service.facts.therapy.routes import is_local
from service.facts.vocabulary import VOCABULARY
from service.facts.vocabulary.drugs import DRUG_ALIASES, DRUG_NAMES
from service.record.model import PatientRecord
from tests.facts.fhir import ATC, concept, statement
from tests.facts.support import AS_OF, facts_of, terminology


def record_of(*resources: Any) -> PatientRecord:
    record = facts_of(*resources).record
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("Methotrexat 5000 mg/m²", {"methotrexate"}), ("MTX, ARA-C", {"methotrexate", "cytarabine"}),
        ("L01BA01 METHOTREXAT EBEWE", {"methotrexate"}), ("6-MP", {"mercaptopurine"}), ("Cyclophosphamid", {"cyclophosphamide"}),
        ("Blincyto", {"blinatumomab"}), ("InO", {"inotuzumab ozogamicin"}), ("in october", set()), ("ino", set()),
        ("methylprednisolone", {"methylprednisolone"}), ("Asparaginase", {"asparaginase"}), ("PEG-asparaginase", {"pegaspargase"}),
        ("liposomal vincristine", {"vincristine-liposomal"}), ("CAR-T cells", {"CAR-T"}), ("metformin", set()), ("", set()),
    ],
)  # fmt: skip
def test_drugs_in_words(text: str, drugs: set[str]) -> None:
    assert drugs_in(terminology(), text) == drugs


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("Vincristinsulfat 1 mg/ml", {"vincristine"}), ("Daunorubicinhydrochlorid", {"daunorubicin"}), ("Imatinibmesilat", {"imatinib"}),
        ("Fludarabinphosphat medac", {"fludarabine"}), ("Methotrexat-Dinatrium", {"methotrexate"}), ("Methotrexatdinatrium", {"methotrexate"}),
        ("Decortin H 50 mg", {"prednisolone"}), ("Decortin 20 mg", {"prednisone"}), ("Fortecortin 8 mg Tbl.", {"dexamethasone"}),
        ("Pantozol 40", {"pantoprazole"}), ("Xaluprine 20 mg/ml", {"mercaptopurine"}), ("Calciumfolinat", {"leucovorin"}),
        ("Erwinia-Asparaginase", {"asparaginase-erwinia"}), ("Crisantaspase (Erwinase)", {"asparaginase-erwinia"}),
        ("Peg-L-Asparaginase", {"pegaspargase"}), ("Asparaginase medac 10000 E", {"asparaginase-e-coli"}), ("ASNase", {"asparaginase"}),
        ("Brexucabtagen autoleucel (Tecartus)", {"brexucabtagene autoleucel"}), ("CD19-CAR-T-Zellen", {"CAR-T"}),
        ("rituximab-abbs 10 mg/mL", {"rituximab"}), ("pegfilgrastim-cbqv", {"pegfilgrastim"}), ("CPM", {"cyclophosphamide"}),
        ("cpm", set()), ("DNR, VCR, PEG-Asp", {"daunorubicin", "vincristine", "pegaspargase"}), ("Blinatumomabgabe Zyklus 2", {"blinatumomab"}),
        ("Vyxeos (cytarabine liposome / daunorubicin liposomal)", {"daunorubicin-cytarabine-liposomal"}), ("Depocyte", {"cytarabine-liposomal"}),
        ("iNO 20 ppm inhaled", set()), ("St. John's wort", {"st john's wort"}), ("predniSONE 5 mg tablet", {"prednisone"}),
        ("Vincristin/Daunorubicin/Prednison gemäß GMALL 08/2013", {"vincristine", "daunorubicin", "prednisone"}),
    ],
)  # fmt: skip
def test_german_names_brands_and_salts(text: str, drugs: set[str]) -> None:
    assert drugs_in(terminology(), text) == drugs


@pytest.mark.parametrize(
    "text",
    [
        "No blinatumomab given", "blinatumomab declined by patient", "Allergie gegen Blinatumomab", "Blinatumomab geplant",
        "candidate for blinatumomab", "kein Blinatumomab", "Blincyto: approval pending", "mother received blinatumomab",
    ],
)  # fmt: skip
def test_what_is_denied_or_planned_is_not_named(text: str) -> None:
    assert drugs_in(terminology(), text) == set()


@pytest.mark.parametrize(
    ("text", "drug"),
    [
        ("Hydrocortisone 100 mg IV PRN allergic reaction", "hydrocortisone"), ("prednisone, planned taper", "prednisone"),
        ("dexamethasone 4 mg, do not crush", "dexamethasone"), ("methotrexate without preservatives", "methotrexate"),
    ],
)  # fmt: skip
def test_what_is_given_although_a_word_sounds_otherwise(text: str, drug: str) -> None:
    assert drugs_in(terminology(), text) == {drug}


def test_one_denial_leaves_the_rest() -> None:
    assert drugs_in(terminology(), "Inotuzumab declined; blinatumomab 28 ug/d") == {"blinatumomab"}
    assert drugs_in(terminology(), "Z.n. Blinatumomab") == {"blinatumomab"}


@pytest.mark.parametrize(("alias", "name"), sorted(DRUG_ALIASES.items()))
def test_every_name_that_rules_may_use_is_read_in_records(alias: str, name: str) -> None:
    if name in DRUG_NAMES:
        assert name in drugs_in(terminology(), alias.replace("_", " "))


@pytest.mark.parametrize("name", DRUG_NAMES)
def test_every_drug_is_read_by_its_own_name(name: str) -> None:
    said = {"asparaginase-e-coli": "native E. coli asparaginase", "asparaginase-erwinia": "asparaginase Erwinia"}.get(
        name, name
    )
    assert drugs_in(terminology(), said) == {name}


@pytest.mark.parametrize(
    ("coded", "text", "drugs", "either"),
    [
        pytest.param({"therapy.methotrexate"}, "Methotrexate 2.5 mg", {"methotrexate"}, set(), id="agree"),
        pytest.param({"therapy.methotrexate"}, "Mercaptopurine 50 MG", {"chemotherapy"}, {"methotrexate", "mercaptopurine"}, id="which?"),
        pytest.param({"therapy.prednisone"}, "Prednisolon", {"corticosteroid"}, {"prednisone", "prednisolone"}, id="a steroid anyway"),
        pytest.param({"therapy.dasatinib"}, "Omeprazole", set(), {"dasatinib", "omeprazole"}, id="nothing in common"),
        pytest.param({"therapy.pegaspargase"}, "Asparaginase", {"pegaspargase"}, set(), id="a class is no contradiction"),
        pytest.param({"therapy.asparaginase"}, "Erwinase", {"asparaginase-erwinia"}, set(), id="the text tells the product"),
        pytest.param({"therapy.vincristine"}, "Marqibo", {"vincristine-liposomal"}, set(), id="a preparation of the same"),
        pytest.param({"therapy.dasatinib"}, "study medication", {"dasatinib"}, set(), id="text names none"),
        pytest.param({"therapy.methotrexate"}, "MTX, ARA-C", {"methotrexate", "cytarabine"}, set(), id="text names more"),
        pytest.param(set(), "Sprycel", {"dasatinib"}, set(), id="text only"),
    ],
)  # fmt: skip
def test_code_and_text(coded: set[str], text: str, drugs: set[str], either: set[str]) -> None:
    found = named(terminology(), coded, text)
    assert (found.drugs, found.either) == (drugs, either)
    assert (found.note is not None) is bool(either)


@pytest.mark.parametrize(
    ("system", "code", "drugs"),
    [
        ("", "L01EA02", {"dasatinib"}), ("http://fhir.de/CodeSystem/atc", "l01ea02", {"dasatinib"}), (ATC, "L01XC19", {"blinatumomab"}),
        (ATC, "L01XE24", {"ponatinib"}), (ATC, "L01XX02", {"asparaginase"}), (ATC, "A02BC52", {"PPI"}), (ATC, "H02AB", {"corticosteroid"}),
        ("urn:local", "L01EA02", set()), (ATC, "L01", set()), ("", "6851", set()),
    ],
)  # fmt: skip
def test_codes(system: str, code: str, drugs: set[str]) -> None:
    entry = statement(None, "2025-01-01", medicationCodeableConcept=concept(code, system))
    assert {e.drug for e in exposures(record_of(entry), AS_OF).items} == drugs


@pytest.mark.parametrize(
    ("text", "codings", "extra", "local"),
    [
        ("dexamethasone eye drops", [], {}, True), ("Hydrocortison Salbe", [], {}, True), ("dexamethasone", [(ATC, "S01BA01")], {}, True),
        ("dexamethasone", [(ATC, "H02AB02")], {}, False), ("dexamethasone", [], {"dosage": [{"route": concept("54485002")}]}, True),
        ("dexamethasone", [], {"dosageInstruction": {"route": {"text": "topical"}}}, True),
        ("methotrexate", [], {"dosage": {"route": {"text": "oral"}}}, False), ("ketoconazole shampoo", [], {}, True),
    ],
)  # fmt: skip
def test_local_preparations(text: str, codings: list[tuple[str, str]], extra: dict[str, Any], local: bool) -> None:
    assert is_local(extra, codings, text) is local


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hyper-CVAD course 1A", "HyperCVAD"), ("R-HyperCVAD", "HyperCVAD"), ("mini-hyper-CVD", "Mini-hyperCVD"),
        ("InO + mini-hyper-CVD", "InO + mini-hyperCVD"), ("venetoclax with mini-hyperCVD", "Mini-hyperCVD + venetoclax"),
        ("augmented hyper-CVAD", "augmented hyper-CVAD"), ("C10403", "CALGB 10403"), ("AALL1731 arm B", "AALL1731"),
        ("GMALL 08/2013", "GMALL"), ("AIEOP-BFM ALL 2017", "BFM-like"), ("ALL-BFM 2000", "BFM-like"), ("E1910", "ECOG 1910"),
        ("Total XVII", "Total-XVII"), ("Total therapy XVI", "Total-XVI"), ("no hyper-CVAD", None), ("chemotherapy", None),
    ],
)  # fmt: skip
def test_regimens_in_words(text: str, name: str | None) -> None:
    found = regimens_in(text)
    assert (found[0][0] if found else None) == name
    if name is not None:
        assert VOCABULARY.lookup("induction_regimen").canonical(name) == name
