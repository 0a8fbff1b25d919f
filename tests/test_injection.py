"""Text from a client is text in a card: nothing of it becomes an element, a link, a heading or a line of its own.

A marker that is markup in HTML and in GitHub-flavored Markdown is planted into every string of example requests, where
it stands behind what the string said; so records are read as ever and cards quote the marked texts. Details are
rendered with a GFM renderer that lets raw HTML through, as the public sandbox does.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from markdown_it import MarkdownIt

from fhir_examples.request import day_of, names, request_of
from service.settings import Settings
from tests.apps import client_of
from tests.test_examples import bundle
from tests.test_order_examples import NAMES
from tests.test_order_examples import request as order_request
from tests.test_order_examples import story as order_story

Raw = dict[str, Any]
# Each begins with a word no content holds, so that its elements are told from ours.
MARKERS = {
    "html": "<zqx onload=alert(1)>zqx</zqx>",
    "image": "![zqx](https://zqx.example.org/p.png)",
    "link": "[zqx](https://zqx.example.org)",
    "address": " https://zqx.example.org/a www.zqx.org zqx@zqx.org",
    "bare address": " zqx.com/a //zqx.com/b HTTP://zqx.com:80/ //10.0.0.1/zqx ftp://zqx.com +zqx.y@zqx.co.uk",
    "hidden": "\u200bz\u00adqx\u061czqx\u180e\ufeff\u2066\u202dzqx\U000e0041\u3164",
    "angle": "<https://zqx.example.org>",
    "reference": "[zqx][1]\n\n[1]: https://zqx.example.org",
    "blocks": "\n\n# zqx\n\n- zqx\n\n| zqx | b |\n|---|---|\n| c | d |\n\n```\nzqx\n```\n",
    "entities": "&lt;zqx&gt; &#60;zqx&#62;",
    "emphasis": "**zqx** _zqx_ ~~zqx~~ `zqx`",
    "backslash": "\\<zqx>\\[zqx](https://zqx.example.org)",
    "comment": "<!-- zqx --><zqx/>]]><![CDATA[<zqx>",
    "control": "\u001b[31mzqx\u0007\u202e\u2028# zqx",
}
# What a client sent as a draft and gets back in a draft of ours is its own FHIR data: it comes
# back as it was, since a changed reference would point elsewhere. No client takes it for Markdown.
OWN_DATA = re.compile(
    r"\.actions\[\d+\]\.(resource\.(category|reasonCode|reasonReference|basedOn|insurance"
    r"|supportingInformation|priority|encounter|requester|groupIdentifier|authoredOn|performer|performerType)\b)"
)
GFM = MarkdownIt("commonmark", {"html": True, "linkify": True}).enable(["linkify", "table", "strikethrough"])
KEPT = frozenset(  # what a record is not read without, and what is no text
    ["resourceType", "id", "system", "code", "status", "reference", "unit", "type", "mode", "hook", "hookInstance", "patientId", "selections"]
)  # fmt: skip
TRIED = (  # whose cards quote texts of the record
    "eot-surveillance", "frey-luger-patient-3-refractory-to-flag", "new-ph-negative-adult-50", "ph-status-unknown",
    "relapsed-ph-positive-t315i",
)  # fmt: skip
ORDERS_TRIED = NAMES[::45]


def planted(value: Any, marker: str, name: str = "", *, everywhere: bool = False) -> Any:
    """A JSON value with the marker behind every string; ``everywhere``: also where the record is not read with it."""
    if isinstance(value, dict):
        return {key: planted(child, marker, key, everywhere=everywhere) for key, child in value.items()}
    if isinstance(value, list):
        return [planted(child, marker, name, everywhere=everywhere) for child in value]
    if not isinstance(value, str) or (name in KEPT and not everywhere):
        return value
    if re.fullmatch(r"\d{4}(-\d\d)*(T.*)?", value) and not everywhere:
        return value
    return value + marker


def client(day: date) -> FlaskClient:
    return client_of(Settings(as_of=day))


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a JSON value, names of members too, with where it stands."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield f"{path}.{key} (name)", key
            yield from strings(child, f"{path}.{key}")
    elif isinstance(value, list):
        for at, child in enumerate(value):
            yield from strings(child, f"{path}[{at}]")
    elif isinstance(value, str):
        yield path, value


class Elements(HTMLParser):
    """What of a rendered text is an element, or an attribute, with the marker's word."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "zqx" in tag or any("zqx" in f"{name}{value}" for name, value in attrs):
            self.foreign.append(tag)
        self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            del self.inside[len(self.inside) - 1 - self.inside[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        made = {"a", "code", "pre", "h1", "h2", "h3", "table", "del", "blockquote", "img"}.intersection(self.inside)
        if "zqx" in data and made:
            self.foreign += sorted(made)

    def handle_comment(self, data: str) -> None:
        self.foreign.append(f"comment {data}")


def rendered(detail: str) -> list[str]:
    """The foreign elements of a detail."""
    found = Elements()
    found.feed(GFM.render(detail))
    found.close()
    return found.foreign


# What remark-gfm makes links of, in the text that is left when escapes are gone (mdast-util-gfm-autolink-literal).
LINKED = re.compile(r"(https?://|www\.)\S*zqx|\S*zqx\S*@[-\w]+\.[-\w]+", re.IGNORECASE)
HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\U000e0000-\U000e0fff]"
)


