"""Sentences of the ISCN grammar with what they mean, and a million slips of the pen.

`karyotypes` is a Hypothesis strategy: a formula and the numbers it was made from. Run as a module it breaks formulas at
random and reads them: ``python -m tests.facts.karyotype_grammar 1000000`` (not part of the tests; prints what it found).
"""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import dataclass, field

from hypothesis import strategies as st

from service.facts.genetics.by_karyotype import describe_karyotype

AUTOSOMES = [str(n) for n in range(1, 23)]
_ARM = st.sampled_from(["p", "q"])
_BAND = st.builds(
    lambda arm, region, band, sub, doubt: f"{doubt}{arm}{region}{band}{sub}",
    _ARM, st.integers(1, 2), st.integers(1, 4), st.sampled_from(["", "", ".1", ".2"]), st.sampled_from(["", "", "", "?"]),
)  # fmt: skip
_CHROMOSOME = st.sampled_from([*AUTOSOMES])


@dataclass
class Sentence:
    """A formula of one clone and what it was made from."""

    text: str
    number: int
    cells: int | None
    gains: dict[str, int] = field(default_factory=dict)
    losses: dict[str, int] = field(default_factory=dict)
    structural: list[str] = field(default_factory=list)


def _structural(kind: str, one: str, two: str, a: str, b: str) -> str:
    match kind:
        case "t" | "ins":
            return f"{kind}({one};{two})({a};{b})"
        case "der":
            return f"der({one})t({one};{two})({a};{b})"
        case "del" | "dup" | "inv" | "trp":
            return f"{kind}({one})({a}{b})"
        case "i" | "ider":
            return f"{kind}({one})({a[-1] if a[-1] in 'pq' else 'q'}10)"
        case _:
            return f"{kind}({one})({a})"


_STRUCTURAL = st.builds(
    lambda kind, pair, a, b: _structural(kind, pair[0], pair[1], a, b),
    st.sampled_from(["t", "ins", "der", "del", "dup", "inv", "trp", "i", "add", "hsr"]),
    st.lists(_CHROMOSOME, min_size=2, max_size=2, unique=True).map(lambda pair: sorted(pair, key=int)),
    _BAND, _BAND,
)  # fmt: skip


@st.composite
def karyotypes(draw: st.DrawFn) -> Sentence:
    """One clone: number, sex chromosomes, gains, losses, structural changes, markers, cells; the number adds up."""
    gained = draw(st.lists(_CHROMOSOME, max_size=8))
    lost = draw(st.lists(_CHROMOSOME.filter(lambda c: c not in gained), max_size=4, unique=True))
    structural = draw(st.lists(_STRUCTURAL, max_size=4, unique=True))
    markers = draw(st.integers(0, 3))
    cells = draw(st.none() | st.integers(1, 30))
    number = 46 + len(gained) - len(lost) + markers
    changes = [*(f"+{c}" for c in sorted(gained, key=int)), *(f"-{c}" for c in lost), *structural]
    changes += [f"+{markers if markers > 1 else ''}mar"] if markers else []
    comma = draw(st.sampled_from([",", ", "]))
    text = comma.join([str(number), draw(st.sampled_from(["XX", "XY"])), *changes])
    tail = f"[{cells}]" if cells else ""
    counted = {c: gained.count(c) for c in set(gained)}
    return Sentence(text + tail, number, cells, counted, dict.fromkeys(lost, 1), structural)


_SEEDS = (
    "46,XX,t(9;22)(q34;q11.2)[18]/46,XX[2]",
    "54,XY,+X,+4,+6,+10,+14,+17,+18,+21[12]/54,idem,dup(1)(q21q32)[4]/46,XY[4]",
    "27,X,+8,+14,+21[4]/54,idemx2[9]/46,XX[7]",
    "59~61<3n>,XXY,-1,-2,-3,+4,-5,-7,-9,+11,-13,+14,-15,-16,-17,+18,-20,+21[cp6]",
    "45,XY,dic(9;20)(p13;q11.2),der(19)t(1;19)(q23;p13.3)[10]//46,XX[10]",
    "47,XX,+21c,t(12;21)(p13;q22)[9].nuc ish(ETV6,RUNX1)x3(ETV6 con RUNX1x1)[188/200]",
    "46,X,t(X;14)(p22;q32),add(9)(p?21),+1~3mar,inc[cp4]",
    "46,XX,der(22)(22pter->22q11::9q34->9qter),del(7)(q?22q3?6),r(21)(p11q22),~20dmin",
    "46,XY,inv(9)(p12q13)c,ider(9)(q10)t(9;22)(q34;q11),der(22)t(9;22)x2,?+8 or +9,14q+,9qh+",
    "Karyotyp: 46 XX t(4;11)(q21;q23) in 18 von 20 Metaphasen. Amended 14/10/20",
)
_ALPHABET = "0123456789XYpq+-?/,;:().[]<>~cx \\\ntderinvadlupmsohk=>*"


def broken(chance: random.Random) -> str:
    """A formula with a few random slips: characters lost, doubled, changed, pieces of another one put in."""
    text = chance.choice(_SEEDS)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(5):
            case 0:
                text = text[:at] + text[at + chance.randint(1, 4) :]
            case 1:
                text = text[:at] + chance.choice(_ALPHABET) + text[at:]
            case 2:
                text = text[:at] + chance.choice(_ALPHABET) + text[at + 1 :]
            case 3:
                other = chance.choice(_SEEDS)
                start = chance.randrange(len(other))
                text = text[:at] + other[start : start + chance.randint(1, 30)] + text[at:]
            case _:
                text = text[:at] + text[max(0, at - chance.randint(1, 12)) :]
    return text


def main(inputs: int, seed: int = 1) -> None:
    """Read broken formulas; the first that raises, or that says something impossible, stops the run with its text."""
    chance = random.Random(seed)
    slowest, slowest_text, unread, unusable = 0.0, "", 0, 0
    for _ in range(inputs):
        text = broken(chance)
        started = time.perf_counter()
        try:
            found = describe_karyotype(text)
            json.dumps(found)
            check(found)
        except Exception:
            print(f"failed on {text!r}", file=sys.stderr)
            raise
        took = (time.perf_counter() - started) / max(len(text), 1)
        if took > slowest:
            slowest, slowest_text = took, text
        unread += bool(found["unread"])
        unusable += found["problem"] is not None
    print(f"{inputs} inputs, none raised; {unread} with unread tokens, {unusable} without a formula")
    print(f"slowest: {slowest * 1e6:.1f} microseconds a character, {slowest_text!r}")


def check(found: dict[str, object]) -> None:
    """What must hold of any reading."""
    clones, unread = found["clones"], found["unread"]
    assert isinstance(clones, list)
    assert isinstance(unread, list)
    text, iscn = str(found["input"]), str(found["iscn"] or "")
    for piece in unread:
        at = piece["at"]
        assert piece["token"] in (text[at : at + len(piece["token"])], iscn[at : at + len(piece["token"])])
    for clone in clones:
        assert all(n > 0 for n in (*clone["gains"].values(), *clone["losses"].values()))
        assert not set(clone["gains"]) & set(clone["losses"])
    if found["problem"] is not None:
        assert not clones
        assert not found["fusions"] or "ish" in str(found["input"]).lower()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
