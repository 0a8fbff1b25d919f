"""The pages of a chart over HTTP: ``/smart/p/{session}/{page}``, and the static files.

No patient is ever named in an address: the path holds the random name of the session and the page, and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, Response, g, redirect, request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from service.smart.banner import banner
from service.smart.case import Case
from service.smart.ports import CannotShow, Patients, Traces, Trouble
from service.smart.render import Renderer
from service.smart.session import Opened, Seal, from_cookies, new_sid, to_cookies
from service.smart.views import Asked, NothingThere, View
from service.smart.views.registry import BY_NAME, VIEWS
from service.smart.words import LANGUAGES, Language, best_language

log = logging.getLogger("allcue.smart")
LANGUAGE = "allcue-language"  # a cookie; it says nothing of any patient
SESSION_S = 8 * 3600  # a shift; the access token ends sooner as a rule
_MOST_FORM = 500  # fields; the longest form of a page has fewer, and each is looked up
_STATUS = {
    Trouble.SESSION_OVER: HTTPStatus.UNAUTHORIZED,
    Trouble.TOKEN_EXPIRED: HTTPStatus.UNAUTHORIZED,
    Trouble.SERVER_GONE: HTTPStatus.BAD_GATEWAY,
    Trouble.REFUSED: HTTPStatus.FORBIDDEN,
    Trouble.NO_PATIENT: HTTPStatus.NOT_FOUND,
    Trouble.BAD_LAUNCH: HTTPStatus.BAD_REQUEST,
    Trouble.NOT_REGISTERED: HTTPStatus.FORBIDDEN,
    Trouble.LOGIN_FAILED: HTTPStatus.BAD_GATEWAY,
    Trouble.UNREADABLE: HTTPStatus.BAD_GATEWAY,
    Trouble.NO_SMART: HTTPStatus.BAD_GATEWAY,
    Trouble.LAUNCH_OVER: HTTPStatus.BAD_REQUEST,
    Trouble.DENIED: HTTPStatus.FORBIDDEN,
    Trouble.NO_CONTEXT: HTTPStatus.BAD_GATEWAY,
}


class Site:
    """What all pages share: the renderer, the seal of sessions, and whether the browser reaches us by TLS."""

    def __init__(self, renderer: Renderer, seal: Seal, tls: bool):
        self.renderer, self.seal, self.tls = renderer, seal, tls

    def language(self) -> Language:
        """The language of this request: asked for now, asked for before, else what the browser prefers."""
        asked = request.args.get("lang")
        wanted = asked if asked in LANGUAGES else request.cookies.get(LANGUAGE)
        return Language(best_language(wanted, request.headers.get("Accept-Language")))

    def _here(self) -> str:
        """Where links to this page in another language lead: of a page that is only sent to, to the one before it."""
        only_sent_to = request.url_rule is not None and "GET" not in (request.url_rule.methods or ())
        return self.renderer.root + ((only_sent_to and request.path.rpartition("/")[0]) or request.path)

    def answer(self, template: str, values: Mapping[str, object], status: int = 200) -> Response:
        """A page."""
        language = self.language()
        given: dict[str, object] = {
            "here": self._here(),
            "kept": "",
            "banner": None,
            "views": (),
            "active": "",
            "case": None,
        }
        response = Response(self.renderer.page(template, language, {**given, **values}), status, mimetype="text/html")
        response.headers["Content-Security-Policy"] = self.renderer.policy
        if request.args.get("lang") in LANGUAGES:
            path = f"{self.renderer.root}/"
            self.set_cookie(response, LANGUAGE, language.code, path, 31_536_000)
        return response

    def trouble(self, problem: CannotShow) -> Response:
        """The page that says why another one cannot be shown, and what to do."""
        log.warning("no page: %s request_id=%s", problem, g.get("request_id", "-"))
        # The page of a session can be asked for again in another language, the answer of a login cannot.
        again = request.path if request.path.startswith("/smart/p/") else "/smart/"
        here = f"{self.renderer.root}{again}"
        values = {"trouble": problem.trouble.value, "detail": problem.detail, "here": here}
        return self.answer("trouble.html", values, _STATUS[problem.trouble])

    def fault(self, status: int, words: str) -> Response:
        """The page of an error that no page foresaw. ``words``: in English, without patient values."""
        values = {"status": status, "detail": words, "here": f"{self.renderer.root}/smart/"}
        return self.answer("fault.html", values, status)

    def open(self, opened: Opened) -> AnyResponse:
        """Begin a session and go to its first page.

        Raises:
            CannotShow: the token is too large for cookies.
        """
        sid = new_sid()
        where = f"{self.renderer.root}/smart/p/{sid}/"
        try:
            cookies = to_cookies(self.seal, sid, opened)
        except ValueError as error:
            raise CannotShow(Trouble.LOGIN_FAILED, str(error)) from None
        response = redirect(where, 303)
        for name, value in cookies.items():
            self.set_cookie(response, name, value, where)
        return response

    def opened(self, sid: str) -> Opened:
        """The session of an id.

        Raises:
            CannotShow: this browser has none.
        """
        found = from_cookies(self.seal, sid, request.cookies, SESSION_S)
        if found is None:
            raise CannotShow(Trouble.SESSION_OVER)
        return found

    def set_cookie(self, response: AnyResponse, name: str, value: str, path: str, seconds: int | None = None) -> None:
        """A cookie that scripts cannot read. In the frame of an EHR it is a third party's: allowed by TLS only, and
        parted by the page around (CHIPS).
        """
        response.set_cookie(
            name, value, max_age=seconds, path=path, httponly=True, secure=self.tls,
            samesite="None" if self.tls else "Lax", partitioned=self.tls,
        )  # fmt: skip


def chart(site: Site, patients: Patients, traces: Traces) -> Blueprint:
    """The pages of a session, and the static files of all pages."""
    blueprint = Blueprint("smart", __name__, static_folder="static", static_url_path="/smart/static")

    def shown(make: Callable[[], AnyResponse]) -> AnyResponse:
        try:
            return make()
        except CannotShow as problem:
            return site.trouble(problem)

    def draw(sid: str, view: View, part: str = "") -> AnyResponse:
        opened = site.opened(sid)
        case = patients.read(opened, anew="anew" in request.form)
        if len(request.form) > _MOST_FORM:  # to pass over some of them would suppose something else than was entered
            raise RequestEntityTooLarge
        form = {name: value for name, value in request.form.items() if name != "anew"}
        told = traces.of(opened) if opened.card else ()
        query = {name: tuple(values[:_MOST_FORM]) for name, values in request.args.lists()}
        asked = Asked(site.language(), form, part, opened.card, told, query)
        frame = _frame(site, sid, view, case)
        try:
            return site.answer(view.template, {**frame, **view.build(case, asked)})
        except NothingThere as missing:
            return site.answer("nothing.html", {**frame, "what": missing.what}, HTTPStatus.NOT_FOUND)

    @blueprint.get("/smart/p/<sid>/")
    def first(sid: str) -> AnyResponse:
        def make() -> AnyResponse:
            page = "card" if site.opened(sid).card and "card" in BY_NAME else VIEWS[0].name
            return redirect(f"{site.renderer.root}/smart/p/{sid}/{page}", 303)

        return shown(make)

    @blueprint.route("/smart/p/<sid>/<name>", methods=["GET", "POST"])
    @blueprint.route("/smart/p/<sid>/<name>/<part>", methods=["GET", "POST"])
    def page(sid: str, name: str, part: str = "") -> AnyResponse:
        if name not in BY_NAME:
            raise NotFound
        return shown(lambda: draw(sid, BY_NAME[name], part))

    @blueprint.after_request
    def keep(response: Response) -> Response:
        """Assets may be kept, since their addresses change with the version; pages never."""
        if request.endpoint == "smart.static" and response.status_code == HTTPStatus.OK:
            response.headers["Cache-Control"] = "public, max-age=86400"
        return response

    return blueprint


def _frame(site: Site, sid: str, view: View, case: Case) -> dict[str, object]:
    """What the frame of every page of a chart needs."""
    return {
        "banner": banner(case),
        "case": case,
        "views": tuple(one for one in VIEWS if one.listed),
        "active": view.name,
        "title": view.title,
        "base": f"{site.renderer.root}/smart/p/{sid}",
        "kept": "".join(
            f"{urlencode({name: value})}&" for name, value in request.args.items(multi=True) if name != "lang"
        ),
    }
