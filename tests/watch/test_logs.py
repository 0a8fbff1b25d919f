"""The form of log lines: one object a line, with what belongs to its request; of other people's lines no values."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest

from service import __version__
from service.hooks.lines import Line
from service.hooks.lines import Line as _Line
from service.settings import Settings, SettingsError
from service.watch.logs import JsonLines, TextLines, form
from tests.hooks.support import app_of, body, post

PLANTED = "Plantedname"


def record(name: str, text: str, *args: Any, failed: bool = False) -> logging.LogRecord:
    info: Any = None
    if failed:
        try:
            raise ValueError(PLANTED)
        except ValueError as error:
            info = (ValueError, error, error.__traceback__)
    return logging.LogRecord(name, logging.WARNING, "x.py", 1, text, args, info)


def test_a_line_is_an_object() -> None:
    found = json.loads(JsonLines().format(record("allcue.store", "it is %s", "away")))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])
    assert (found["level"], found["logger"], found["message"]) == ("warning", "allcue.store", "it is away")
    assert found["version"] == __version__
    assert "request_id" not in found


def test_members_of_a_line_are_members_of_the_object() -> None:
    made = logging.LogRecord("allcue.calls", logging.INFO, "x", 1, "%s", (Line(event="call", status=200),), None)
    found = json.loads(JsonLines().format(made))
    assert (found["event"], found["status"], found["message"]) == ("call", 200, "call")
    assert TextLines().format(made).endswith('calls: {"event":"call","status":200}')


@pytest.mark.parametrize("lines", [JsonLines(), TextLines()])
def test_exceptions_and_lines_of_others_tell_no_values(lines: logging.Formatter) -> None:
    failed = lines.format(record("gunicorn.error", "Exception in worker process", failed=True))
    assert "ValueError at record:" in failed
    foreign = lines.format(record("some.library", "cannot read %s", PLANTED))
    assert "cannot read %s" in foreign
    for text in (failed, foreign):
        assert PLANTED not in text
        assert "\n" not in text


def test_lines_of_a_request_have_its_id_whatever_thread_writes_them() -> None:
    written: list[str] = []

    class Keep(logging.Handler):
        def emit(self, told: logging.LogRecord) -> None:
            written.append(JsonLines().format(told))

    own, handler = logging.getLogger("allcue"), Keep()

    def engine(_: Any) -> Any:
        logging.getLogger("allcue.test").warning("from the thread of the answer")
        return {"cards": []}

    own.addHandler(handler)
    level = own.level
    own.setLevel(logging.INFO)
    try:
        post(app_of(engine), body(), headers={"X-Request-ID": "r-17"})
    finally:
        own.removeHandler(handler)
        own.setLevel(level)
    found = [json.loads(line) for line in written]
    assert [line["logger"] for line in found] == ["allcue.test", "allcue.calls"]
    assert {line["request_id"] for line in found} == {"r-17"}


def test_a_message_that_tries_to_be_two_lines_is_one() -> None:
    told = JsonLines().format(record("allcue.errors", 'a\n{"forged":1}\u2028\x1b[2J'))
    assert len(told.splitlines()) == 1 or "\u2028" in told
    assert "\n" not in told
    assert "\x1b" not in told
    assert isinstance(_Line(a=1), dict)


def test_what_format_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert form("text") == "text"
    assert form(None) == "json"  # standard error is no terminal here


@pytest.mark.parametrize("name", ["LOG_FORMAT", "LOG_LEVEL", "METRICS"])
def test_other_words_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"ALLCUE_{name}='loud': must be one of"):
        Settings.from_env({f"ALLCUE_{name}": "loud"})
