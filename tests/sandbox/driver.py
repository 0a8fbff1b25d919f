"""The public sandbox in a browser, worked with as a clinician does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Response, expect

from tests.browser import launched
from tests.sandbox.stage import Stage

WAIT_MS = 60_000  # the browser shares the machine with other tests
CARD = ".MuiCard-root"
NO_CARDS = "No recommendations to display"
WIDTH, HEIGHT, HALF = 1100, 1240, 550  # of the window, and of its left half


class Sandbox:
    """One browser window. ``pictures``: the folder for screenshots; None takes none."""

    def __init__(self, page: Page, stage: Stage, pictures: Path | None = None):
        self.page, self.stage, self.pictures = page, stage, pictures

    def open(self, patient: str, hook: str = "patient-view") -> list[dict[str, Any]]:
        """Open a patient on the screen of a hook: the cards that Allcue answers with, if that screen asks at once."""
        address = self.stage.address(patient, hook)
        if hook == "order-sign":  # asks when the order is signed
            self.page.goto(address)
            expect(self.page.get_by_text("Sign Order")).to_be_visible()
            return []
        with self.page.expect_response(is_call(hook)) as answer:
            self.page.goto(address)
        return cards_of(answer.value)

    def choose(self, words: str, drug: str) -> None:
        """Type words and pick a drug of the list that opens."""
        self.page.fill("input[name=medication-input]", words)
        self.page.get_by_role("button", name=drug, exact=True).click()

    def select(self, words: str, drug: str) -> list[dict[str, Any]]:
        """Pick a drug on the order screen: the cards of order-select."""
        with self.page.expect_response(is_call("order-select")) as answer:
            self.choose(words, drug)
        return cards_of(answer.value)

    def sign(self) -> list[dict[str, Any]]:
        with self.page.expect_response(is_call("order-sign")) as answer:
            self.page.get_by_role("button", name="Sign Order").click()
        return cards_of(answer.value)

    def card(self, summary: str) -> Locator:
        """The card on the page whose text has these words."""
        return self.page.locator(CARD).filter(has_text=summary)

    def shown(self, cards: list[dict[str, Any]]) -> None:
        """Fail unless the page shows exactly these cards: summaries, sources, suggestions, links, and no markup."""
        expect(self.page.locator(CARD)).to_have_count(len(cards))
        if not cards:
            expect(self.page.get_by_text(NO_CARDS)).to_be_visible()
        for card in cards:
            found = self.card(card["summary"])
            expect(found).to_be_visible()
            text = " ".join(found.inner_text().split())
            assert " ".join(card["source"]["label"].split()) in text
            for one in (*card.get("suggestions", ()), *card.get("links", ())):
                expect(found.get_by_role("button", name=one["label"], exact=True)).to_be_visible()
            assert not [mark for mark in ("**", "&lt;", "&gt;", "&amp;", "\\", "](") if mark in text], text

    def apply(self, card: Locator, label: str) -> tuple[dict[str, Any], int]:
        """Take a suggestion: the feedback that the sandbox sent, and the status of the answer."""
        with self.page.expect_response(is_feedback) as answer:
            card.get_by_role("button", name=label, exact=True).click()
        return told(answer.value)

    def dismiss(self, card: Locator, reason: str | None = None) -> tuple[dict[str, Any], int]:
        """Dismiss a card, for a reason of its list if one is given: the feedback, and the status of the answer."""
        if reason is not None:
            card.get_by_label("select dismiss reason").click()
        with self.page.expect_response(is_feedback) as answer:
            if reason is None:
                card.get_by_role("button", name="Dismiss", exact=True).click()
            else:
                self.page.get_by_role("menuitem", name=f"Override: {reason}", exact=True).click()
        return told(answer.value)

    def scroll_to(self, place: Locator) -> None:
        """Bring an element to the top of the window, below the sandbox's header."""
        place.evaluate("element => element.scrollIntoView({block: 'start'})")
        self.page.mouse.wheel(0, -90)
        self.page.wait_for_timeout(300)

    def picture(self, name: str, width: int = HALF) -> None:
        """Save what the window shows; ``width``: of the part from the left, in pixels; the developer panel is right of it."""
        if self.pictures is not None:
            clip = {"x": 0, "y": 0, "width": width, "height": HEIGHT}
            self.page.screenshot(path=self.pictures / f"sandbox-{name}.png", animations="disabled", clip=clip)


def is_call(hook: str) -> Any:
    return lambda answer: answer.url.endswith(f"/allcue-{hook}") and answer.request.method == "POST"


def is_feedback(answer: Response) -> bool:
    return answer.url.endswith("/feedback") and answer.request.method == "POST"


def cards_of(answer: Response) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.text()
    cards: list[dict[str, Any]] = answer.json()["cards"]
    return cards


def told(answer: Response) -> tuple[dict[str, Any], int]:
    (item,) = answer.request.post_data_json["feedback"]
    return item, answer.status


@contextmanager
def sandbox(stage: Stage, pictures: Path | None = None) -> Iterator[Sandbox]:
    """A browser with a fresh profile that reaches this machine only."""
    with launched() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        yield Sandbox(page, stage, pictures)
