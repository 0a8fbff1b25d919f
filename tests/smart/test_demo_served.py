"""The demo page of a service that runs with several workers: every hook, and charts that another worker can open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
import requests

from bench.served import served
from service.commands.demo import has_browser, open_when_up
from service.services import HOOK_NAMES

EXAMPLES = ("relapsed-ph-positive-t315i", "child-first-relapse-marrow-20-months")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(workers=2) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("hook", HOOK_NAMES)
def test_every_hook(address: str, hook: str) -> None:
    for example in EXAMPLES:
        fields = {"example": (None, example), "hook": (None, hook), "do": (None, "send")}
        answer = requests.post(f"{address}/demo", files=fields, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60)
        assert answer.status_code == 200
        assert "HTTP 200" in answer.text
        body = re.search(r'<textarea id="request"[^>]*>\n(.*?)</textarea>', answer.text, re.DOTALL)
        assert body is not None
        sent = unescape(body[1]).encode()
        kind = {"Content-Type": "application/json"}
        direct = requests.post(f"{address}/cds-services/allcue-{hook}", data=sent, headers=kind, timeout=60)
        assert direct.status_code == 200
        for card in direct.json()["cards"]:
            assert card["uuid"] in answer.text


def test_a_pasted_chart_opens_whichever_worker_answers(address: str) -> None:
    text = '{"resourceType": "Patient", "id": "pasted-one", "birthDate": "1980-01-01"}'
    session = requests.Session()
    session.post(f"{address}/demo/chart", data={"example": "", "pasted": text}, timeout=60)
    page = session.post(f"{address}/demo/chart", data={"example": "", "pasted": text}, timeout=60)
    for _ in range(6):
        assert "pasted-one" in session.get(page.url, headers={"Connection": "close"}, timeout=60).text


def test_the_page_is_opened_once_it_is_there(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    port = int(address.rpartition(":")[2])
    assert open_when_up("127.0.0.1", port, f"{address}/demo")
    assert opened == [f"{address}/demo"]
    assert not open_when_up("127.0.0.1", 1, "http://127.0.0.1:1/demo", patience=0.1)
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("environ", "platform", "there"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"DISPLAY": ":0", "CI": "1"}, "linux", False),
        ({}, "darwin", True),
        ({"CI": "true"}, "darwin", False),
    ],
)
def test_a_browser_is_opened_only_where_somebody_sits(environ: dict[str, str], platform: str, there: bool) -> None:
    assert has_browser(environ, platform) is there
