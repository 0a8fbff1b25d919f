"""``/demo`` over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from service.smart.pages import Site
from service.smart.ports import CannotShow
from service.smart.session import Opened


def demo(site: Site, examples: Sequence[str]) -> Blueprint:
    """The demo page and what it opens.

    Args:
        examples: names of the patients that can be picked.
    """
    blueprint = Blueprint("demo", __name__)

    @blueprint.get("/demo")
    def start() -> AnyResponse:
        return site.answer("demo.html", {"examples": examples})

    @blueprint.post("/demo/chart")
    def open_chart() -> AnyResponse:
        name = request.form.get("example", "")
        if name not in examples:
            raise BadRequest
        try:
            return site.open(Opened(patient="", given=f"example:{name}", card=request.form.get("card", "")))
        except CannotShow as problem:
            return site.trouble(problem)

    return blueprint
