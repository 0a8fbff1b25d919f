"""How a piece of advice came about, as it may be kept: which rules said what, by which facts. No values of the patient.

Of a fact there is its name, whether it was known or why not, and where it was read: types of resources with their
dates, or the facts it was concluded from. Neither values nor ids of resources, nor dates out of the Patient resource.
"""

from __future__ import annotations

import re
from typing import Any

from service.advice.basis import Basis
from service.facts.model import Fact, Provenance
from service.facts.vocabulary.base import Vocabulary

_TYPE = re.compile(r"[A-Z][A-Za-z]{2,60}")
_DAY = re.compile(r"\d{4}(-\d\d){0,2}")


def decision(basis: Basis, vocabulary: Vocabulary) -> dict[str, Any]:
    """The verdicts and facts that advice rests on, as JSON: ``{"verdicts": [...], "facts": [...]}``.

    Args:
        vocabulary: of all facts that there are, to tell a fact from a resource as the source of another.
    """
    verdicts = [
        {
            "rule": verdict.rule.id,
            "verdict": str(verdict.outcome),
            **({"missing": list(verdict.missing)} if verdict.missing else {}),
            **({"unchecked": list(verdict.unchecked)} if verdict.unchecked else {}),
        }
        for verdict in basis.verdicts
    ]
    told = {fact.name: _told(fact, vocabulary) for fact in basis.read}  # of a fact that differs by order, one
    return {"verdicts": verdicts, "facts": [told[name] for name in sorted(told)]}


def _told(fact: Fact, vocabulary: Vocabulary) -> dict[str, Any]:
    sources = [found for one in fact.provenance if (found := _source(one, vocabulary))]
    unique = list({str(source): source for source in sources}.values())
    state = {"unknown": str(fact.reason)} if fact.reason is not None else {}
    return {"name": fact.name, **state, **({"sources": unique} if unique else {})}


def _source(seen: Provenance, vocabulary: Vocabulary) -> dict[str, str]:
    kind, slash, _ = seen.resource.partition("/")
    if slash and _TYPE.fullmatch(kind):
        day = _DAY.match(seen.date or "")
        return {"type": kind, "date": day[0]} if day and kind != "Patient" else {"type": kind}
    found = [name for name in seen.resource.split(", ") if name in vocabulary]
    return {"facts": ", ".join(found)} if found else {}
