"""What an access token may read, from ``fhirAuthorization.scope``: SMART App Launch 1 (``.read``) and 2 (``.rs``).

The server decides in the end. Reading the scopes spares it questions that it would refuse, and tells a filtered answer
(``?category=...``) from a whole one, which nothing in the answer itself does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SCOPE = re.compile(
    r"(?:patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]*)\.(?P<acts>read|write|\*|[cruds]+)(?:\?(?P<only>.*))?"
)
_OTHERS = re.compile(r"openid|profile|fhirUser|(?:online|offline)_access|launch(?:/\S*)?|smart/\S+")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,40}")
_ACTS = {"read": "rs", "write": "cud", "*": "cruds"}
_TYPE = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Grant:
    """One scope. ``kind``: a resource type or ``*``. ``acts``: letters out of cruds. ``only``: names of the
    parameters that narrow it down; empty where nothing does."""

    kind: str
    acts: frozenset[str]
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """What a token says of one query: ``refused`` - why it may not be asked; ``limited`` - why the answer is not all."""

    refused: str | None = None
    limited: str | None = None


_ALL = Leave()


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes of a token. ``grants`` is None where they say nothing of what may be read: then the server is asked."""

    grants: tuple[Grant, ...] | None = None

    @classmethod
    def of(cls, stated: object) -> Scopes:
        """From a scope string. Anything else, and words of which none is known, leave it to the server.

        >>> Scopes.of("patient/Observation.read launch").leave("Condition?patient=1").refused
        'the access token does not cover Condition'
        >>> Scopes.of("launch openid").leave("Condition?patient=1").refused
        'the access token does not cover Condition'
        >>> Scopes.of("https://ehr.example.org/everything").leave("Condition?patient=1").refused is None
        True
        """
        words = stated.split() if isinstance(stated, str) else []
        grants = [_grant(match) for word in words if (match := _SCOPE.fullmatch(word))]
        if not grants and not (words and all(_OTHERS.fullmatch(word) for word in words)):
            return cls()
        return cls(tuple(grants))

    def leave(self, query: str) -> Leave:
        """Whether a query (``Type/id`` or ``Type?search``) may be asked and what its answer is worth.

        A read of one resource needs the letter r, a search the letter s.
        """
        if self.grants is None:
            return _ALL
        found = _TYPE.match(query)
        kind = found[0] if found else "this"
        act, deed = ("s", "searches of ") if "?" in query else ("r", "reads of ")
        own = [grant for grant in self.grants if grant.kind in (kind, "*")]
        able = [grant for grant in own if act in grant.acts]
        if not able:
            readable = any(grant.acts & {"r", "s"} for grant in own)
            return Leave(refused=f"the access token does not cover {deed if readable else ''}{kind}")
        if all(grant.only for grant in able):
            names = sorted({name for grant in able for name in grant.only})
            return Leave(limited=f"the access token covers only a part of {kind} (by {', '.join(names)})")
        return _ALL


def _grant(match: re.Match[str]) -> Grant:
    acts = frozenset(_ACTS.get(match["acts"], match["acts"]))
    if match["only"] is None:
        return Grant(match["type"], acts)
    names = [pair.partition("=")[0] for pair in match["only"].split("&")]
    # Whatever stands behind the question mark narrows the scope, also where it cannot be understood.
    return Grant(match["type"], acts, tuple(name if _PARAMETER.fullmatch(name) else "?" for name in names))
