"""What a data protection officer asks: what is stored of a call, is all of it named, and what does the secret do?"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fhir_examples.request import day_of
from service.app import create_app
from service.settings import Settings
from service.store.database import Database
from service.store.tables import METADATA
from service.store.traces import Traces
from tests.store.support import REASON
from tests.test_hooks import collection, order, request

PATIENT = "relapsed-ph-positive-t315i"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "store.md"
SECRETS = ("the first secret of this site, 32+", "the second secret of this site, 32+")


class Site:
    """One database, served with one secret after another."""

    def __init__(self, folder: Path):
        self.file = folder / "allcue.db"
        self.calls = 0

    def serve(self, secret: str, **more: Any) -> None:
        url = f"sqlite:///{self.file}"
        settings = Settings(database_url=url, site_secret=secret, as_of=day_of(PATIENT), **more)
        self.client = create_app(settings).test_client()
        self.database = Database(url)

    def ask(self, hook: str = "patient-view", **context: Any) -> list[dict[str, Any]]:
        self.calls += 1
        body = request(PATIENT, hook, {"userId": "Practitioner/dr-roe-77", "encounterId": "visit-4711", **context})
        body["hookInstance"] = f"d1577c69-dfbe-44ad-ba6d-{self.calls:012d}"
        answer = self.client.post(f"/cds-services/allcue-{hook}", json=body)
        assert answer.status_code == 200, answer.data
        found: list[dict[str, Any]] = answer.json["cards"]
        return found

    def override(self, card: dict[str, Any]) -> None:
        for _ in range(400):  # the trace is written behind the answer
            if Traces(self.database).of(card["uuid"]):
                break
            time.sleep(0.05)
        reason = {"reason": {"system": REASON[0], "code": REASON[1]}, "userComment": "Mrs Doe, room 12, declines"}
        item = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": datetime.now(UTC).isoformat()}
        body = {"feedback": [{**item, "overrideReason": reason}]}
        answer = self.client.post("/cds-services/allcue-patient-view/feedback", json=body)
        assert answer.status_code == 200, answer.data

    @property
    def stored(self) -> bytes:
        """Every byte on the disk, of the database and the files beside it."""
        return b"".join(path.read_bytes() for path in sorted(self.file.parent.glob("allcue.db*")))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.serve(SECRETS[0])
    return made


def summaries(cards: list[dict[str, Any]]) -> list[str]:
    return [card["summary"] for card in cards]


def test_nothing_that_names_a_person_reaches_the_disk(site: Site) -> None:
    """Not as a value, and not left behind in a page or in the log of the database."""
    card = site.ask()[0]
    site.ask("order-sign", draftOrders=collection(order(PATIENT, "dasatinib 140 mg", id="draft-0815", status="draft")))
    site.override(card)
    stored = site.stored
    assert card["uuid"].encode() in stored
    assert b"patient-refuses" in stored
    sent = request(PATIENT, "patient-view")
    own = [sent["context"]["patientId"], sent["prefetch"]["patient"]["birthDate"]]
    rows = [entry["resource"] for value in sent["prefetch"].values() for entry in value.get("entry", ())]
    ids = [row["id"] for row in rows if len(row["id"]) > 5]
    assert len(ids) > 10
    named = [
        "dr-roe-77",
        "visit-4711",
        "d1577c69-dfbe-44ad",
        "draft-0815",
        "Mrs Doe",
        "declines",
        "T315I",
        card["summary"],
    ]
    assert [word for word in (*own, *ids, *named) if word.encode() in stored] == []


def test_without_a_secret_nothing_tells_two_patients_apart(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.serve("")
    card = site.ask()[0]
    site.override(card)
    (trace,) = Traces(site.database).of(card["uuid"])
    assert (trace.patient, trace.basis) == (None, None)
    assert summaries(site.ask())[0] == card["summary"]


def test_another_secret_forgets_what_was_silenced_and_nothing_else(site: Site) -> None:
    card = site.ask()[0]
    site.override(card)
    assert card["summary"] not in summaries(site.ask())
    site.serve(SECRETS[1])
    again = site.ask()[0]
    assert again["summary"] == card["summary"]
    site.override(again)
    assert card["summary"] not in summaries(site.ask())
    site.serve(SECRETS[0])
    assert card["summary"] not in summaries(site.ask()), "the first secret finds its own"
    assert Traces(site.database).of(card["uuid"]), "the trace is there whatever the secret"


def test_late_feedback_after_a_new_secret_is_kept_and_silences_nobody(site: Site) -> None:
    card = site.ask()[0]
    site.serve(SECRETS[1])
    site.override(card)
    assert summaries(site.ask())[0] == card["summary"]


def test_every_column_is_named_in_the_docs() -> None:
    """Whoever adds a column says what of a person it holds."""
    text = DOCS.read_text(encoding="utf-8").split("### What each column holds")[1].split("\n## ")[0]
    named: dict[str, set[str]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith(("| `", "| several", "| |")):
            first, columns = (cell.strip() for cell in line.split("|")[1:3])
            table = first.strip("`") or table
            named.setdefault(table, set()).update(re.findall(r"`([a-z_]+)`", columns))
    shared = named.pop("several")
    assert set(named) == set(METADATA.tables)
    for name, columns in METADATA.tables.items():
        own = {column.name for column in columns.columns}
        assert own - shared == named[name], name
