"""``bench.peers``: equal patients and rules on both sides, honest counting, a page that is its figures. Installs nothing."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

import pytest

from bench.load import measure as load
from bench.peers import install
from bench.peers.agree import disagreements, expected, first_is_shipped
from bench.peers.page import BEGIN, END, NoPlace, measured, plots, write
from bench.peers.patients import STORIES, Bodies
from bench.peers.roster import BY_KEY, PEERS, Peer
from bench.peers.rules import COUNTS, FIRST, HERE, content, cql, rules
from bench.peers.running import live
from service.facts.vocabulary import VOCABULARY
from service.rules.load import load_content

ROOT = Path(__file__).resolve().parents[1]


class _Fake(http.server.BaseHTTPRequestHandler):
    """Takes its time, counts, and answers what the test says."""

    protocol_version = "HTTP/1.1"
    answer: ClassVar[Any] = {"cards": []}
    status = 200
    delay = 0.0
    closing = False
    calls: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.delay)
        told = json.dumps(self.answer).encode()
        self.calls.append(body)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(told)))
        if self.closing:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def fake(**how: Any) -> Iterator[tuple[int, list[bytes]]]:
    calls: list[bytes] = []
    handler = type("Handler", (_Fake,), {**how, "calls": calls})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_load_counts_what_the_server_answered_and_no_faster_than_it_can() -> None:
    with fake(delay=0.02) as (port, calls):
        told = load(port, "/", Bodies(seeds=2), 0.3, 3)
    assert told.answered == len(calls)
    assert told.p99 >= told.p50 >= 20
    assert told.rate <= 3 / 0.02


def test_load_goes_on_with_a_server_that_keeps_no_connection() -> None:
    with fake(closing=True) as (port, calls):
        told = load(port, "/", Bodies(seeds=2), 0.2, 2)
    assert told.answered == len(calls) > 4


def test_load_does_not_count_the_warm_up_and_asks_at_least_once() -> None:
    with fake() as (port, calls):
        told = load(port, "/", Bodies(same=True), 0.0, 2, warm_up=0.1)
    assert told.answered == 2
    assert len(calls) > 2


def test_an_error_is_no_answer() -> None:
    with fake(status=500) as (port, _), pytest.raises(RuntimeError, match="answered 500"):
        load(port, "/x", Bodies(same=True), 0.1, 1)
    with pytest.raises(RuntimeError, match="no answer"):
        load(port, "/x", Bodies(same=True), 0.1, 1)


def test_every_request_is_new_and_every_chart_unless_the_same_is_asked_for() -> None:
    new, same = Bodies(seeds=2), Bodies(same=True)
    told = [json.loads(next(new)) for _ in range(6)]
    assert len({row["hookInstance"] for row in told}) == len({row["context"]["patientId"] for row in told}) == 6
    for row in told:
        subjects = {entry["resource"]["subject"]["reference"] for entry in row["prefetch"]["observations"]["entry"]}
        assert subjects == {f"Patient/{row['context']['patientId']}"}
        assert row["prefetch"]["patient"]["id"] == row["context"]["patientId"]
    again = [json.loads(next(same)) for _ in range(3)]
    assert len({row.pop("hookInstance") for row in again}) == 3
    assert again[0] == again[1] == again[2]


@pytest.mark.parametrize("count", COUNTS)
def test_content_and_cql_hold_the_same_rules(count: int) -> None:
    ids = [rule.id for rule in rules(count)]
    assert len(set(ids)) == count
    assert [rule.id for rule in load_content(content(count), VOCABULARY).rules] == sorted(ids)
    assert [line.split('"')[1] for line in cql(count).splitlines() if line.startswith('define "bench-')] == ids


def test_the_patients_reach_each_verdict_and_the_first_rule_is_the_shipped_one() -> None:
    assert {found.get(FIRST) for found in expected(1).values()} == {"applies", "does_not_apply", "cannot_tell", None}
    assert list(first_is_shipped()) == []


def _installed(peer: Peer) -> bool:
    folder = install.BUILD / peer.key.split("-")[0]
    if peer.key.startswith("cql"):
        lock, stamp = HERE / "cql" / "package-lock.json", folder / "installed-lock.json"
        return stamp.exists() and stamp.read_bytes() == lock.read_bytes()
    return (folder / "installed.txt").exists()


@pytest.mark.parametrize("key", ["cql-50", "fhirpath"])
def test_a_peer_that_decides_says_what_allcue_says(key: str) -> None:
    peer = BY_KEY[key]
    if not _installed(peer):
        pytest.skip(f"NOTICE: {peer.name} is not installed; `python -m bench.peers --quick --only {key}` does that")
    with live(peer) as running:
        assert list(disagreements(peer, running.port)) == []


def test_a_peer_that_says_otherwise_is_found_out() -> None:
    with fake(answer={"cards": [], "extension": {"verdicts": {FIRST: "applies"}}}) as (port, _):
        found = list(disagreements(BY_KEY["cql-1"], port))
    assert any("CD19 lost" in line and "does_not_apply" in line for line in found)
    assert any("no ALL" in line for line in found)
    assert len(found) < len(STORIES)


def test_lock_files_name_no_registry() -> None:
    assert "://" not in "".join(
        line for line in (HERE / "cql" / "package-lock.json").read_text().splitlines(True) if "resolved" in line
    )


def _spread(value: float) -> dict[str, float]:
    return {"median": value, "min": value / 2, "max": value * 2}


FIGURES: dict[str, Any] = {
    "day": "2026-03-02",
    "machine": {"cores": 2, "processor": "a processor", "python": "3.11.7", "load": 0.1},
    "plan": {"seconds": 2.0, "rounds": 3, "clients": 2},
    "peers": [
        {"key": "floor", "name": "floor", "licence": "MIT", "does": "nothing", "versions": {"orjson": "3"}, "rate": _spread(1234),
         "ratio": _spread(1), "p50": _spread(1.5), "p99": _spread(9), "cpu": _spread(0.5), "memory": _spread(30)},
        {"key": "x", "name": "Peer X", "licence": "MIT", "does": "much", "missing": "not installed: pip install failed"},
    ],
    "resources": [{"key": "floor", "name": "floor", "resources": n, "p50": _spread(n / 10)} for n in (80, 1000)],
    "clients": [{"key": "floor", "name": "floor", "clients": n, "rate": _spread(100 * n)} for n in (1, 8)],
    "rules": [
        {"name": "CQL in JavaScript, 1", "rules": 1, "milliseconds": _spread(50)},
        {"name": "Allcue, the same 1", "rules": 1, "milliseconds": _spread(2)},
        {"name": "Allcue, all sources", "rules": 598, "milliseconds": _spread(5)},
    ],
}  # fmt: skip


def test_the_page_tells_the_figures_and_why_a_peer_is_missing() -> None:
    told = measured(FIGURES)
    assert "| floor | nothing | 1,234 (617–2,468) | 100 (50.0–200) | 1.50 (0.75–3.00) |" in told
    assert "| Peer X | not installed: pip install failed |" in told
    assert "| floor | orjson 3 | MIT |" in told
    assert "| | 80 | 1,000 |" in told
    assert "| Allcue, all sources | 598 | 5.00 (2.50–10.0) |" in told


def test_plots_are_svg_with_a_text_for_each_line() -> None:
    drawn = plots(FIGURES)
    assert set(drawn) == {"resources", "clients", "rules"}
    for text in drawn.values():
        assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "Allcue, the same rules" in drawn["rules"]


def test_only_what_stands_between_the_marks_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write(page, FIGURES)
    once = page.read_text(encoding="utf-8")
    write(page, FIGURES)
    assert page.read_text(encoding="utf-8") == once
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(NoPlace, match="once each"):
        write(page, FIGURES)


def test_the_committed_page_is_its_figures(tmp_path: Path) -> None:
    docs = ROOT / "docs"
    page = tmp_path / "performance.md"
    page.write_text((docs / "performance.md").read_text(encoding="utf-8"), encoding="utf-8")
    write(page, json.loads((docs / "performance.json").read_text(encoding="utf-8")))
    assert page.read_text(encoding="utf-8") == (docs / "performance.md").read_text(encoding="utf-8")
    for drawn in (tmp_path / "images" / "performance").glob("*.svg"):
        assert drawn.read_text(encoding="utf-8") == (docs / "images" / "performance" / drawn.name).read_text(
            encoding="utf-8"
        )


def test_each_peer_says_what_stands_behind_its_answers_and_its_licence() -> None:
    assert len({peer.key for peer in PEERS}) == len(PEERS)
    assert all(peer.does and peer.licence for peer in PEERS)
