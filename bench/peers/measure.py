"""The measurements: rounds that take turns, so that a slow minute of the machine falls on all alike."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.load import measure as load
from bench.patients import request
from bench.peers import install
from bench.peers.agree import disagreements
from bench.peers.patients import Bodies
from bench.peers.roster import FLOOR, PEERS, Peer
from bench.peers.rules import COUNTS
from bench.peers.running import Live, live
from bench.peers.usage import usage
from bench.served import ROOT

RESOURCES, CLIENTS = (80, 250, 1000), (1, 2, 8, 32)
GROWING = (FLOOR, "typed", "healthchain-httptools", "cql-10", "allcue-10", "allcue")  # those whose growth is shown
Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """Seconds of one measurement, how many rounds, how many connections in the table."""

    seconds: float
    rounds: int
    clients: int = 2


@dataclass
class Bench:
    """``live``: by key of the peer; ``missing``: why a peer is not among them."""

    plan: Plan
    say: Callable[[str], None]
    peers: tuple[Peer, ...] = PEERS
    live: dict[str, Live] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def run(self) -> Row:
        """All figures, as they are written to JSON."""
        with ExitStack() as stack:
            for peer in self.peers:
                self._start(stack, peer)
            told = {"peers": self._table(), "resources": self._resources(), "clients": self._clients()}
        return {"plan": vars(self.plan), **told, "rules": self._inside()}

    def _start(self, stack: ExitStack, peer: Peer) -> None:
        """Start it and check its answers; a peer that answers wrongly is ended and not compared."""
        self.say(f"starting {peer.name}")
        with ExitStack() as own:
            try:
                found = own.enter_context(live(peer))
                wrong = list(disagreements(peer, found.port)) if peer.rules is not None else []
            except install.NotInstalled as problem:
                self.missing[peer.key] = f"not installed: {problem}"
                return
            except OSError as problem:
                self.missing[peer.key] = f"did not answer: {type(problem).__name__}"
                return
            if wrong:
                self.missing[peer.key] = f"not compared: {len(wrong)} verdicts differ, such as {wrong[0]}"
                return
            self.live[peer.key] = found
            stack.push(own.pop_all())

    def _running(self, keys: tuple[str, ...] | None = None) -> Iterator[tuple[Peer, Live]]:
        for peer in self.peers:
            if peer.key in self.live and (keys is None or peer.key in keys):
                yield peer, self.live[peer.key]

    def _load(self, peer: Peer, bodies: Iterator[bytes], clients: int, share: float = 1.0) -> dict[str, float] | None:
        """Nothing of a peer that failed: it is told among the missing, and left out from then on."""
        found = self.live.get(peer.key)
        if found is None:
            return None
        try:
            return self._loaded(found, peer.path, bodies, clients, share * self.plan.seconds)
        except RuntimeError as problem:
            self.missing[peer.key] = f"failed under load: {problem}"
            del self.live[peer.key]
            return None

    def _loaded(
        self, found: Live, path: str, bodies: Iterator[bytes], clients: int, seconds: float
    ) -> dict[str, float]:
        load(found.port, path, bodies, 0.2 * self.plan.seconds, clients)
        before = usage(found.group)
        told = load(found.port, path, bodies, seconds, clients)
        after = usage(found.group)
        measured = {"rate": told.rate, "p50": told.p50, "p99": told.p99}
        if before and after:
            measured |= {"cpu": (after.cpu - before.cpu) * 1000 / told.answered, "memory": after.memory}
        return measured

    def _table(self) -> list[Row]:
        new, other, same = Bodies(), Bodies(with_all=False), Bodies(same=True)
        lanes = [(peer.key, peer.name, peer, new) for peer, _ in self._running()]
        if "allcue" in self.live:
            peer = next(peer for peer in self.peers if peer.key == "allcue")
            lanes.append(("allcue-same", "Allcue, all sources, the same chart again", peer, same))
            lanes.append(("allcue-other", "Allcue, all sources, patients without ALL", peer, other))
        rounds: dict[str, list[dict[str, float]]] = {key: [] for key, *_ in lanes}
        self.say("warming up")
        for _, _, peer, bodies in lanes:  # engines that compile what runs often have seen some of it
            self._load(peer, bodies, self.plan.clients, 0.5)
        for number in range(self.plan.rounds):
            self.say(f"round {number + 1} of {self.plan.rounds}")
            for key, _, peer, bodies in lanes:
                if told := self._load(peer, bodies, self.plan.clients):
                    rounds[key].append(told)
        base = [told["rate"] for told in rounds.get(FLOOR, [])]
        rows = [self._row(key, name, peer, rounds[key], base) for key, name, peer, _ in lanes if peer.key in self.live]
        return rows + [
            {"key": peer.key, "name": peer.name, "licence": peer.licence, "does": peer.does, "missing": self.missing[peer.key]}
            for peer in self.peers if peer.key in self.missing
        ]  # fmt: skip

    def _row(self, key: str, name: str, peer: Peer, rounds: list[dict[str, float]], base: list[float]) -> Row:
        ratios = [told["rate"] / floor for told, floor in zip(rounds, base, strict=False)]
        told = {which: spread([found[which] for found in rounds]) for which in rounds[0]}
        does = "no ALL on record: an empty answer before any rule" if key == "allcue-other" else peer.does
        return {"key": key, "name": name, "licence": peer.licence, "does": does, "path": peer.path,
                "versions": self.live[peer.key].versions, **told, "ratio": spread(ratios) if ratios else None}  # fmt: skip

    def _resources(self) -> list[Row]:
        """Cost of larger charts, one connection."""
        bodies = {size: Bodies(resources=size, seeds=max(4, 6400 // size)) for size in RESOURCES}
        return self._grown("resources", RESOURCES, lambda peer, size: self._load(peer, bodies[size], 1, 0.5))

    def _clients(self) -> list[Row]:
        bodies = Bodies()
        return self._grown("clients", CLIENTS, lambda peer, clients: self._load(peer, bodies, clients, 0.5))

    def _grown(
        self, what: str, steps: tuple[int, ...], once: Callable[[Peer, int], dict[str, float] | None]
    ) -> list[Row]:
        rounds: dict[tuple[str, int], list[dict[str, float]]] = {}
        for number in range(min(2, self.plan.rounds)):
            self.say(f"growth with {what}, round {number + 1}")
            for step in steps:
                for peer in [peer for peer, _ in self._running(GROWING)]:
                    if told := once(peer, step):
                        rounds.setdefault((peer.key, step), []).append(told)
        names = {peer.key: peer.name for peer in self.peers}
        return [
            {"key": key, "name": names[key], what: step, **{which: spread([told[which] for told in found]) for which in found[0]}}
            for (key, step), found in rounds.items()
        ]  # fmt: skip

    def _inside(self) -> list[Row]:
        """Evaluation without HTTP, by number of rules: CQL, Allcue with the same rules, Allcue by sources."""
        with TemporaryDirectory(prefix="bodies-") as folder:
            file = Path(folder) / "requests.jsonl"
            file.write_bytes(b"\n".join(request(True, seed=seed) for seed in range(64)))
            found: dict[str, list[Row]] = {}
            for number in range(min(2, self.plan.rounds)):
                self.say(f"growth with rules, round {number + 1}")
                for command in _inside_commands(file, self.plan.seconds / 2, "cql-1" in self.live):
                    for told in _inside(command):
                        found.setdefault(told["name"], []).append(told)
        return [
            {"name": name, "rules": rows[0]["rules"], "milliseconds": spread([statistics.median(row["times"]) for row in rows])}
            for name, rows in found.items()
        ]  # fmt: skip


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and greatest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def _inside_commands(file: Path, seconds: float, with_cql: bool) -> Iterator[list[str]]:
    if with_cql:
        folder = install.BUILD / "cql"
        libraries = [str(folder / f"rules-{count}.json") for count in COUNTS]
        yield [str(install.node()), str(folder / "inside.mjs"), str(file), str(seconds), *libraries]
    yield [sys.executable, "-m", "bench.peers.inside", str(file), str(seconds)]


def _inside(command: list[str]) -> list[Row]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    told: list[Row] = json.loads(done.stdout)
    return told
