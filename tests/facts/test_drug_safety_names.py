"""Names of the drugs that the safety checks ask for: vaccines by phrase, since "MMR" is also a molecular response."""

from __future__ import annotations

import pytest

from service.facts.therapy.drug_names import drugs_in
from service.facts.vocabulary import VOCABULARY
from tests.record.record_support import terminology


@pytest.mark.parametrize(
    ("text", "drugs"),
    [
        ("MMR vaccine", {"measles-mumps-rubella vaccine"}),
        ("MMR-Impfung", {"measles-mumps-rubella vaccine"}),
        ("Measles, mumps and rubella virus vaccine live 0.5 mL", {"measles-mumps-rubella vaccine"}),
        ("MMR (major molecular response)", set()),
        ("measles, mumps, rubella and varicella virus vaccine", {"measles-mumps-rubella-varicella vaccine"}),
        ("Varicella virus vaccine live", {"varicella vaccine"}),
        ("varicella zoster immune globulin", set()),
        ("zoster vaccine live", {"zoster vaccine live"}),
        ("Shingrix, zoster vaccine recombinant, adjuvanted", set()),
        ("Gelbfieberimpfung", {"yellow fever vaccine"}),
        ("influenza vaccine quadrivalent inactivated", set()),
        ("influenza virus vaccine, live, intranasal", {"influenza vaccine live"}),
        ("typhoid vaccine live oral Ty21a", {"typhoid vaccine oral"}),
        ("typhoid Vi polysaccharide vaccine", set()),
        ("IPOL poliovirus vaccine inactivated", set()),
        ("Rotavirus-Schluckimpfung", {"rotavirus vaccine"}),
        ("BCG vaccine", {"BCG vaccine"}),
        ("pneumococcal vaccine", set()),
        ("penicillin V 500 mg", {"phenoxymethylpenicillin"}),
        ("piperacillin/tazobactam 4.5 g", {"piperacillin"}),
        ("ASS 100 mg", {"aspirin"}),
        ("Vindesinsulfat", {"vindesine"}),
        ("Levomethadon", {"methadone"}),
        ("Ondansetronhydrochlorid 8 mg", {"ondansetron"}),
    ],
)
def test_names(text: str, drugs: set[str]) -> None:
    assert drugs_in(terminology(), text) == drugs


@pytest.mark.parametrize(
    ("drug", "classes"),
    [
        ("vincristine-liposomal", {"vinca-alkaloid", "chemotherapy"}),
        ("vinorelbine", {"vinca-alkaloid"}),
        ("ibuprofen", {"NSAID"}),
        ("flucloxacillin", {"penicillin"}),
        ("voriconazole", {"azole", "strong-CYP3A4-inhibitor", "QT-prolonging"}),
        ("fluconazole", {"azole", "QT-prolonging"}),
        ("LAIV", {"live-vaccine"}),
    ],
)
def test_classes(drug: str, classes: set[str]) -> None:
    members = VOCABULARY.lookup("ordered_drug").token_set([drug]).members
    assert classes <= members
    assert "QT-prolonging" not in VOCABULARY.lookup("ordered_drug").token_set(["isavuconazole"]).members
