"""ABL1 mutations: notations, reports, and the tests of a record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.genetics import abl1_tests
from service.facts.genetics.abl1 import protein_changes
from service.facts.genetics.abl1_report import read_report
from service.facts.given import unknown_stated
from service.facts.model import Facts, Reason, Registry, TokenSet
from tests.facts.genetic_resources import SCT, component, concept, gene, observation, report
from tests.facts.support import AS_OF, facts_of


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("T315I", ["T315I"]),
        ("t315i", ["T315I"]),
        ("p.T315I", ["T315I"]),
        ("p.Thr315Ile", ["T315I"]),
        ("p.(Thr315Ile)", ["T315I"]),
        ("NP_005148.2:p.(Thr315Ile)", ["T315I"]),
        ("NM_007313.3:p.Thr334Ile", ["T315I"]),
        ("c.944C>T", ["T315I"]),
        ("NM_005157.6:c.1076T>G", ["F359C"]),
        ("T315I/E255K", ["T315I", "E255K"]),
        ("c.763G>A and p.T315I", ["E255K", "T315I"]),
        ("T315I, T315I", ["T315I"]),
        ("T315T", []),
        ("D5045L", []),
        ("V600E", []),
        ("c.1A>G", []),
        ("no mutation", []),
    ],
)
def test_notations(text, names):
    assert [change.name for change in protein_changes(text)] == names


# The genetic code over the residues of the table: codon n of ABL1 spans c.(3n-2) to c.(3n).
_CODE = {
    "ATG": "M", "GTG": "V", "GGG": "G", "GAG": "E", "CAG": "Q", "CAC": "H", "CAT": "H", "TAC": "Y", "TTC": "F", "AAG": "K",
    "ACT": "T", "ATT": "I", "GCT": "A", "TTG": "L", "TTA": "L", "CTC": "L", "GTC": "V", "ATC": "I", "TGC": "C", "GCG": "A",
    "CCA": "P", "TCA": "S", "CTG": "L", "GCC": "A", "ACC": "T",
}  # fmt: skip
_CODONS = {
    244: "ATG",
    250: "GGG",
    252: "CAG",
    253: "TAC",
    255: "GAG",
    315: "ACT",
    317: "TTC",
    299: "GTG",
    359: "TTC",
    465: "CCA",
}


@pytest.mark.parametrize(
    ("coding", "name"),
    [("730A>G", "M244V"), ("749G>A", "G250E"), ("756G>C", "Q252H"), ("756G>T", "Q252H"), ("757T>C", "Y253H"), ("758A>T", "Y253F"),
     ("763G>A", "E255K"), ("764A>T", "E255V"), ("895G>C", "V299L"), ("895G>T", "V299L"), ("943A>G", "T315A"), ("944C>T", "T315I"),
     ("949T>A", "F317I"), ("949T>C", "F317L"), ("949T>G", "F317V"), ("950T>G", "F317C"), ("951C>A", "F317L"), ("951C>G", "F317L"),
     ("1075T>A", "F359I"), ("1075T>G", "F359V"), ("1076T>G", "F359C"), ("1393C>T", "P465S")],
)  # fmt: skip
def test_coding_changes_agree_with_the_genetic_code(coding, name):
    place, old, new = int(coding[:-3]), coding[-3], coding[-1]
    residue, offset = (place + 2) // 3, (place - 1) % 3
    codon = _CODONS[residue]
    assert codon[offset] == old
    changed = codon[:offset] + new + codon[offset + 1 :]
    extra = {"GTA": "V", "GAA": "E", "TTT": "F"}
    if changed in _CODE or changed in extra:
        assert f"{_CODE[codon]}{residue}{(_CODE | extra)[changed]}" == name
    assert [c.name for c in protein_changes(f"c.{coding}")] == [name]


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("T315I detected (34 %)", [34.0]),
        ("T315I (34 %), E255K (12,5%)", [34.0, 12.5]),
        ("T315I, E255K 12 %", [None, 12.0]),
        ("T315I 340 %", [None]),
        ("T315I; T315I 20 %", [20.0]),
    ],
)
def test_shares(text, shares):
    assert [change.percent for change in protein_changes(text)] == shares


@pytest.mark.parametrize(
    ("text", "is_test", "changes", "absent", "complete", "failed"),
    [
        ("ABL1 T315I detected (34 %)", False, ["T315I"], [], False, False),
        ("T315I positive", True, ["T315I"], [], True, False),
        ("ABL1 kinase domain: no mutation detected", False, [], [], True, False),
        ("ABL1: kein Nachweis einer Mutation", False, [], [], True, False),
        ("No mutation detected", True, [], [], True, False),
        ("no T315I mutation detected in ABL1", False, [], ["T315I"], False, False),
        ("ABL1 T315I detected, F317L not detected", False, ["T315I"], ["F317L"], False, False),
        ("ABL1 sequencing: F317L, no other mutations", False, ["F317L"], [], True, False),
        ("TP53 R273H; ABL1 wild type", False, [], [], True, False),
        ("ABL1 T315I equivocal", False, [], [], False, True),
        ("Test failed: insufficient RNA", True, [], [], False, True),
    ],
)
def test_reports(text, is_test, changes, absent, complete, failed):
    reading = read_report(text, is_test=is_test)
    assert reading is not None
    assert ([c.name for c in reading.changes], list(reading.absent)) == (changes, absent)
    assert (reading.complete, reading.failed) == (complete, failed)


@pytest.mark.parametrize(
    "text", ["T315I detected", "NRAS G12D", "ABL1 sent", "", "BCR::ABL1 fusion not detected. nuc ish(ABL1,BCR)x2[200]"]
)
def test_texts_that_say_nothing_of_abl1_mutations(text):
    assert read_report(text) is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_raising(text):
    reading = read_report(text, is_test=True)
    assert reading is None or not (reading.failed and reading.changes)


def read(*resources):
    return facts_of(*resources, providers=abl1_tests.PROVIDERS)


PRESENT, ABSENT = concept("http://loinc.org", "LA9633-4"), concept("http://loinc.org", "LA9634-2")
T315I = component("48005-3", valueCodeableConcept={"text": "NP_005148.2:p.(Thr315Ile)"})


@pytest.mark.parametrize(
    ("resource", "value"),
    [
        (observation("55135-8", "T315I detected"), TokenSet(frozenset({"T315I"}))),
        (observation("55135-8", "No mutation detected"), TokenSet(frozenset())),
        (observation("55135-8", concept(SCT, "260415000")), TokenSet(frozenset())),
        (report("ABL1 T315I mutation detected.", text="Molekulargenetik"), TokenSet(frozenset({"T315I"}), False)),
        (observation("69548-6", PRESENT, component=[gene("HGNC:76"), T315I]), TokenSet(frozenset({"T315I"}), False)),
        (observation("69548-6", ABSENT, component=[gene("76"), T315I]), TokenSet(frozenset(), False, frozenset({"T315I"}))),
        (observation("55135-8", component=[{"code": {"text": "result"}, "valueString": "E255K found"}]), TokenSet(frozenset({"E255K"}))),
        (observation(None, "negative", text="ABL1 kinase domain mutation"), TokenSet(frozenset())),
    ],
    ids=["text", "none", "coded-none", "report", "variant", "variant-absent", "component", "name-only"],
)  # fmt: skip
def test_mutations_of_a_record(resource, value):
    facts = read(resource)
    assert facts.value("abl1_mutations") == value
    assert facts.value("abl1_mutation_tested") is True


def test_allele_share_is_in_the_provenance():
    share = component("81258-6", valueQuantity={"value": 0.34, "unit": "1"})
    fact = read(observation("69548-6", PRESENT, component=[gene("76"), T315I, share]))["abl1_mutations"]
    assert fact.provenance[0].note == "T315I 34 %"


def test_a_change_beside_a_fusion_is_not_a_mutation():
    stray = component("48004-6", valueCodeableConcept={"text": "NM_005157.6:c.1076T>G"})
    fusion = observation("69548-6", PRESENT, component=[gene("1014"), gene("76"), stray])
    assert read(fusion)["abl1_mutations"].reason is Reason.RECORD_EMPTY


def test_a_variant_of_another_gene_is_not_abl1():
    other = observation(
        "69548-6",
        PRESENT,
        component=[gene("11998"), component("48005-3", valueCodeableConcept={"text": "p.Arg273His"})],
    )
    assert read(other)["abl1_mutations"].reason is Reason.RECORD_EMPTY


def test_failed_test_is_unreadable_unless_another_worked():
    failed = observation("55135-8", "Test failed", "2025-03-01")
    assert read(failed)["abl1_mutations"].reason is Reason.UNREADABLE
    assert read(failed, observation("55135-8", "T315I", "2025-02-01")).value("abl1_mutations") == TokenSet(
        frozenset({"T315I"})
    )
    no_answer = observation("69548-6", component=[gene("76"), T315I])
    assert read(no_answer)["abl1_mutations"].reason is Reason.UNREADABLE


def test_newest_test_wins_and_results_of_one_day_belong_together():
    older = observation("55135-8", "E255K detected", "2025-01-01")
    newer = observation("55135-8", "T315I detected", "2025-03-01")
    same_day = observation(
        "69548-6", PRESENT, "2025-03-01", component=[gene("76"), component("48005-3", valueString="p.F317L")]
    )
    assert read(older, newer, same_day).value("abl1_mutations") == TokenSet(frozenset({"T315I", "F317L"}))


def test_stated_facts_need_no_record():
    assert Facts(AS_OF, Registry(abl1_tests.PROVIDERS, unknown_stated))["abl1_mutations"].reason is Reason.NOT_GIVEN


@pytest.mark.parametrize(
    ("tested", "answer", "reason"),
    [
        ("2025-02-12", True, None),
        ("2025-01-28", True, None),  # the sample that showed the relapse
        ("2024-06-01", False, None),
        ("2025", None, Reason.NOT_DECIDED),
        (None, None, Reason.RECORD_EMPTY),
    ],
)
def test_whether_the_present_relapse_was_tested(tested, answer, reason):
    diagnosis = {
        "resourceType": "Condition",
        "id": "c1",
        "code": concept(SCT, "277571004"),
        "onsetDateTime": "2023-05-01",
    }
    relapse = {
        "resourceType": "Condition",
        "id": "c2",
        "code": concept(SCT, "12301000132103"),
        "onsetDateTime": "2025-02-10",
    }
    facts = read(diagnosis, relapse, observation("55135-8", "No mutation detected", on=tested))
    assert facts["abl1_tested_since_relapse"].value is answer
    assert facts["abl1_tested_since_relapse"].reason is reason


def test_without_a_dated_relapse_nobody_knows_what_the_test_was_of():
    facts = read(observation("55135-8", "T315I detected"))
    assert facts["abl1_tested_since_relapse"].reason is Reason.UNDATED
