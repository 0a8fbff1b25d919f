"""Reports of ABL1 mutations as laboratories send them: lists of what was tested, other genes, other isoforms, other shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.genetics import abl1_tests
from service.facts.genetics.abl1 import protein_changes
from service.facts.genetics.abl1_report import read_report
from service.facts.genetics.abl1_sequence import FIRST, LAST, SHIFT, coded_change, residue
from service.facts.model import Reason, TokenSet
from service.facts.vocabulary import VOCABULARY
from tests.facts.genetic_resources import SCT, component, concept, observation, report
from tests.facts.support import facts_of

PRESENT, ABSENT = concept("http://loinc.org", "LA9633-4"), concept("http://loinc.org", "LA9634-2")
# Residues of published resistance mutations, which the shipped sequence has to have in their places.
KNOWN = [
    "M237",
    "I242",
    "M244",
    "K247",
    "L248",
    "G250",
    "Q252",
    "Y253",
    "E255",
    "E258",
    "W261",
    "L273",
    "D276",
    "E279",
    "V280",
    "V289",
    "V299",
    "F311",
    "T315",
    "F317",
    "Y320",
    "L324",
    "Y342",
    "M343",
    "A344",
    "A350",
    "M351",
    "E355",
    "F359",
    "D363",
    "L364",
    "A365",
    "A366",
    "L370",
    "V371",
    "E373",
    "V379",
    "A380",
    "F382",
    "L384",
    "L387",
    "M388",
    "Y393",
    "H396",
    "A397",
    "S417",
    "I418",
    "A433",
    "S438",
    "E450",
    "E453",
    "E459",
    "P465",
    "M472",
    "P480",
    "F486",
]


@pytest.mark.parametrize("place", KNOWN)
def test_the_sequence_has_the_residues_that_mutations_are_named_by(place):
    assert residue(int(place[1:])) == place[0]


def test_every_table_mutation_can_be_written_by_its_base():
    for name in VOCABULARY.lookup("abl1_mutations").values:
        first, number, last = name[0], int(name[1:-1]), name[-1]
        assert residue(number) == first
        places = range(3 * number - 2, 3 * number + 1)
        made = {coded_change(place, "", base) for place in places for base in "ACGT"}
        assert name in made
        assert last != first


@given(st.integers(FIRST, LAST), st.integers(0, 2), st.sampled_from("ACGT"))
def test_a_coding_change_reads_the_same_on_either_isoform(number, offset, base):
    place = 3 * number - 2 + offset
    short = [c.name for c in protein_changes(f"NM_005157.6:c.{place}{_base(place)}>{base}")]
    long = [c.name for c in protein_changes(f"NM_007313.3:c.{place + 3 * SHIFT}{_base(place)}>{base}")]
    assert short == long


def _base(place):
    """The base of the transcript at a place: the one from which a change is read there."""
    return next((b for b in "ACGT" if any(coded_change(place, b, other) for other in "ACGT")), "N")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("NP_009297.2:p.(Thr334Ile)", ["T315I"]),
        ("NM_007313.3:c.1001C>T", ["T315I"]),
        ("ENST00000372348:c.1001C>T", ["T315I"]),
        ("NM_007313.3 p.Thr315Ile", ["T315I"]),  # the accession of one isoform, the number of the other
        ("ABL1 c.944 C>T", ["T315I"]),
        ("c.944C->T", ["T315I"]),
        ("c.943_944delinsAT", ["T315I"]),
        ("c.949_950delTTinsCA", ["F317H"]),
        ("NM_005157.6:c.1076T>G", ["F359C"]),
        ("Thr315→Ile", ["T315I"]),
        ("T315l", ["T315I"]),
        ("p.[Thr315Ile;Glu255Lys]", ["T315I", "E255K"]),
        ("JAK2 V617F, KRAS G12D, CEBPA Q312K, TP53 R248Q, PTPN11 E76K", []),
        ("NM_004333.6:c.944C>G", ["T315S"]),
        ("c.945C>T", []),
        ("p.Thr334Ile", []),  # without an accession nothing says that isoform 1b is meant
        ("c.1423_1424ins35", []),
    ],
)
def test_more_notations(text, names):
    assert [change.name for change in protein_changes(text)] == names


@pytest.mark.parametrize(
    ("text", "changes", "absent", "complete", "failed"),
    [
        ("Mutations tested: M244V, T315I, F359V. Result: negative", [], ["M244V", "T315I", "F359V"], False, False),
        ("Tested for: T315I, E255K, F317L. None detected.", [], ["T315I", "E255K", "F317L"], False, False),
        ("The assay detects T315I, E255K and F317L. Result: T315I detected", ["T315I"], [], True, False),
        ("Codons 220-500 sequenced, M244V to F486S. No mutations.", [], [], True, False),
        ("Panel covers T315I, E255K, F317L", [], [], False, True),
        ("T315I <1 %", [], [], False, True),
        ("T315I below LOD", [], ["T315I"], False, False),
        ("T315I 0 %", [], ["T315I"], False, False),
        ("Keine Resistenzmutation", [], [], True, False),
        ("Kinasedomäne: Wildtyp", [], [], True, False),
        ("p.Lys247Arg (polymorphism)", [], [], True, False),
        ("K247R", [], [], True, False),
        ("ABL1 35INS (c.1423_1424ins35)", [], [], True, False),
        ("Previously T315I, now wild type", [], [], True, False),
        ("Previously detected T315I no longer detectable", [], ["T315I"], False, False),
        ("Mutation analysis not performed, BCR-ABL1 transcript level too low", [], [], False, True),
        ("T315I suspected, result pending", [], [], False, True),
        ("No T315I. E255K present", ["E255K"], ["T315I"], True, False),
        ("compound mutation T315I + E255K (same clone)", ["T315I", "E255K"], [], True, False),
        ("E255K (10%), T315I nicht nachweisbar", ["E255K"], ["T315I"], True, False),
    ],
)
def test_reports_of_a_kinase_domain_test(text, changes, absent, complete, failed):
    reading = read_report(text, is_test=True)
    assert reading is not None
    assert ([c.name for c in reading.changes], list(reading.absent)) == (changes, absent)
    assert (reading.complete, reading.failed) == (complete, failed)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("ABL1 wildtype, NRAS p.G12D, TP53 p.R248Q", []),
        ("ABL1 p.T315I and PTPN11 p.E76K", ["T315I"]),
        ("NM_005157.6:c.763G>A p.(Glu255Lys)", ["E255K"]),
    ],
)
def test_panels_of_several_genes(text, changes):
    reading = read_report(text)
    assert reading is not None
    assert [c.name for c in reading.changes] == changes


@pytest.mark.parametrize(
    "text", ["BCR::ABL1: negative. NRAS mutation G12D.", "ABL1 negative; JAK2 V617F positive", "TP53 wild type"]
)
def test_a_fusion_that_was_not_found_is_no_mutation_test(text):
    assert read_report(text) is None


def read(*resources):
    return facts_of(*resources, providers=abl1_tests.PROVIDERS)


HGVS_1B = component("81252-9", valueCodeableConcept={"text": "NM_007313.3(ABL1):c.1001C>T (p.Thr334Ile)"})


@pytest.mark.parametrize(
    ("resource", "value"),
    [
        (observation("69548-6", PRESENT, component=[HGVS_1B]), TokenSet(frozenset({"T315I"}), False)),
        (observation("69548-6", PRESENT, component=[component("48018-6", valueCodeableConcept={"text": "BCR::ABL1"}),
                                                    component("48005-3", valueString="p.Phe317Leu")]),
         TokenSet(frozenset({"F317L"}), False)),
        (observation("69548-6", note=[{"text": "ABL1 p.T315I"}],
                     interpretation=[concept("https://example.org/genetische-variante-auspraegung", "M")]),
         TokenSet(frozenset({"T315I"}), False)),
        (observation("69548-6", note=[{"text": "ABL1 p.T315I"}],
                     interpretation=[concept("https://example.org/genetische-variante-auspraegung", "W")]),
         TokenSet(frozenset(), False, frozenset({"T315I"}))),
        (observation(None, "nachweisbar (12 %)", text="T315I"), TokenSet(frozenset({"T315I"}), False)),
        (observation(None, "negativ", text="T315I-Mutation"), TokenSet(frozenset(), False, frozenset({"T315I"}))),
        (observation("55135-8", component=[{"code": {"text": "T315I"}, "valueCodeableConcept": concept(SCT, "260415000")},
                                           {"code": {"text": "E255K"}, "valueCodeableConcept": concept(SCT, "260373001")}]),
         TokenSet(frozenset({"E255K"}), True, frozenset({"T315I"}))),
    ],
    ids=["isoform-1b", "fusion-named-gene", "obds-mutated", "obds-wild-type", "name-only", "name-only-german", "components"],
)  # fmt: skip
def test_shapes_of_results(resource, value):
    assert read(resource).value("abl1_mutations") == value


def test_a_mutation_outside_the_tables_is_shown_and_named_so():
    fact = read(observation("55135-8", "M351T detected (20 %), T315I detected"))["abl1_mutations"]
    assert fact.value == TokenSet(frozenset({"M351T", "T315I"}))
    assert fact.provenance[0].note == "M351T 20 %; the tables of contraindications do not cover M351T"


def test_a_report_that_is_only_a_document_says_so():
    pdf = [{"contentType": "application/pdf", "data": "JVBERi0xLjQ="}]
    fact = read(report("", text="Molecular genetics report", presentedForm=pdf))["abl1_mutations"]
    assert fact.reason is Reason.UNREADABLE
    assert "document" in (fact.detail or "")
    karyotype = read(report("", text="Chromosome analysis", presentedForm=pdf))["abl1_mutations"]
    assert karyotype.reason is Reason.RECORD_EMPTY


def test_an_attached_plain_text_is_read():
    plain = [
        {"contentType": "text/plain; charset=utf-8", "data": "QUJMMSBrYXNlIGRvbWFpbjogVDMxNUkgbXV0YXRpb24gZGV0ZWN0ZWQ="}
    ]
    assert read(report("", text="ABL1 mutation analysis", presentedForm=plain)).value("abl1_mutations") == TokenSet(
        frozenset({"T315I"}), False
    )
