"""Templates with what all of them use: words of a language, links below the public address, Markdown of cards as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup

from service import __version__
from service.smart.words import LANGUAGES, Language

# No script but our own files, no inline script or style, nothing from elsewhere (Content Security Policy Level 3).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
)


class Renderer:
    """Draws templates. ``root``: path of the public address, such as ``/allcue``, without a slash at its end."""

    def __init__(self, root: str = "", frames: tuple[str, ...] = ()):
        """``frames``: origins of EHRs that may show the pages in a frame."""
        self.root = root
        self.policy = POLICY.format(frames=" ".join(("'self'", *frames)))
        self._environments = {code: self._environment(Language(code)) for code in LANGUAGES}

    def _environment(self, language: Language) -> Environment:
        made = Environment(
            loader=PackageLoader("service.smart"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        made.install_gettext_callables(language.text, language.number_of, newstyle=True)  # type: ignore[attr-defined]
        made.filters |= {
            "markdown": markdown,
            "day": language.date,
            "fact": language.fact,
            "topic": language.topic,
            "topic_language": language.topic_language,
            "value": language.value,
            "decimal": language.number,
        }
        made.globals |= {"root": self.root, "static": self.static, "language": language, "languages": LANGUAGES}
        return made

    def static(self, name: str) -> str:
        """The address of an asset; it changes with the version, so that browsers may keep it."""
        return f"{self.root}/smart/static/{name}?v={__version__}"

    def page(self, template: str, language: Language, values: Mapping[str, object]) -> str:
        """A template as HTML."""
        return self._environments[language.code].get_template(template).render(values)


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def markdown(text: str) -> Markup:
    """A card's Markdown as HTML. Raw HTML in it stays text; addresses other than http(s) make no link."""
    return Markup(_markdown().render(text))  # noqa: S704 - the renderer escapes, and raw HTML is off
