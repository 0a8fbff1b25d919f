"""Karyotypes in ISCN that agree with a genetic subtype."""

from __future__ import annotations

from random import Random

_METAPHASES = 20
_PH = "t(9;22)(q34;q11.2)"
_KMT2A = {"AFF1": "t(4;11)(q21;q23)", "MLLT3": "t(9;11)(p21;q23)", "MLLT1": "t(11;19)(q23;p13.3)"}
_T_ALL = {"tal1": "t(1;14)(p32;q11)", "tlx1": "t(10;14)(q24;q11)", "lmo2": "t(11;14)(p13;q11)"}
_GAINED = (4, 6, 10, 14, 17, 18)  # of high hyperdiploidy, with X and twice 21
_KEPT = (1, 2, 5, 6, 8, 10, 11, 12, 14, 18, 19, 21, 22)  # of low hypodiploidy; the others are lost first
_LOST = (3, 4, 7, 9, 13, 15, 16, 17, 20)
_COMPLEX = ("del(5)(q13q33)", "del(6)(q15q23)", "add(9)(p13)", "add(12)(p13)", "del(13)(q12q14)", "add(17)(p11.2)")
_FEATURELESS = ("del(9)(p13)", "del(6)(q15q21)", "add(12)(p13)")


def karyotype(rng: Random, subtype: str, fusion: tuple[str, str] | None, sex: str) -> str:
    """The karyotype of the marrow at diagnosis, 20 metaphases.

    >>> karyotype(Random(1), "tcf3-pbx1", ("TCF3", "PBX1"), "female").split("[")[0]
    '46,XX,t(1;19)(q23;p13.3)'
    """
    xy = "XY" if sex == "male" else "XX"
    changed = _changed(rng, subtype, fusion, xy)
    if changed is None:
        return f"46,{xy}[{_METAPHASES}]"
    cells = rng.randint(8, 17)
    return f"{changed}[{cells}]/46,{xy}[{_METAPHASES - cells}]"


def _changed(rng: Random, subtype: str, fusion: tuple[str, str] | None, xy: str) -> str | None:
    """The leukemic clone; ``None`` where it looks normal: cryptic fusions, or no change."""
    if subtype == "bcr-abl1":
        return f"46,{xy},{_PH}" if rng.random() < 0.7 else f"45,{xy},-7,{_PH}"
    if subtype == "kmt2a" and fusion is not None:
        return f"46,{xy},{_KMT2A[fusion[1]]}"
    if subtype == "tcf3-pbx1":
        return f"46,{xy},t(1;19)(q23;p13.3)"
    if subtype == "hyperdiploid":
        return _hyperdiploid(rng, xy)
    if subtype == "hypodiploid":
        return _hypodiploid(rng, xy)
    if subtype == "complex":
        found = sorted(rng.sample(range(len(_COMPLEX)), 5))
        return f"47,{xy},+8," + ",".join(_COMPLEX[at] for at in found)
    if subtype == "iamp21":
        return f"46,{xy},add(21)(q22)"
    if subtype in _T_ALL:
        return f"46,{xy},{_T_ALL[subtype]}"
    if subtype in ("b-other", "t-other") and rng.random() < 0.4:
        return f"46,{xy},{rng.choice(_FEATURELESS)}"
    return None


def _hyperdiploid(rng: Random, xy: str) -> str:
    gained = sorted((*rng.sample(_GAINED, rng.randint(3, 6)), 21, 21))
    parts = ["+X", *(f"+{number}" for number in gained)]
    return f"{46 + len(parts)},{xy}," + ",".join(parts)


def _hypodiploid(rng: Random, xy: str) -> str:
    """Low hypodiploidy, 33 to 39 chromosomes."""
    lost = list(_LOST) + rng.sample(_KEPT, rng.randint(0, 4))
    for number in rng.sample(_LOST, rng.randint(0, 2)):
        lost.remove(number)
    parts = [f"-{number}" for number in sorted(lost)]
    return f"{46 - len(parts)},{xy}," + ",".join(parts)
