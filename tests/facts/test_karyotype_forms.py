"""Forms that laboratories print and textbooks do not: one row each, with what it says."""

from __future__ import annotations

from typing import Any

import pytest

from service.facts.genetics.by_karyotype import describe_karyotype
from tests.shared import FOLDER, needs_shared


def kinds(found: dict[str, Any], clone: int = 0) -> list[str]:
    return [item["kind"] for item in found["clones"][clone]["abnormalities"]]


@pytest.mark.parametrize(
    ("text", "number", "changes"),
    [
        ("??,X?,t(4;11)(q21;q23)", None, ["t"]),
        ("?50-58,+18,+21,inc[cp3]", [50, 58], ["gain", "gain"]),
        ("46,der(12)t(12;21)(p13;q22),inc", 46, ["der"]),
        ("47,t(X;14)(p22;q32) or t(Y;14)(p11;q32),+21", 47, ["t", "t", "gain"]),
        ("47,X or Y,t(X;9)(p11;p13),+11", 47, ["t", "gain"]),
        ("53,add(X)(q?),Y,+Y,del(6)(p?)", 53, ["add", "gain", "del"]),
        ("46,XX,?+8,?-9,?+mar,?+der(19)t(1;19)(q11;p13)", 46, ["gain", "loss", "mar", "der"]),
        ("55,XY,+4,?14,+17", 55, ["gain", "gain", "gain"]),
        ("53,XY,+4,+14 or 18,+21", 53, ["gain", "gain", "gain", "gain"]),
        ("54-56,XX,+X,+4-6mars[4]", [54, 56], ["gain", "mar"]),
        ("46,XX,~50dmin", 46, ["dmin"]),
        ("45,XX,dic r(14;14)(q?;q?)", 45, ["dicr"]),
        ("46,XX,9qh+,15ps-,21pstk+", 46, ["variant", "variant", "variant"]),
        ("46,XY,inv(9)(p12q13)", 46, ["inv"]),
        ("46,XX,inv(9)(p12p22)t(9;22)(q34;q11)", 46, ["inv", "t"]),
        ("47,XY,+8+9,del(6)(q21)-7", 47, ["gain", "gain", "del", "loss"]),
        ("46,XX,del(7q22),5q-,14q+", 46, ["del", "del", "add"]),
        ("46,XX,t(9q34;22q11)", 46, ["t"]),
        ("46,XX,t(9:22)(q34:q11)", 46, ["t"]),
        ("46XX,t(9;22)(q34;q11", 46, ["t"]),
        ("47,XX,+8 (only 7 cells)", 47, ["gain"]),
        ("61,XXY,+der(1)?t(1;15)(p12;q12)[3]", 61, ["der"]),
    ],
)  # fmt: skip
def test_forms_of_laboratories(text: str, number: object, changes: list[str]) -> None:
    found = describe_karyotype(text)
    assert found["unread"] == []
    assert found["modal_chromosome_number"] == number
    assert kinds(found) == changes


def test_clones_are_kept_apart_where_the_slash_is_missing() -> None:
    found = describe_karyotype("48,XX,+21,+21[6] 46,XX[9]")
    assert [clone["cells"] for clone in found["clones"]] == [6, 9]


def test_normal_variants_are_no_change_of_the_leukemia() -> None:
    found = describe_karyotype("46,XX,9qh+,inv(9)(p11q12),16qh-[20]")
    assert (found["abnormality_count"], found["ploidy"]) == (0, "diploid")
    assert describe_karyotype("46,XX,inv(9)(p24q34)[20]")["abnormality_count"] == 1


def test_an_incomplete_clone_is_abnormal_even_where_it_names_nothing() -> None:
    found = describe_karyotype("46,XX,inc[3]/46,XX[17]")
    assert found["abnormality_count"] == [0, None]
    assert found["cytogenetic_risk"]["nccn-2015"] is None


def test_a_sideline_takes_back_what_it_lost_and_gained_back() -> None:
    found = describe_karyotype("45,XX,-7,dup(1)(q21q32)[9]/46,idem,+7,-dup(1)[4]")
    stem, side = found["clones"]
    assert (stem["losses"], kinds(found)) == ({"7": 1}, ["loss", "dup"])
    assert (side["losses"], kinds(found, 1)) == ({}, [])


