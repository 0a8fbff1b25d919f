"""Every card answers to feedback: counted once, and heeded the next time."""

from __future__ import annotations

import csv
import http.client
import io
import json
import os
import subprocess
import sys
from typing import Any

from bench.served import ROOT
from tests.ehr.client import Ehr
from tests.ehr.conftest import Clinic

PATIENT = "relapsed-ph-positive-t315i"
TRANSPLANT = "Transplant in later disease"
REASONS = (
    "cds-not-applicable",
    "recipient-disagrees-evidence",
    "patient-refuses",
    "clinical-trial",
    "action-completed",
)


def counted(clinic: Clinic) -> dict[str, int]:
    """Accepted and overridden over all rules, by ``allcue feedback report``."""
    environ = {**os.environ, **clinic.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "service.cli", "feedback", "report", "--csv"]
    told = subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(io.StringIO(told)))
    return {name: sum(int(row[name]) for row in rows) for name in ("accepted", "overridden")}


def received(clinic: Clinic) -> list[dict[str, Any]]:
    return [line for line in clinic.lines() if line.get("event") == "feedback"]


def named(cards: list[dict[str, Any]], words: str) -> dict[str, Any]:
    (found,) = (card for card in cards if words in card["summary"])
    return found


def test_every_card_is_answered_once(clinic: Clinic) -> None:
    """Those with suggestions accepted, the others overridden; sent again after a lost answer, nothing counts twice."""
    ehr = clinic.ehr
    before, lines = counted(clinic), len(received(clinic))
    cards = ehr.call("patient-view", clinic.admit(PATIENT))
    for card, reason in zip(cards, REASONS, strict=False):
        if card.get("suggestions"):
            ehr.accepted("patient-view", card, card["suggestions"][-1])
        else:
            ehr.overridden("patient-view", card, reason)
    ehr.report(lost=True)
    after = counted(clinic)
    assert after["accepted"] > before["accepted"]
    assert after["overridden"] > before["overridden"]
    ehr.report()
    assert counted(clinic) == after
    assert [(line["new"], line["unknown_cards"]) for line in received(clinic)[lines:]] == [(len(cards), 0), (0, 0)]


def test_an_answer_that_nobody_waited_for(clinic: Clinic) -> None:
    """The connection breaks after the feedback went out; whether it arrived or not, repeating it counts it once."""
    ehr = clinic.ehr
    card = ehr.call("patient-view", clinic.admit(PATIENT))[0]
    ehr.overridden("patient-view", card, "recipient-disagrees-evidence")
    before, lines = counted(clinic)["overridden"], len(received(clinic))
    ((service, items),) = ehr.outbox.items()
    url = f"{ehr.service}/cds-services/{service}/feedback"
    broken = http.client.HTTPConnection(ehr.service.removeprefix("http://"), timeout=60)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {ehr.token(url)}"}
    broken.request("POST", url.removeprefix(ehr.service), json.dumps({"feedback": items}), headers)
    broken.close()
    ehr.report()
    once = counted(clinic)["overridden"]
    assert once > before
    ehr.outbox[service] = items
    ehr.report()
    assert counted(clinic)["overridden"] == once
    told = [line for line in received(clinic)[lines:] if line["new"]]
    assert [line["new"] for line in told] == [1]


def test_feedback_right_behind_the_card_is_known(ehr: Ehr, clinic: Clinic) -> None:
    """A client may answer within milliseconds."""
    patient = clinic.admit(PATIENT)
    for _ in range(5):
        ehr.overridden("patient-view", ehr.call("patient-view", patient)[0], "cds-suboptimal-context")
        ehr.report()
        assert received(clinic)[-1]["unknown_cards"] == 0


def test_a_justified_override_is_heeded_until_a_fact_changes(clinic: Clinic) -> None:
    ehr = clinic.ehr
    patient, other = clinic.admit(PATIENT), clinic.admit(PATIENT)
    cards = ehr.call("patient-view", patient)
    ehr.overridden("patient-view", named(cards, TRANSPLANT), "patient-refuses")
    ehr.report()
    quiet = ehr.call("patient-view", patient)
    assert [card["summary"] for card in quiet] == [
        card["summary"] for card in cards if TRANSPLANT not in card["summary"]
    ]
    assert named(ehr.call("patient-view", other), TRANSPLANT)

    rows = ehr.server.records["Observation"]
    newer = {**rows[f"{patient}-observation-20"], "id": f"{patient}-newer", "effectiveDateTime": "2026-03-01"}
    rows[newer["id"]] = newer  # another transcript result: the Ph status rests on it
    assert named(ehr.call("patient-view", patient), TRANSPLANT)


def test_disagreement_silences_nothing(clinic: Clinic) -> None:
    ehr = clinic.ehr
    patient = clinic.admit(PATIENT)
    for code in ("recipient-disagrees-evidence", "cds-suboptimal-context", None):
        ehr.overridden("patient-view", named(ehr.call("patient-view", patient), TRANSPLANT), code)
        ehr.report()
    assert named(ehr.call("patient-view", patient), TRANSPLANT)
