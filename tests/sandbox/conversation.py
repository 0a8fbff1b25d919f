"""What a clinician does in the public sandbox, and what must be seen there. Each part stands alone and asserts as it goes."""

from __future__ import annotations

import csv
import io
from typing import Any

from playwright.sync_api import expect

from tests.sandbox.driver import CARD, WIDTH, Sandbox
from tests.sandbox.stage import MARKUP, Stage

IMATINIB = "imatinib 400 MG Oral Tablet"
MERCAPTOPURINE = "mercaptopurine 50 MG Oral Tablet"
INSTEAD = f"ponatinib in place of {IMATINIB}"
REFUSED = "Patient declines"
DRUGS = {  # what the sandbox orders, once a day, for whom, and words of the card that must come; None: no warning
    "dasatinib 140 MG Oral Tablet": ("relapse", "contraindicated with the ABL1 mutation found"),
    "ponatinib 45 MG Oral Tablet": ("relapse", None),
    MERCAPTOPURINE: ("late", "Mercaptopurine with allopurinol"),
    "Methotrexate 2.5 MG Oral Tablet": ("late", "Oral methotrexate ordered daily"),
}


def opened_chart(it: Sandbox) -> None:
    """Cards at the opened chart; one suggestion taken, one card dismissed for a reason, and silent when opened again."""
    cards = it.open("relapse")
    it.shown(cards)
    options = it.card("Relapsed or refractory Ph-positive ALL")
    it.scroll_to(options)
    it.picture("patient-view")
    item, status = it.apply(options, "Draft order: ponatinib")
    (wanted,) = [
        one for card in cards for one in card.get("suggestions", ()) if one["label"] == "Draft order: ponatinib"
    ]
    assert (status, item["outcome"], item["acceptedSuggestions"]) == (200, "accepted", [{"id": wanted["uuid"]}])

    transplant = it.card("Transplant in later disease")
    item, status = it.dismiss(transplant, REFUSED)
    assert (status, item["outcome"], item["overrideReason"]["reason"]["code"]) == (200, "overridden", "patient-refuses")
    expect(transplant).to_have_count(0)
    again = it.open("relapse")
    it.shown(again)
    assert [card["summary"] for card in again] == [
        card["summary"] for card in cards if not card["summary"].startswith("Transplant in later disease")
    ]


def chosen_order(it: Sandbox) -> None:
    """An order warned of as it is chosen; the suggestion changes the draft, and the warning is gone."""
    assert it.open("relapse", "order-select") == []
    it.shown([])
    cards = it.select("imatinib 400", IMATINIB)
    it.shown(cards)
    (warning,) = cards
    assert warning["indicator"] == "critical"
    it.scroll_to(it.card("T315I"))
    it.picture("order-select")
    with it.page.expect_response(lambda answer: answer.url.endswith("/allcue-order-select")) as answer:
        item, status = it.apply(it.card("T315I"), INSTEAD)
    assert (status, item["outcome"]) == (200, "accepted")
    (draft,) = answer.value.request.post_data_json["context"]["draftOrders"]["entry"]
    assert draft["resource"]["medicationCodeableConcept"]["text"] == "ponatinib"
    it.shown([])
    it.page.get_by_text("Request", exact=True).click()
    it.scroll_to(it.page.get_by_text('"medicationCodeableConcept"').first)
    it.picture("order-select-applied", WIDTH)


def taken_back(it: Sandbox) -> None:
    """A suggestion that deletes the draft empties the order."""
    it.open("relapse", "order-select")
    it.shown(it.select("dasatinib 140", "dasatinib 140 MG Oral Tablet"))
    with it.page.expect_response(lambda answer: answer.url.endswith("/allcue-order-select")) as answer:
        item, status = it.apply(it.card("contraindicated"), "Take back: dasatinib 140 MG Oral Tablet")
    assert (status, item["outcome"]) == (200, "accepted")
    (draft,) = answer.value.request.post_data_json["context"]["draftOrders"]["entry"]
    assert "medicationCodeableConcept" not in draft["resource"]
    it.shown([])


def signed_order(it: Sandbox) -> None:
    """Signing is warned of; dismissed without a reason it warns again, overridden for a good one it is silent."""
    it.open("late", "order-sign")
    it.choose("mercaptopurine", MERCAPTOPURINE)
    cards = it.sign()
    it.shown(cards)
    (warning,) = cards
    assert "Mercaptopurine with allopurinol" in warning["summary"]
    it.scroll_to(it.page.get_by_text("Sign Order"))
    it.card("allopurinol").get_by_label("select dismiss reason").click()
    it.picture("order-sign")
    it.page.keyboard.press("Escape")
    item, status = it.dismiss(it.card("allopurinol"))
    assert (status, item["outcome"], item.get("overrideReason")) == (200, "overridden", None)
    it.shown([])

    cards = it.sign()
    it.shown(cards)
    assert [card["summary"] for card in cards] == [warning["summary"]]
    reason = next(one for one in warning["overrideReasons"] if one["code"] == "tumor-board-decision")
    item, status = it.dismiss(it.card("allopurinol"), reason["display"])
    assert (status, item["overrideReason"]["reason"]) == (200, {name: reason[name] for name in ("code", "system")})
    assert it.sign() == []
    it.shown([])


def every_drug(it: Sandbox) -> None:
    """The sandbox's drugs of this disease, as order-select and as order-sign see them."""
    for drug, (patient, words) in DRUGS.items():
        it.open(patient, "order-select")
        cards = it.select(drug, drug)
        it.shown(cards)
        if words is None:
            assert not [card for card in cards if card["indicator"] != "info"], cards
        else:
            assert [card for card in cards if words in card["summary"]], cards


def hostile_text(it: Sandbox) -> None:
    """Markup in a record is shown as it is written there: the sandbox renders HTML, and gets none."""
    cards = it.open("hostile")
    expect(it.page.locator(CARD)).to_have_count(len(cards))
    assert MARKUP in "\n".join(it.page.locator(CARD).all_inner_texts())
    assert it.page.evaluate("window.planted") is None
    assert it.page.locator(f"{CARD} img, {CARD} mark").count() == 0


PARTS = (every_drug, hostile_text, opened_chart, chosen_order, taken_back, signed_order)  # the last ones silence advice


def reported(found: Stage) -> str:
    """What was done above has arrived in the store: the report in words."""
    rows = list(csv.DictReader(io.StringIO(found.allcue("feedback", "report", "--csv"))))
    reasons = " ".join(row["reasons"] for row in rows)
    counted: dict[str, Any] = {name: sum(int(row[name]) for row in rows) for name in ("accepted", "overridden")}
    assert counted["accepted"] >= 1, rows
    assert counted["overridden"] >= 2, rows
    assert "patient-refuses" in reasons
    assert "tumor-board-decision" in reasons
    words = found.allcue("feedback", "report")
    assert " 0 on cards without a trace" in words
    return words
