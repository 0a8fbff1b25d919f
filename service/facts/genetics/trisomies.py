"""Trisomies of 4, 10 and 17 by FISH, where no abnormal karyotype tells: dividing cells may all be normal ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.facts.absence import seen_in
from service.facts.genetics.judge import judge
from service.facts.karyotype.reader import choose
from service.facts.model import Fact, Facts, Provider, TokenSet, known, provides
from service.facts.results.lookup import RESULTS, full_text
from service.record.model import Entry
from service.record.text import clauses

_FISH = re.compile(r"\bFISH\b|in[- ]situ|\bish\b", re.IGNORECASE)
_NUMBER = r"(?:4|10|17)(?!\d|[.,]\d|\s?%)"
_GAIN = re.compile(
    r"\b(?:trisom(?:y|ies|ien?)|gains? of|extra (?:cop(?:y|ies)|signals?) (?:of|for)|three (?:copies|signals) (?:of|for)|zugewinn von)\s+"
    rf"(?:the\s+)?(?:chromosom\w*\s+|CEP\s?)*(?P<list>{_NUMBER}(?:(?:\s|,|/|&|and\b|und\b){{1,4}}{_NUMBER}){{0,2}})",
    re.IGNORECASE,
)
_SIGNALS = re.compile(r"\b(?:D(?P<d>4|10|17)Z1|CEP\s?(?P<cep>4|10|17))(?!\d)(?=[^x\[\]]{0,40}x\s?(?P<n>\d))")
_SHARE = re.compile(r"[^\[\]]*\[(\d{1,4})/(\d{1,4})\]")
_SURELY = 0.1  # of nuclei, which no cut-off reaches
_ANSWERS = {"yes": True, "no": False}


@provides("trisomies")
def trisomies_by_fish(facts: Facts) -> Iterator[Fact]:
    """Gains that a FISH report states in words, or three signals or more of a centromere probe. The newest report that
    states any decides; a report that finds none leaves the answer to the karyotype.
    """
    if facts.record is None:
        return
    for entry in facts.record.of_type(*RESULTS):
        if not entry.concepts.intersection(("genetics.fish", "karyotype.iscn")) and not _FISH.search(entry.text):
            continue
        found = _found(entry)
        gained = frozenset(c for c, there in found.items() if there)
        if not gained:
            continue
        chosen, _ = choose(facts.record)
        if chosen is None or chosen.karyotype.main is None:
            lost = frozenset(found) - gained
            complete = len(found) == 3
            yield known(
                "trisomies", TokenSet(gained, complete, lost), seen_in(entry, full_text(entry)[:200], from_text=True)
            )
        return


def _found(entry: Entry) -> dict[str, bool]:
    """Chromosomes that a report says are gained, or are not."""
    found: dict[str, bool] = {}
    text = full_text(entry)
    for signals in _SIGNALS.finditer(text):
        share = _SHARE.match(text, signals.end())
        if share is None or int(share[1]) >= _SURELY * int(share[2]):
            found[signals["d"] or signals["cep"]] = int(signals["n"]) >= 3
    for clause in clauses(text):
        for match in _GAIN.finditer(clause):
            said = _ANSWERS.get(judge(clause, match.start(), naming=False))
            if said is not None:
                found.update((c, said) for c in re.findall(r"\d+", match["list"]))
    return found


PROVIDERS: tuple[Provider, ...] = (trisomies_by_fish,)