def left(detail: str) -> str:
    """A detail without its escapes, as a client reads it that looks for addresses afterwards."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", detail)


def check(cards: list[Raw]) -> int:
    """Check all fields of cards; how many of their strings tell a marked text."""
    told = 0
    for card in cards:
        assert rendered(card["detail"]) == [], card["detail"]
        assert not LINKED.search(left(card["detail"])), card["detail"]
        assert not HIDDEN.search(card["detail"]), ascii(card["detail"])
        for path, text in strings({key: value for key, value in card.items() if key != "detail"}):
            if OWN_DATA.search(path):
                continue
            told += "zqx" in text.lower()
            assert path.endswith("(name)") or not HIDDEN.search(text), f"{path}: {text!a}"
            assert not re.search(r"<|>|\]\(|[\x00-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2028\u2029]", text), (
                f"{path}: {text!r}"
            )
        told += "zqx" in card["detail"]
    return told


def speaking(answer: Any) -> list[Raw]:
    assert answer.status_code == 200, answer.data
    found: list[Raw] = answer.json["cards"]
    return found


@pytest.mark.parametrize("marker", MARKERS.values(), ids=MARKERS.keys())
def test_nothing_of_a_record_becomes_markup(marker: str) -> None:
    told = 0
    for name in TRIED:
        request = planted(request_of(bundle(name), name), marker)
        told += check(speaking(client(day_of(name)).post("/cds-services/allcue-patient-view", json=request)))
    assert told, "no card told a marked text: the test would see nothing"


@pytest.mark.parametrize("marker", MARKERS.values(), ids=MARKERS.keys())
def test_nothing_of_an_order_becomes_markup(marker: str) -> None:
    told = 0
    for name in ORDERS_TRIED:
        request = planted(order_request(name, "order-sign"), marker)
        day = day_of(order_story(name)["patient"])
        told += check(speaking(client(day).post("/cds-services/allcue-order-sign", json=request)))
    assert told, "no card told a marked text: the test would see nothing"


@pytest.mark.parametrize("marker", MARKERS.values(), ids=MARKERS.keys())
@pytest.mark.parametrize("name", ORDERS_TRIED[:3])
def test_ids_codes_and_references_neither(name: str, marker: str) -> None:
    """Ids, codes, units and references are marked too, in the drafts alone, so that the record is still read."""
    request = copy.deepcopy(order_request(name, "order-sign"))
    for row in request["context"]["draftOrders"]["entry"]:
        own = row["resource"]
        for key in set(own) - {"resourceType", "status", "subject", "intent"}:
            own[key] = planted(own[key], marker, everywhere=True)
        row["fullUrl"] = f"{row.get('fullUrl', '')}{marker}"
    check(speaking(client(day_of(order_story(name)["patient"])).post("/cds-services/allcue-order-sign", json=request)))


@pytest.mark.parametrize("marker", MARKERS.values(), ids=MARKERS.keys())
def test_a_request_that_is_marked_everywhere(marker: str) -> None:
    """Refused or answered, nothing comes back."""
    name = names()[0]
    request = planted(request_of(bundle(name), name), marker, everywhere=True)
    answer = client(day_of(name)).post("/cds-services/allcue-patient-view", json=request)
    assert answer.status_code == 400
    assert "zqx" not in answer.text
    request["hook"], request["hookInstance"] = "patient-view", "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
    answer = client(day_of(name)).post("/cds-services/allcue-patient-view", json=request)
    if answer.status_code == 200:
        check(answer.json["cards"])
    else:
        assert "zqx" not in answer.text


@pytest.mark.parametrize("marker", MARKERS.values(), ids=MARKERS.keys())
def test_the_checker_sees_what_is_not_escaped(marker: str) -> None:
    """Against the checker itself: the same marker in a card as it is."""
    card = {"summary": "s", "detail": "- fact: text", "suggestions": [{"label": "l"}]}
    check([card])
    seen = 0
    for spoiled in ({**card, "detail": f"- fact: text{marker}"}, {**card, "suggestions": [{"label": f"l{marker}"}]}):
        try:
            check([spoiled])
        except AssertionError:
            seen += 1
    assert seen or marker == MARKERS["emphasis"] or marker == MARKERS["entities"]  # inert wherever they stand
