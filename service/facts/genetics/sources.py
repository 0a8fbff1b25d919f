"""The words of a result, wherever they stand: value, notes, conclusion and its codes, attached plain text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from service.record.model import Entry
from service.record.values import as_dict, as_list, as_text, concept_text, notes_of, value_text

_READABLE = 20_000  # characters of an attached text that are read


def texts_of(entry: Entry) -> tuple[str, ...]:
    """Everything a result says in words, each source for itself."""
    return entry.once("genetic texts", lambda: _texts(entry.resource))


def _texts(resource: Mapping[str, Any]) -> tuple[str, ...]:
    rows = [value_text(resource), notes_of(resource)]
    if "presentedForm" in resource:
        rows.append(attached_text(resource))
    rows += [concept_text(code) for code in as_list(resource.get("conclusionCode"))]
    return tuple(text for text in rows if text)


def attached_text(resource: Mapping[str, Any]) -> str:
    """What the attachments of a report say as far as they are plain text; documents of other kinds are not read."""
    texts = []
    for form in as_list(resource.get("presentedForm")):
        attachment = as_dict(form)
        if not as_text(attachment.get("contentType")).lower().startswith("text/plain"):
            continue
        try:
            raw = base64.b64decode(as_text(attachment.get("data"))[: 2 * _READABLE], validate=False)
        except (binascii.Error, ValueError):
            continue
        texts.append(raw.decode("utf-8", errors="replace")[:_READABLE])
    return "\n".join(filter(None, texts))
