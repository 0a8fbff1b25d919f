"""What a running service says it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.versions import ContentName


@dataclass(frozen=True, slots=True)
class Named:
    """A name, the version of the code, and the content that speaks; None where no content does."""

    name: str
    version: str
    content: ContentName | None = None

    def told(self) -> dict[str, Any]:
        """As GET / and ``allcue version --json`` say it."""
        content = self.content
        more = {"content": {"version": content.version, "digest": content.digest}} if content is not None else {}
        return {"name": self.name, "version": self.version, **more}
