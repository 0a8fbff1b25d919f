"""Whether a peer that decides says the same of the same patients as Allcue. One that does not is not compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from tempfile import TemporaryDirectory
from typing import Any

from bench.peers.patients import stories
from bench.peers.roster import Peer
from bench.peers.rules import FIRST, SHIPPED, write_content
from bench.peers.running import ask
from service.bundles import invocation_of
from service.wiring import Clinic, build_clinic

Verdicts = dict[str, str]


def expected(count: int) -> dict[str, Verdicts]:
    """Allcue's verdicts by rule for each story; none for a patient without ALL."""
    return {name: _verdicts(_clinic(count), told) for name, told in stories().items()}


def shipped(name: str) -> str:
    """The shipped rule's verdict; ``does_not_apply`` where its edition does not speak for the patient's age."""
    return _verdicts(_shipped(), stories()[name]).get(SHIPPED, "does_not_apply")


def disagreements(peer: Peer, port: int) -> Iterator[str]:
    """What a running peer says otherwise, one line a patient and rule."""
    assert peer.rules is not None
    for name, wanted in expected(peer.rules).items():
        answer = ask(port, peer.path, json.dumps(stories()[name]).encode())
        if peer.key.startswith("allcue"):
            if bool(answer["cards"]) < ("applies" in wanted.values()):
                yield f"{name}: no card"
            continue
        found = answer.get("extension", {}).get("verdicts", {})
        for rule in sorted({*wanted, *found}):
            if wanted.get(rule) != found.get(rule):
                yield f"{name}: {rule}: {found.get(rule)}, not {wanted.get(rule)}"


def first_is_shipped() -> Iterator[str]:
    """Stories of which the first rule and the shipped one it says again have different verdicts."""
    for name, wanted in expected(1).items():
        if wanted.get(FIRST, "does_not_apply") != shipped(name):
            yield name


def _verdicts(clinic: Clinic, told: dict[str, Any]) -> Verdicts:
    return {found.rule.id: str(found.outcome) for found in clinic.answer(invocation_of(told, None)).verdicts}


@lru_cache(maxsize=8)
def _clinic(count: int) -> Clinic:
    with TemporaryDirectory(prefix="content-") as folder:
        from pathlib import Path

        return build_clinic(write_content(Path(folder), count))


@lru_cache(maxsize=1)
def _shipped() -> Clinic:
    return build_clinic()
