"""The addresses that browsers come to: ``/smart/`` (start), ``/smart/launch`` (from an EHR), ``/smart/callback`` (from its
authorization server), and the public keys of the app.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from service.addresses import is_loopback
from service.smart.launch.flow import Begun, Launches
from service.smart.launch.pending import LIFE_S, cookie_name
from service.smart.pages import Site
from service.smart.ports import CannotShow, Trouble

log = logging.getLogger("allcue.smart")


def launch(site: Site, launches: Launches, base: str) -> Blueprint:
    """The pages of launches.

    Args:
        base: the public address, without a slash at its end; empty where only this machine may call: then it is the
            address that was called.
    """
    blueprint = Blueprint("launch", __name__)

    def shown(make: Callable[[], AnyResponse]) -> AnyResponse:
        try:
            return make()
        except CannotShow as problem:
            return site.trouble(problem)

    def callback() -> str:
        return f"{base or _called()}/smart/callback"

    def sent(begun: Begun, how: str, server: str) -> AnyResponse:
        log.info("launch begun: %s of %s request_id=%s", how, server, g.get("request_id", "-"))
        response = redirect(begun.url, 303)
        site.set_cookie(response, cookie_name(begun.state), begun.cookie, _back(site), LIFE_S)
        return response

    @blueprint.get("/smart/")
    def start() -> AnyResponse:
        servers = [one.registration.name for one in launches.registrations]
        return site.answer("start.html", {"servers": servers})

    @blueprint.get("/smart/start/<int:number>")
    def standalone(number: int) -> AnyResponse:
        def make() -> AnyResponse:
            registered = launches.registrations.at(number)
            if registered is None:
                raise CannotShow(Trouble.NOT_REGISTERED)
            return sent(launches.standalone(registered, callback()), "standalone", registered.registration.iss)

        return shown(make)

    @blueprint.get("/smart/launch")
    def from_ehr() -> AnyResponse:
        def make() -> AnyResponse:
            begun = launches.from_ehr(request.args.to_dict(flat=False), callback())
            return sent(begun, "EHR launch", urlsplit(begun.url).netloc)

        return shown(make)

    @blueprint.get("/smart/callback")
    def back() -> AnyResponse:
        query = request.args.to_dict(flat=False)
        try:
            pending = launches.pending(query, request.cookies)
        except CannotShow as problem:
            return site.trouble(problem)
        response = shown(lambda: site.open(launches.finish(pending, query)))
        # Once, whatever came of it: what is used or refused must begin anew.
        site.set_cookie(response, cookie_name(pending.state), "", _back(site), 0)
        return response

    @blueprint.get("/smart/jwks.json")
    def keys() -> Response:
        """The public keys of ``private_key_jwt``, whose address a server may be registered with."""
        return jsonify({"keys": [one.key.public for one in launches.registrations if one.key is not None]})

    return blueprint


def _back(site: Site) -> str:
    """The path that cookies of launches are sent to, and no other."""
    return f"{site.renderer.root}/smart/callback"


def _called() -> str:
    """The address that was called, on this machine.

    Raises:
        CannotShow: another name was called, which may have been made to lead here.
    """
    if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
        raise CannotShow(Trouble.BAD_LAUNCH, "without ALLCUE_PUBLIC_BASE_URL launches must name this machine")
    return f"{request.scheme}://{request.host}"
