"""The karyotype parser: clones, abnormalities, copies, fusions, hybridisation, and odd texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.facts.karyotype import hybridizations_in, implied_fusions, read_karyotype
from service.facts.karyotype.count import abnormality_count, trisomies
from service.facts.karyotype.ploidy import written_ploidy
from service.facts.model import Interval

SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "karyotypes-sample.tsv"


@pytest.mark.parametrize(
    ("text", "clones"),
    [
        ("46,XX[20]", [((46, 46), "XX", 20, [])]),
        ("46XY", [((46, 46), "XY", None, [])]),
        ("46 XX", [((46, 46), "XX", None, [])]),
        ("46, xy, t(9 ; 22)(q34 ; q11)[4]", [((46, 46), "XY", 4, ["t(9 ; 22)(q34 ; q11)"])]),
        ("46,XX t(9;22)(q34;q11) del(9)(p21)", [((46, 46), "XX", None, ["t(9;22)(q34;q11)", "del(9)(p21)"])]),
        ("45,X0[5]/46,XX[15]", [((45, 45), "X0", 5, []), ((46, 46), "XX", 15, [])]),
        ("52~56,XX,+X,+4[cp6]", [((52, 56), "XX", 6, ["+X", "+4"])]),
        ("?50-60,+18,inc[cp3]", [((50, 60), "", 3, ["+18"])]),
        ("56,inc[3]", [((56, 56), "", 3, [])]),
        ("47<2n>,XY,-7,+8,+mar", [((47, 47), "XY", None, ["-7", "+8", "+mar"])]),
        ("46,XX,del(5)(q13q33)x2,5q-,14q+", [((46, 46), "XX", None, ["del(5)(q13q33)x2", "5q-", "14q+"])]),
        ("48,XY,+?8,+1~3mar,2dmin,r(7)(p22q36)", [((48, 48), "XY", None, ["+?8", "+1~3mar", "2dmin", "r(7)(p22q36)"])]),
        ("46,XY,inv(9)(p12q13)c,ins(5;2)(q31;p13p23)", [((46, 46), "XY", None, ["inv(9)(p12q13)c", "ins(5;2)(q31;p13p23)"])]),
        ("46,XX,der(22) t(9;22)(q34;q11)", [((46, 46), "XX", None, ["der(22) t(9;22)(q34;q11)"])]),
        ("46,XX,t(9;22", [((46, 46), "XX", None, ["t(9;22"])]),
        ("46,XX,inv(16)(p13q22)pat", [((46, 46), "XX", None, ["inv(16)(p13q22)pat"])]),
        ("46,XX,t(9;22)(q34;q11/45,XY,-7", [((46, 46), "XX", None, ["t(9;22)(q34;q11"]), ((45, 45), "XY", None, ["-7"])]),
    ],
)  # fmt: skip
def test_clones(text, clones):
    read = read_karyotype(text)
    assert read.problem is None
    assert [(c.number, c.sex, c.cells, [a.text for a in c.abnormalities]) for c in read.clones] == clones


@pytest.mark.parametrize(
    ("text", "inherited"),
    [
        ("46,XX,t(9;22)(q34;q11)[3]/47,idem,+8[9]", ["t(9;22)(q34;q11)", "+8"]),
        ("46,XX[2]/46,XX,t(9;22)(q34;q11)[3]/47,sl,+8[9]", ["t(9;22)(q34;q11)", "+8"]),
        ("47,XX,+5[3]/48,sl,+8[9]/49,sdl,+9[2]", ["+5", "+8", "+9"]),
        ("47,XX,+5[3]/48,sl,+8[9]/48,sl,+7[9]/49,sdl1,+9[2]", ["+5", "+8", "+9"]),
        ("46,XX,der(1)t(1;3)(p36;p21)[3]/46,idem,-der(1)t(1;3),+9[2]", ["+9"]),
    ],
)
def test_inheritance(text, inherited):
    assert [a.text for a in read_karyotype(text).clones[-1].abnormalities] == inherited


def test_abnormality_fields():
    read = read_karyotype("47,XY,der(22)t(9;22)(q34;q11.2)del(22)(q12),+?der(3)t(3;6)(q23;q26),+8 or +9,+21c,dic(7;12)")
    der, unsure, eight, nine, constitutional, dicentric = read.clones[0].abnormalities
    assert (der.kind, der.chromosomes, [p.kind for p in der.parts]) == ("der", ("22",), ["t", "del"])
    assert der.parts[0].bands == ("q34", "q11.2")
    assert (unsure.uncertain, unsure.sign) == (True, 1)
    assert (eight.uncertain, nine.uncertain, nine.copies) == (True, True, (0, 0))
    assert constitutional.constitutional
    assert constitutional not in read.clones[0].acquired
    assert dicentric.change == (-1, -1)
    assert read.clones[0].undetermined == {"8", "9"}


@pytest.mark.parametrize(
    ("text", "level", "adds_up"),
    [
        ("58,XX,+X,+4,+6,+8,+10,+14,+14,+17,+18,+21,+21,+21[9]", 2, True),
        ("27,X,+8,+10,+18,+21[5]", 1, True),
        ("66,XXY,-1,-2,-3[5]", 3, True),
        ("94,XXYY,+8,+9[5]", 4, True),
        ("45,X,-Y[5]", 2, True),
        ("45,XX,-X[5]", 2, True),
        ("45,XX,dic(9;20)(p13;q11)[12]", 2, True),
        ("70,XXX,-1[3]", 3, False),
        ("60<3n>,XXX[2]", 3, True),
        ("30,X,+8,inc[3]", 1, False),
        ("85,XXXX,-3,inc[3]", 4, False),
    ],
)
def test_level(text, level, adds_up):
    clone = read_karyotype(text).clones[0]
    assert (clone.level, clone.adds_up) == (level, adds_up)


@pytest.mark.parametrize(
    ("text", "fusions"),
    [
        ("46,XX,t(9;22)(q34;q11.2)", {"BCR::ABL1": True}),
        ("46,XX,t(9;22)", {"BCR::ABL1": True}),
        ("46,XX,t(9;22)(q34;q4)", {"BCR::ABL1": True}),
        ("46,XX,t(9,22)(q34,q11)", {"BCR::ABL1": True}),
        ("46,XX,t(9q34;22q11)", {"BCR::ABL1": True}),
        ("46,XX,t(9;22;14)(q34;q11;q24)", {"BCR::ABL1": True}),
        ("46,XX,t(3;9;22)(p21;q34;q11)", {"BCR::ABL1": True}),
        ("46,XX,der(22)t(9;22)(q34;q11)", {"BCR::ABL1": True}),
        ("46,XX,ider(22)(q10)t(9;22)(q34;q11)", {"BCR::ABL1": True}),
        ("46,XX,der(9)t(9;22)(q34;q11)", {"BCR::ABL1": False}),
        ("46,XX,?t(9;22)(q34;q11)", {"BCR::ABL1": False}),
        ("46,XX,t(9;22)(q3?;q11)", {"BCR::ABL1": False}),
        ("46,XX,der(9;22)", {}),
        ("46,XX,dic(9;22)(p11;q11)", {}),
        ("46,XX,t(9;22)(p22;p11)", {}),
        ("46,XX,t(9;22)(q34;q12)", {"BCR::ABL1": False}),
        ("46,XX,der(22)idic(22)(p13)t(9;22)(q34;q11)", {"BCR::ABL1": True}),
        ("46,XX,der(22)(22pter->22q11::9q34->9qter)", {"BCR::ABL1": True}),
        ("46,XX,der(9)(9pter->9q34::22q11->22qter)", {"BCR::ABL1": False}),
        ("46,XX,t(9;22)(9pter->9q34::22q11->22qter;22pter->22q11::9q34->9qter)", {"BCR::ABL1": True}),
        ("46,XX,der(19)t(1;19)(q21;p13)", {"TCF3::PBX1": False}),
        ("46,XX,t(9;22)(p24;q11)", {"BCR::JAK2": True}),
        ("46,XX,t(9;22)(p22;p11),+der(22)t(9;22)", {}),
        ("46,XX,t(9;22)(q34;q11)c", {}),
        ("46,XX,t(4;11)(q21;q23)", {"KMT2A::AFF1": True}),
        ("46,XX,t(4;11)", {"KMT2A::AFF1": True}),
        ("46,XX,t(4;11)(q13;q22)", {}),
        ("46,XX,t(11;19)(q23;p13.3)", {"KMT2A::MLLT1": True}),
        ("46,XX,t(11;19)(q23;p13.1)", {"KMT2A::ELL": True}),
        ("46,XX,t(11;19)(q23;p13)", {"KMT2A-r": True}),
        ("46,XX,t(9;11)(p21.3;q23.3)", {"KMT2A::MLLT3": True}),
        ("46,XX,t(6;11)(q27;q23)", {"KMT2A::AFDN": True}),
        ("46,XX,t(10;11)(p12;q23)", {"KMT2A::MLLT10": True}),
        ("46,XX,ins(10;11)(p12;q23q13)", {"KMT2A::MLLT10": True}),
        ("46,XX,t(10;11)(p12;q21)", {}),
        ("46,XX,t(1;11)(p32;q23)", {"KMT2A::EPS15": True}),
        ("46,XX,t(1;11)(p32;q2?)", {"KMT2A::EPS15": False}),
        ("46,XX,t(5;11)(q35;q23)", {"KMT2A-r": True}),
        ("46,XX,t(5;11)(q35;q2?)", {"KMT2A-r": False}),
        ("46,XX,der(11)t(5;11)(q35;q23)", {"KMT2A-r": False}),
        ("46,XX,der(5)t(5;11)(q35;q23)", {"KMT2A-r": False}),
        ("46,XX,del(11)(q23)", {}),
        ("46,XX,t(12;21)(p13;q22)", {"ETV6::RUNX1": True}),
        ("46,XX,der(19)t(1;19)(q23;p13.3)", {"TCF3::PBX1": True}),
        ("46,XX,t(17;19)(q21~22;p13)", {"TCF3::HLF": True}),
        ("46,XX,t(5;14)(q31;q32)", {"IGH::IL3": True}),
        ("46,XX,t(5;14)(q35;q32)", {}),
        ("46,XX,t(8;14)(q24;q32)", {"IGH::MYC": True}),
        ("46,XX,t(8;14)(q24;q11)", {}),
        ("46,XX,t(8;22)(q24;q11)", {"IGL::MYC": True}),
        ("46,XX,t(9;22;11)(q34;q11;q23)", {"BCR::ABL1": True, "KMT2A-r": True}),
    ],
)  # fmt: skip
def test_implied_fusions(text, fusions):
    assert {f.fusion: f.certain for f in implied_fusions(read_karyotype(text))} == fusions


def test_certain_fusion_beats_uncertain_one():
    read = read_karyotype("46,XX,?t(9;22)(q34;q11)[2]/46,XX,t(9;22)(q34;q11)[8]")
    assert [f.certain for f in implied_fusions(read)] == [True]


@pytest.mark.parametrize(
    ("text", "problem", "statement"),
    [
        ("No metaphases obtained", "no metaphases", None),
        ("Keine auswertbaren Metaphasen", "no metaphases", None),
        ("Culture failed", "no metaphases", None),
        ("46,XY,del(20)(q*q*)[]", "a template with placeholders", None),
        ("Karyotype: FISH ON TISSUE. No evidence of MYC rearrangement", "not a karyotype formula", None),
        ("WBC 46 x 10^9/L", "not a karyotype formula", None),
        ("", "not a karyotype formula", None),
        ("nuc ish(BCRx2,ABL1x2)[200]", "in-situ hybridization only", None),
        ("Complex karyotype observed", None, "complex"),
        ("No complex karyotype", "not a karyotype formula", None),
        ("Normal karyotype observed", None, "normal"),
        ("unauffälliger weiblicher Karyotyp", None, "normal"),
    ],
)  # fmt: skip
def test_texts_without_formula(text, problem, statement):
    read = read_karyotype(text)
    assert (read.problem, read.statement, read.clones) == (problem, statement, ())


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("The karyotype is 46,XX,t(4;11)(q21;q23)[15]/46,XX[5]. This is seen in infants.", "46,XX,t(4;11)(q21;q23)[15]/46,XX[5]"),
        ("Karyotyp: 47,XY,+8[10]/46,XY[10] nachgewiesen in Metaphasen", "47,XY,+8[10]/46,XY[10]"),
        ("48\\R\\50,XY,+X,+8\\.br\\,+1\\R\\2mar[cp10] -Amendment 14/10/20", "48~50,XY,+X,+8 ,+1~2mar[cp10]"),
        ("45,XX,−7[20]", "45,XX,-7[20]"),
        ("46,XX[20].nuc ish(ABL1,BCR)x2[200]. No fusion was seen", "46,XX[20].nuc ish(ABL1,BCR)x2[200]"),
    ],
)  # fmt: skip
def test_formula_is_found_in_its_surroundings(text, formula):
    assert read_karyotype(text).iscn == formula


def test_unread_pieces_keep_their_place():
    read = read_karyotype("46,XX,t(9;22)(q34;q11),zz9,-7[20]")
    assert [(u.position, u.text) for u in read.unread] == [(23, "zz9")]
    assert [a.text for a in read.clones[0].abnormalities] == ["t(9;22)(q34;q11)", "-7"]


def test_donor_clones_are_kept_apart():
    read = read_karyotype("46,XY,t(9;22)(q34;q11)[4]//46,XX[16]")
    assert (len(read.clones), len(read.donor), read.donor[0].cells) == (1, 1, 16)
    assert read_karyotype("//46,XX[20]").clones == ()


@pytest.mark.parametrize(
    ("text", "fused", "apart", "split", "intact"),
    [
        ("nuc ish(ABL1,BCR)x3(ABL1 con BCRx2)[180/200]", {"ABL1 BCR"}, set(), set(), set()),
        ("nuc ish(BCRx3,ABL1x3)(ABL1 con BCRx2)", {"ABL1 BCR"}, set(), set(), set()),
        ("nuc ish(ABL1,BCR)x2[200]", set(), {"ABL1 BCR"}, set(), set()),
        ("nuc ish 9q34(ABLx2),22q11(BCRx2)", set(), {"ABL1 BCR"}, set(), set()),
        ("nuc ish(ABL1x3,BCRx2)", set(), set(), set(), set()),
        ("nuc ish(PBX1x2,TCF3x2)", set(), {"PBX1 TCF3"}, set(), set()),
        ("nuc ish(KMT2Ax2)(5'KMT2A sep 3'KMT2Ax1)", set(), set(), {"KMT2A"}, set()),
        ("nuc ish(MLLx2)[200]", set(), set(), set(), {"KMT2A"}),
        ("nuc ish(5'KMT2A con 3'KMT2Ax2)", set(), set(), set(), {"KMT2A"}),
        ("nuc ish(ABL1 con BCRx0)", set(), set(), set(), set()),
        ("ish der(22)(BCR+,ABL1+)", {"ABL1 BCR"}, set(), set(), set()),
        ("ish t(9;22)(ABL1-;BCR+,ABL1+)", {"ABL1 BCR"}, set(), set(), set()),
        ("nuc ish 8cen(D8Z1x2)[98%]", set(), set(), set(), set()),
    ],
)
def test_hybridization(text, fused, apart, split, intact):
    (part,) = hybridizations_in(text)
    found = [{" ".join(sorted(pair)) for pair in pairs} for pairs in (part.fused, part.apart)]
    assert (*found, set(part.split), set(part.intact)) == (fused, apart, split, intact)


def test_amplification_is_read():
    assert hybridizations_in("nuc ish(RUNX1 amp)[150/200]")[0].amplified == {"RUNX1"}
    assert hybridizations_in("no such part here") == ()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("46,XX[20]", 0),
        ("47,XY,+21c[20]", 0),
        ("46,XX,t(9;22)(q34;q11)[20]", 1),
        ("46,XX,t(9;22)(q34;q11),del(9)(p21),-7,+8[20]", 4),
        ("46,XX,t(9;22)(q34;q11),del(9)(p21),-7,+8,+2mar[20]", 6),
        ("55,XX,+X,+4,+6,+10,+14,+17,+18,+21,+21[20]", 0),
        ("52,XX,+X,+4,+6,+10,+14,+17,dup(1)(q21q32)[20]", 1),
        ("47,XX,+8,?del(6)(q21)[20]", Interval(1, 2)),
        ("47,XX,+8,inc[20]", Interval(low=1.0)),
        ("46,XX,-5,zz9,+8[20]", Interval(low=2.0)),
        ("46,XX,del(6)(q21)[5]/46,XX,del(9)(p21),-7,+8[2]", 3),
    ],
)
def test_abnormality_count(text, count):
    assert abnormality_count(read_karyotype(text)) == count


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("28,X,+8,+14,+18,+21,+Y[2]/56,idemx2[18]", "near-haploid"),
        ("36,X,+1,+5,+6,+8,+10,+11,+14,+18,+19,+21,+22,+9,+Y[2]/72,idemx2[18]", "low-hypodiploid"),
        ("28,X,+8,+14,+18,+21,+Y[18]", None),
        ("66,XXY,-1,-2,-3[5]", "near-triploid"),
        ("62,XX,+X,+4,+4,+5,+6,+8,+10,+14,+14,+17,+18,+18,+21,+21,+22,+mar[5]", "high-hyperdiploid"),
        ("55,XX,+X,+4,+6,+10,+14,+17,+18,+21,+21[20]", None),
        ("46,XX[20]", None),
    ],
)
def test_ploidy(text, called):
    found = written_ploidy(read_karyotype(text))
    assert (found.name if found else None) == called


@pytest.mark.parametrize(
    ("text", "members", "excluded", "complete"),
    [
        ("54,XX,+X,+4,+6,+10,+14,+17,+18,+21[20]", {"4", "10", "17"}, set(), True),
        ("53,XX,+X,+4,+4,+6,+14,+18,+21[20]", {"4"}, {"10", "17"}, True),
        ("54,XX,+X,+4,+6,+?10,+14,+17,+18,+21[20]", {"4", "17"}, set(), False),
        ("54,XX,+X,+4,+6,+?10,+14,+18,+21,+21[20]", {"4"}, {"17"}, False),
        ("54,XX,+X,+4,+6,+14,+18,+21,inc[20]", {"4"}, set(), False),
        ("27,X,+4,+10,+17,+21[9]", set(), {"4", "10", "17"}, True),
    ],
)
def test_trisomies(text, members, excluded, complete):
    clone = read_karyotype(text).main
    assert clone is not None
    found = trisomies(clone, unread=False)
    assert found is not None
    assert (found.members, found.excluded, found.complete) == (members, excluded, complete)


def test_trisomies_are_not_called_over_three_sets_or_after_doubling():
    for text in ("66,XXY,-1,-2,-3[5]", "28,X,+8,+14,+18,+21,+Y[2]/56,idemx2[18]"):
        clone = read_karyotype(text).main
        assert clone is not None
        assert trisomies(clone, unread=False) is None


def test_main_clone_has_most_cells():
    main = read_karyotype("47,XX,+8[4]/48,idem,+9[11]/46,XX[5]").main
    assert main is not None
    assert main.number == (48, 48)
    assert read_karyotype("45,X[20]").main is None
    assert read_karyotype("47,XXYc[20]").main is None


@given(st.text(max_size=120))
def test_any_text_is_read_without_raising(text):
    read = read_karyotype(text)
    assert (read.problem is not None) == (not read.clones and not read.donor and read.statement is None)


_PIECES = st.sampled_from(
    ["46", "52~54", "XX", "XY", ",", "/", "//", "[", "]", "(", ")", "t(9;22)", "(q34;q11)", "+8", "-7", "idem", "x2", "?", "c", "or",
     "inc", "[cp3]", ".nuc ish", "(BCRx2)", "der(22)", "mar", "+1~3", "sdl1", "<2n>", " ", "ish", ";", "+X", "-Y"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30))
def test_any_pieces_of_formulas_are_read_without_raising(pieces):
    read = read_karyotype("46,XX," + "".join(pieces))
    implied_fusions(read)
    count = abnormality_count(read)
    assert isinstance(count, Interval) or count >= 0


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample of public karyotypes beside the repository is not here")
def test_public_karyotypes_are_read_to_the_end():
    unread = {}
    for text in SAMPLE.read_text(encoding="utf-8").splitlines()[1:]:
        read = read_karyotype(text)
        if read.problem or read.unread:
            unread[text] = read.problem or read.unread
    assert unread == {}
