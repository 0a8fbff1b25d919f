"""Security headers: on every answer there is, refusals and faults included."""

from __future__ import annotations

from typing import Any

import pytest

from service.hooks.browser import SECURITY
from service.settings import Settings
from tests.hooks.support import app_of, body, post


def fail(_: Any) -> Any:
    raise KeyError


ANSWERS: dict[str, Any] = {
    "home": lambda: app_of().test_client().get("/"),
    "health": lambda: app_of().test_client().get("/health"),
    "ready": lambda: app_of().test_client().get("/ready"),
    "openapi": lambda: app_of().test_client().get("/openapi.json"),
    "discovery": lambda: app_of().test_client().get("/cds-services"),
    "preflight": lambda: app_of().test_client().options("/cds-services/view"),
    "call": lambda: post(app_of(), body()),
    "400": lambda: post(app_of(), []),
    "403": lambda: post(app_of(), body(), environ_overrides={"REMOTE_ADDR": "10.0.0.1"}),
    "404": lambda: app_of().test_client().get("/nowhere"),
    "405": lambda: app_of().test_client().put("/cds-services/view"),
    "413": lambda: post(app_of(settings=Settings(max_body=10)), body()),
    "415": lambda: post(app_of(), body(), content_type="text/plain"),
    "500": lambda: post(app_of(fail), body()),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_every_answer_has_the_security_headers(answer: Any) -> None:
    response = answer()
    assert {name: response.headers.get(name) for name in SECURITY} == SECURITY
    assert response.headers.get("Content-Type", "application/json").startswith(("application/json", "text/html"))
    if response.status_code != 200:
        assert "<" not in response.text


def test_what_the_headers_say() -> None:
    assert SECURITY["X-Content-Type-Options"] == "nosniff"
    assert SECURITY["Cache-Control"] == "no-store"
    assert "default-src 'none'" in SECURITY["Content-Security-Policy"]
    assert SECURITY["Referrer-Policy"] == "no-referrer"


def test_a_page_may_have_a_policy_of_its_own() -> None:
    app = app_of()
    own = "default-src 'self'"
    app.add_url_rule("/page", view_func=lambda: ("<p>", {"Content-Security-Policy": own}))
    assert app.test_client().get("/page").headers["Content-Security-Policy"] == own
