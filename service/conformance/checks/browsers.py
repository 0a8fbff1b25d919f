"""Cross-origin calls of browser clients (CDS Hooks 2.0 "Cross-Origin Resource Sharing")."""

from __future__ import annotations

from service.conformance.model import Problems, Skip, check
from service.conformance.run import Run
from service.conformance.target import UNSIGNED, Answer

_NEEDED = {"authorization", "content-type"}


@check("the preflight of a call passes without a token and allows Authorization and Content-Type")
def cors_preflight(run: Run) -> Problems:
    urls = {"discovery": (run.target.discovery_url, "GET")}
    urls["call"] = (run.target.service_url(run.services[0]["id"]), "POST")
    let_in = False
    for place, (url, method) in urls.items():
        asked = {"Origin": run.origin, "Access-Control-Request-Method": method,
                 "Access-Control-Request-Headers": "authorization,content-type"}  # fmt: skip
        answer = run.target.send("OPTIONS", url, None, UNSIGNED, asked)
        if answer.status == 401:
            yield f"{place}: the preflight asks for a token, which no browser sends with it"
            continue
        if not _allowed(run, answer):
            continue
        let_in = True
        if not 200 <= answer.status < 300:
            yield f"{place}: the preflight {answer.words}"
        headers = {name.strip().lower() for name in answer.headers.get("access-control-allow-headers", "").split(",")}
        missing = {"authorization"} - headers if "*" in headers else _NEEDED - headers
        if missing:
            yield f"{place}: header {', '.join(sorted(missing))} is not allowed"
        methods = {name.strip() for name in answer.headers.get("access-control-allow-methods", "").split(",")}
        if not methods & {method, "*"} and method not in ("GET", "POST"):  # these two need no permission
            yield f"{place}: method {method} is not allowed"
    if not let_in:
        raise Skip(f"browser clients of {run.origin} are not let in")


@check("answers allow the origin as well as the preflight does")
def cors_answer(run: Run) -> Problems:
    answer = run.target.get(run.target.discovery_url, headers={"Origin": run.origin})
    called = run.answered
    found = run.call(called.service, called.request, headers={"Origin": run.origin})
    if not _allowed(run, answer) and not _allowed(run, found):
        raise Skip(f"browser clients of {run.origin} are not let in")
    if not _allowed(run, answer):
        yield "discovery does not allow the origin, a call does"
    if not _allowed(run, found):
        yield "a call does not allow the origin, discovery does"


def _allowed(run: Run, answer: Answer) -> bool:
    return answer.headers.get("access-control-allow-origin") in ("*", run.origin)
