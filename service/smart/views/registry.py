"""All pages of a chart, in the order of the navigation."""

from __future__ import annotations

from service.smart.views import (
    View,
    board,
    card,
    editions,
    facts,
    missing,
    options,
    overview,
    pathway,
    rule,
    rules,
)  # fmt: skip

VIEWS: tuple[View, ...] = (
    View("chart", "Chart", "overview.html", overview.build),
    View("options", "Options", "options.html", options.build),
    View("missing", "Missing and what if", "missing.html", missing.build),
    View("pathway", "Pathway", "pathway.html", pathway.build),
    View("editions", "Editions", "editions.html", editions.build),
    View("facts", "Facts", "facts.html", facts.build),
    View("rules", "Rule book", "rules.html", rules.build),
    View("board", "Tumor board", "board.html", board.build),
    View("card", "How this card came about", "card.html", card.build, listed=False),
    View("rule", "Rule", "rule.html", rule.build, listed=False),
)
BY_NAME = {view.name: view for view in VIEWS}
