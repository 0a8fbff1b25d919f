"""The demo page as a browser without scripts uses it: the fields of its form as they stand, and a button that is pressed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse, encode_multipart


class Form(HTMLParser):
    """The fields of the page's form as a browser would send them, and the buttons with their names and values."""

    def __init__(self, html: str):
        super().__init__()
        self.fields: MultiDict[str, str] = MultiDict()
        self.buttons: list[tuple[str, str]] = []
        self._area = self._select = ""
        self._options: list[tuple[str, bool]] = []
        self._text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        match tag:
            case "input" if found.get("type") in ("radio", "checkbox"):
                if "checked" in found:
                    self.fields.add(name, found.get("value", "on"))
            case "input" if name and found.get("type") != "file":
                self.fields.add(name, found.get("value", ""))
            case "textarea":
                self._area, self._text = name, []
            case "select":
                self._select, self._options = name, []
            case "option" if self._select:
                self._options.append((found.get("value", ""), "selected" in found))
            case "button" if found.get("type") != "button":
                self.buttons.append((name, found.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self.fields.add(self._area, "".join(self._text).removeprefix("\n"))
            self._area = ""
        elif tag == "select" and self._select:
            picked = [value for value, selected in self._options if selected] or [v for v, _ in self._options[:1]]
            self.fields.add(self._select, picked[0] if picked else "")
            self._select = ""


def sent(client: FlaskClient, fields: Mapping[str, Any]) -> TestResponse:
    """The answer to a form, sent as browsers do. Put together in memory: the client's own way leaves temporary files open."""
    boundary, body = encode_multipart(fields)
    return client.post("/demo", data=body, content_type=f'multipart/form-data; boundary="{boundary}"')


class Page:
    """The demo page in a client; each press gives the next one."""

    def __init__(self, client: FlaskClient, html: str, status: int = 200):
        self.client, self.html, self.status = client, html, status
        self.form = Form(html)

    @staticmethod
    def opened(client: FlaskClient) -> Page:
        return Page(client, client.get("/demo").get_data(as_text=True))

    def press(self, button: str, **changes: Any) -> Page:
        """Press a button after some fields were changed."""
        fields = self.form.fields.copy()
        for name, value in changes.items():
            fields.setlist(name, value if isinstance(value, list) else [value])
        fields.setlist("do", [button])
        answer = sent(self.client, fields)
        return Page(self.client, answer.get_data(as_text=True), answer.status_code)

    @property
    def request(self) -> Any:
        """The request that is shown."""
        return json.loads(self.form.fields["request"])

    @property
    def drafts(self) -> Any:
        """The list of draft orders."""
        return json.loads(self.form.fields["drafts"])

    def pressable(self, name: str) -> list[str]:
        """The values of buttons that begin with a word, such as ``apply``."""
        return [value for key, value in self.form.buttons if key == "do" and value.partition(":")[0] == name]
