"""Words and sources of facts for pages: made once for each engine, and text from the record as it is.

Cards are Markdown, where such text is escaped; templates of pages escape it themselves.
"""

from __future__ import annotations

from functools import lru_cache

from service.advice.engine import Engine
from service.advice.explain import Explainer
from service.advice.words import Words, one_line
from service.facts.sources import Sources
from service.record.terminology import Terminology
from service.smart.case import Case

SUPPOSED = "supposed here"  # in place of a resource, of facts that somebody supposed on a page


@lru_cache(maxsize=8)
def plain_words(engine: Engine) -> Words:
    """Says facts and rules without the escapes of Markdown."""
    return Words(engine.vocabulary, engine.content, one_line)


@lru_cache(maxsize=8)
def _sources(engine: Engine, terminology: Terminology) -> Sources:
    return Sources(engine.vocabulary, engine.registry, terminology)


def explainer(case: Case) -> Explainer:
    """Explains the facts of a case."""
    return Explainer(case.facts, _sources(case.engine, case.record.terminology), plain_words(case.engine))