@pytest.mark.parametrize(
    ("text", "level", "gains", "losses"),
    [
        ("27,X,+8,+21[5]", 1, {"8": 1, "21": 1}, {}),
        ("27,X,+8,+21[2]/54,idemx2,+9[8]", 1, {"8": 2, "21": 2, "9": 1}, {}),
        ("45,X,-Y[5]", 2, {}, {"Y": 1}),
        ("46,X,t(X;14)(p22;q32)[5]", 2, {}, {}),
        ("66,XXY,-1,-2,+11,-13,-15[5]", 3, {"11": 1}, {"1": 1, "2": 1, "13": 1, "15": 1}),
        ("65,XY,-X,-1,-2,-6,+11,-15,-19,+21,-22", 3, {"11": 1, "21": 1}, {}),
        ("94,XXYY,+8,+9", 4, {"8": 1, "9": 1}, {}),
    ],
)  # fmt: skip
def test_gains_and_losses_count_against_the_level_of_the_clone(
    text: str, level: int, gains: dict[str, int], losses: dict[str, int]
) -> None:
    clone = describe_karyotype(text)["clones"][-1]
    assert clone["ploidy_level"] == level
    assert {c: n for c, n in clone["gains"].items() if c in gains} == gains
    assert losses.items() <= clone["losses"].items()


@pytest.mark.parametrize(
    ("text", "ploidy", "why"),
    [
        ("52,XX,+8,+8,+14,+14,+21,+21", None, "may be a doubled"),
        ("52,XX,+4,+8,+8,+14,+17,+21", "high-hyperdiploid", None),
        ("25,X,+21", "near-haploid", None),
        ("39,XY,-3,-4,-7,-15,-16,-17,-18", "low-hypodiploid", None),
        ("43,XX,-7,-9,-20", "hypodiploid", None),
        ("66,XXX,-1,-7,-9", "near-triploid", None),
        ("63~65,XX,inc", None, None),
        ("46,XX[20]", "diploid", None),
    ],
)
def test_ploidy(text: str, ploidy: str | None, why: str | None) -> None:
    from service.facts.karyotype import read_karyotype
    from service.facts.karyotype.ploidy import written_ploidy

    assert describe_karyotype(text)["ploidy"] == ploidy
    if why is not None:
        called = written_ploidy(read_karyotype(text))
        assert called is not None
        assert why in called.why


@pytest.mark.parametrize(
    ("text", "by_2015", "by_2025"),
    [
        ("54,XX,+X,+4,+6,+10,+14,+17,+18,+21[9]", "good", None),
        ("46,XX,t(12;21)(p13;q22)[9]", "good", None),
        ("46,XX,t(9;22)(q34;q11)[9]", "poor", None),
        ("43,XX,-7,-9,-20[9]", "poor", "poor"),
        ("44,XX,-7,-9[9]", "unlisted", None),
        ("46,XX,t(4;11)(q21;q23)[9]", "poor", "poor"),
        ("46,XX,del(1)(q24),del(6)(q21),del(9)(p21),add(12)(p13),-20,+mar[9]", "poor", None),
        ("46,XX,del(1)(q24),del(6)(q21),del(9)(p21),add(12)(p13)[9]", "unlisted", None),
        ("47,XX,t(12;21)(p13;q22),del(1)(q24),del(6)(q21),del(9)(p21),+21[9]", "conflict", None),
        ("46,XX,t(1;19)(q23;p13)[9]", "unlisted", None),
        ("62,XX,inc", None, None),
        ("46,XX[20]", "unlisted", None),
        ("46,XX[7]", None, None),
        ("no metaphases", None, None),
        ("?46,XX,?t(9;22)(q34;q11)[9]", None, None),
    ],
)
def test_risk_by_edition(text: str, by_2015: str | None, by_2025: str | None) -> None:
    risk = describe_karyotype(text)["cytogenetic_risk"]
    assert (risk["nccn-2015"], risk["nccn-adult-2-2025"]) == (by_2015, by_2025)


def test_fusions_come_from_bands_and_from_probes() -> None:
    banded = describe_karyotype("46,XX,t(9;22)(q34;q11)[9].nuc ish(ETV6,RUNX1)x2(ETV6 con RUNX1x1)[180/200]")
    assert banded["fusions"] == ["BCR::ABL1", "ETV6::RUNX1"]
    doubtful = describe_karyotype("46,XX,der(9)t(9;22)(q34;q11)[9]")
    assert doubtful["fusions"] == []
    assert "derivative" in doubtful["possible_fusions"]["BCR::ABL1"]


@needs_shared
def test_real_karyotypes_are_read_whole() -> None:
    """99 of 100 at least without a token that could not be read, and the chromosomes add up in nearly all."""
    rows = (FOLDER / "karyotypes-sample.tsv").read_text(encoding="utf-8").splitlines()[1:]
    found = [describe_karyotype(row) for row in rows]
    whole = [one for one in found if not one["unread"] and one["problem"] is None]
    assert len(whole) >= 0.99 * len(rows)
    named = [one for one in found if "t(9;22)(q34;q11)" in one["input"] and "der(9)" not in one["input"]]
    assert named
    assert all("BCR::ABL1" in one["fusions"] for one in named)
