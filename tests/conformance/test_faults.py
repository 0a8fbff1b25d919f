"""The black-box checks find faults: each deliberately broken service is caught by the check that is named for it."""

from __future__ import annotations

import copy
import io
import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from service.conformance.checks import CHECKS
from service.conformance.examples import patient_of
from service.conformance.model import Outcome, Result
from service.conformance.run import Run
from service.conformance.signing import Signer
from service.conformance.target import Target
from tests.conformance.support import (
    CARD,
    DISCOVERY,
    REASON,
    SMALL,
    Answer,
    Json,
    Refused,
    Small,
    examined,
    failed,
    is_nobody,
    served,
)  # fmt: skip

MISSING = object()


def put(value: Any, path: str, new: Any) -> Any:
    """A copy with the member at ``suggestions.0.label`` replaced, or taken out."""
    found = copy.deepcopy(value)
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    holder = found
    for part in way:
        holder = holder[part]
    if new is MISSING:
        del holder[last]
    else:
        holder[last] = new
    return found


def card(path: str, new: Any) -> Small:
    return Small(cards=lambda body: [put(CARD, path, new)])


def listed(path: str, new: Any) -> Small:
    return Small(discovery=put(DISCOVERY, f"services.0.{path}", new))


def early(fault: Callable[[Json, str, str], Answer | None]) -> Small:
    return Small(before=fault)


def on_call(answer: Callable[[Json, Any], Answer | None]) -> Small:
    """Answers a call by itself where the function says so; it is given the environment and the parsed body."""

    def before(environ: Json, method: str, path: str) -> Answer | None:
        if method != "POST" or path != "/cds-services/small" or int(environ.get("CONTENT_LENGTH") or 0) > 5_000_000:
            return None
        data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(data)
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            body = None
        return answer(environ, body)

    return Small(before=before)


def feedback(status: Callable[[Any], int | None]) -> Small:
    """A service whose feedback endpoint answers so; None: as a sound one."""

    class Broken(Small):
        def feedback(self, body: Any) -> Any:
            found = status(body)
            if found is None:
                return super().feedback(body)
            if found >= 400:
                raise Refused(found)
            return {}

    return Broken()


def lenient(status: int = 200) -> Callable[[Json, Any], Answer | None]:
    """Answers everything that is no good call as if it were one."""
    return lambda environ, body: (status, {"cards": []})


def when(told: Callable[[Any], bool], answer: Answer = (200, {"cards": []})) -> Small:
    return on_call(lambda environ, body: answer if told(body) else None)


def is_dict(body: Any) -> bool:
    return isinstance(body, dict)


def outcomes(body: Any) -> list[Any]:
    """The feedback outcomes of a body."""
    rows = body.get("feedback") if is_dict(body) else None
    return [row.get("outcome") for row in rows] if isinstance(rows, list) else []


_seen: set[str] = set()


def once() -> Callable[[Any], int | None]:
    """Refuses what came before."""
    seen: set[str] = set()

    def status(body: Any) -> int | None:
        text = json.dumps(body, sort_keys=True)
        if text in seen:
            return 409
        seen.add(text)
        return None

    return status


def growing() -> Small:
    calls: list[int] = []

    def cards(body: Json) -> Any:
        calls.append(1)
        return [put(CARD, "summary", f"Call {len(calls)}")]

    return Small(cards=cards)


def sent(body: Any, key: str) -> Any:
    return (body.get("prefetch") or {}).get(key, MISSING) if is_dict(body) else MISSING


def kind(value: Any) -> Any:
    return value.get("resourceType") if isinstance(value, dict) else None


PATIENT = {"resourceType": "ServiceRequest"}
FAULTS: list[tuple[str, str, Callable[[], Small]]] = [
    ("discovery-available", "discovery is not there", lambda: early(lambda e, m, p: (404, None) if p == "/cds-services" and m == "GET" else None)),
    ("discovery-services", "a bare array", lambda: Small(discovery=[])),
    ("discovery-services", "services is an object", lambda: Small(discovery={"services": {}})),
    ("service-hook", "no hook", lambda: Small(discovery={"services": [*DISCOVERY["services"], {"id": "x", "description": "x"}]})),
    ("service-title", "no title", lambda: listed("title", MISSING)),
    ("service-description", "no description", lambda: listed("description", MISSING)),
    ("service-id", "an id with a slash", lambda: Small(discovery={"services": [*DISCOVERY["services"], {**DISCOVERY["services"][0], "id": "a/b"}]})),
    ("service-id-unique", "listed twice", lambda: Small(discovery={"services": DISCOVERY["services"] * 2})),
    ("service-usage-requirements", "an array", lambda: listed("usageRequirements", ["x"])),
    ("service-versions", "no version number", lambda: listed("version", "latest")),
    ("service-prefetch", "an array", lambda: listed("prefetch", ["Patient/1"])),
    ("service-prefetch", "a template that is no text", lambda: listed("prefetch.patient", {"query": "x"})),
    ("prefetch-tokens", "single braces", lambda: listed("prefetch.patient", "Patient/{context.patientId}")),
    ("prefetch-token-names", "a path into a resource", lambda: listed("prefetch.patient", "Patient/{{Patient.id}}")),
    ("prefetch-token-fields", "a token on a Bundle", lambda: listed("prefetch.patient", "Patient/{{context.draftOrders}}")),
    ("prefetch-queries", "_include", lambda: listed("prefetch.conditions", "Condition?_include=Condition:patient")),
    ("prefetch-queries", ":missing", lambda: listed("prefetch.conditions", "Condition?code:missing=true")),
    ("prefetch-queries", "date prefix ne", lambda: listed("prefetch.conditions", "Condition?onset-date=ne2024-01-01")),
    ("prefetch-queries", "a chain", lambda: listed("prefetch.conditions", "Condition?patient.name=x")),
    ("service-call", "500", lambda: on_call(lambda e, b: (500, None))),
    ("service-call", "no cards", lambda: on_call(lambda e, b: (200, {}))),
    ("service-call", "cards is an object", lambda: Small(cards=lambda b: {"cards": {}})),
    ("service-silence", "204 for nothing to say", lambda: when(lambda b: is_dict(b) and is_nobody(b), (204, None))),
    ("system-actions", "an object", lambda: Small(cards=lambda b: {"cards": [], "systemActions": {"type": "create"}})),
    ("service-repeated", "other cards each time", growing),
    ("unknown-extensions", "400 for an extension", lambda: when(lambda b: is_dict(b) and "extension" in b, (400, None))),
    ("charset", "415 for a charset", lambda: on_call(lambda e, b: (415, None) if "charset" in e["CONTENT_TYPE"] else None)),
    ("no-empty-values", "null", lambda: card("detail", None)),
    ("no-empty-values", "an empty array", lambda: card("links", [])),
    ("no-empty-values", "an empty object in discovery", lambda: listed("prefetch", {})),
    ("extension-object", "FHIR's array", lambda: card("extension", [{"url": "x"}])),
    ("extension-names", "a name of everybody's", lambda: card("extension", {"more": 1})),
    ("card-uuid", "a number", lambda: card("uuid", 7)),
    ("card-uuid", "twice", lambda: Small(cards=lambda b: [CARD, CARD])),
    ("card-summary", "140 characters", lambda: card("summary", "x" * 140)),
    ("card-summary", "missing", lambda: card("summary", MISSING)),
    ("card-detail", "an object", lambda: card("detail", {"text": "x"})),
    ("card-indicator", "hard-stop", lambda: card("indicator", "hard-stop")),
    ("card-indicator", "missing", lambda: card("indicator", MISSING)),
    ("card-source", "text", lambda: card("source", "A source")),
    ("source-label", "missing", lambda: card("source.label", MISSING)),
    ("source-url", "relative", lambda: card("source.url", "/source")),
    ("source-url-general", "of the patient", lambda: card("source.url", "https://example.org/patients/small-1")),
    ("source-icon", "relative", lambda: card("source.icon", "icon.png")),
    ("source-topic", "an array", lambda: card("source.topic", [{"code": "t"}])),
    ("card-suggestions", "an object", lambda: card("suggestions", {"label": "x"})),
    ("card-selection-behavior", "cds-resp-6: missing", lambda: card("selectionBehavior", MISSING)),
    ("card-selection-behavior", "all", lambda: card("selectionBehavior", "all")),
    ("card-override-reasons", "an object", lambda: card("overrideReasons", REASON)),
    ("override-reason-display", "cds-resp-4", lambda: card("overrideReasons.0.display", MISSING)),
    ("override-reasons-stable", "two meanings", lambda: card("overrideReasons", [REASON, {**REASON, "display": "Other"}])),
    ("coding-code", "missing", lambda: card("source.topic.code", MISSING)),
    ("coding-system", "missing", lambda: card("overrideReasons.0.system", MISSING)),
    ("source-topic", "without a system", lambda: card("source.topic.system", MISSING)),
    ("topic-display", "a number", lambda: card("source.topic.display", 1)),
    ("card-links", "an object", lambda: card("links", {"label": "x"})),
    ("link-label", "missing", lambda: card("links.0.label", MISSING)),
    ("link-url", "relative", lambda: card("links.0.url", "source")),
    ("link-type", "relative", lambda: card("links.0.type", "relative")),
    ("link-app-context", "an object", lambda: card("links.1.appContext", {"card": 1})),
    ("app-context-smart-only", "cds-resp-3", lambda: card("links.0.appContext", "x")),
    ("card-html", "a script", lambda: card("detail", "<script>alert(1)</script>")),
    ("suggestion-label", "missing", lambda: card("suggestions.0.label", MISSING)),
    ("suggestion-uuid", "a number", lambda: card("suggestions.0.uuid", 1)),
    ("suggestion-uuid", "twice", lambda: card("suggestions.0.uuid", "s2")),
    ("suggestion-recommended", "text", lambda: card("suggestions.0.isRecommended", "true")),
    ("one-recommended", "cds-resp-1", lambda: card("suggestions.1.isRecommended", True)),
    ("suggestion-actions", "an object", lambda: card("suggestions.0.actions", {"type": "create"})),
    ("action-selection-behavior", "cds-resp-7", lambda: card("suggestions.0.actionSelectionBehavior", "some")),
    ("action-type", "upper case", lambda: card("suggestions.0.actions.0.type", "CREATE")),
    ("action-description", "cds-resp-5", lambda: card("suggestions.0.actions.0.description", MISSING)),
    ("action-resource", "text", lambda: card("suggestions.0.actions.0.resource", "ServiceRequest")),
    ("create-resource", "none", lambda: card("suggestions.0.actions.0.resource", MISSING)),
    ("update-resource", "no id", lambda: card("suggestions.1.actions.0.resource", PATIENT)),
    ("update-resource", "none", lambda: card("suggestions.1.actions.0.resource", MISSING)),
    ("delete-resource-id", "cds-resp-2: missing", lambda: card("suggestions.2.actions.0.resourceId", MISSING)),
    ("delete-resource-id", "cds-resp-2: with a resource", lambda: card("suggestions.2.actions.0.resource", PATIENT)),
    ("action-resource-id", "a number", lambda: card("suggestions.2.actions.0.resourceId", 7)),
    ("action-target-known", "made up", lambda: card("suggestions.2.actions.0.resourceId", "Condition/c99")),
    ("prefetch-null", "500 for null", lambda: when(lambda b: sent(b, "conditions") is None, (500, None))),
    ("prefetch-null", "null taken for absent", lambda: when(lambda b: sent(b, "conditions") is None, (412, None))),
    ("prefetch-empty", "500 for an empty search", lambda: when(lambda b: kind(sent(b, "conditions")) == "Bundle" and "entry" not in sent(b, "conditions"), (500, None))),
    ("prefetch-outcome", "500", lambda: when(lambda b: kind(sent(b, "conditions")) == "OperationOutcome", (500, None))),
    ("prefetch-outcome", "taken for no data", lambda: when(lambda b: kind(sent(b, "conditions")) == "OperationOutcome")),
    ("prefetch-absent", "silence in place of 412", lambda: when(lambda b: sent(b, "conditions") is MISSING)),
    ("prefetch-absent", "500", lambda: when(lambda b: sent(b, "conditions") is MISSING, (500, None))),
    ("prefetch-partial", "500", lambda: when(lambda b: sent(b, "conditions") is MISSING and sent(b, "patient") is not MISSING, (500, None))),
    ("unknown-service", "200", lambda: early(lambda e, m, p: (200, {"cards": []}) if "no-such-service" in p else None)),
    ("hook-mismatch", "200", lambda: when(lambda b: is_dict(b) and "no-such-hook" in str(b.get("hook")))),
    ("malformed-json", "200", lambda: when(lambda b: b is None)),
    ("body-no-object", "500", lambda: when(lambda b: isinstance(b, list), (500, None))),
    ("body-empty", "500", lambda: on_call(lambda e, b: (500, None) if int(e.get("CONTENT_LENGTH") or 0) == 0 else None)),
    ("hook-missing", "200", lambda: when(lambda b: is_dict(b) and "hook" not in b)),
    ("hook-instance-missing", "200", lambda: when(lambda b: is_dict(b) and "hookInstance" not in b)),
    ("context-missing", "500", lambda: when(lambda b: is_dict(b) and "context" not in b, (500, None))),
    ("context-no-object", "500", lambda: when(lambda b: is_dict(b) and isinstance(b.get("context"), list), (500, None))),
    ("content-type", "200 for text/plain", lambda: on_call(lambda e, b: (200, {"cards": []}) if e["CONTENT_TYPE"] == "text/plain" else None)),
    ("body-too-large", "400", lambda: early(lambda e, m, p: (400, None) if int(e.get("CONTENT_LENGTH") or 0) > 10**9 else None)),
    ("wrong-method", "200", lambda: early(lambda e, m, p: (200, {"cards": []}) if m == "GET" and p.endswith("/small") else None)),
    ("deep-nesting", "500", lambda: on_call(lambda e, b: (500, None) if int(e.get("CONTENT_LENGTH") or 0) > 250_000 else None)),
    ("error-outcome", "bare statuses", lambda: Small(outcomes=False)),
    ("error-quiet", "quotes the request", lambda: on_call(lambda e, b: (400, b) if "zq7" in json.dumps(b) else None)),
    ("error-quiet", "a stack trace", lambda: on_call(lambda e, b: (500, b"Traceback (most recent call last):") if "zq7" in json.dumps(b) else None)),
    ("json-answers", "text/html", lambda: Small(content_type="text/html")),
    ("json-answers", "no JSON", lambda: early(lambda e, m, p: (200, b"<html>") if m == "GET" else None)),
    ("cors-preflight", "asks for a token", lambda: early(lambda e, m, p: (401, None) if m == "OPTIONS" else None)),
    ("cors-preflight", "Authorization is not allowed", lambda: Small(headers={"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Content-Type"})),
    ("cors-preflight", "405", lambda: early(lambda e, m, p: (405, None) if m == "OPTIONS" else None)),
    ("feedback-accepted", "500", lambda: feedback(lambda b: 500 if outcomes(b) == ["accepted"] else None)),
    ("feedback-overridden", "400", lambda: feedback(lambda b: 400 if outcomes(b) and "overrideReason" in b["feedback"][0] else None)),
    ("feedback-no-reason", "400", lambda: feedback(lambda b: 400 if outcomes(b) == ["overridden"] and "overrideReason" not in b["feedback"][0] else None)),
    ("feedback-several", "400", lambda: feedback(lambda b: 400 if len(outcomes(b)) > 1 else None)),
    ("feedback-repeated", "409", lambda: feedback(once())),
    ("feedback-unknown-card", "422", lambda: feedback(lambda b: 422 if outcomes(b) == ["overridden"] and b["feedback"][0].get("card") != CARD["uuid"] else None)),
    ("feedback-malformed", "200", lambda: feedback(lambda b: 200)),
    ("feedback-unknown-service", "200", lambda: early(lambda e, m, p: (200, {}) if p.endswith("no-such-service/feedback") else None)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "make"), FAULTS, ids=[f"{name}: {what}" for name, what, _ in FAULTS])
def test_a_fault_is_found_by_its_name(name: str, what: str, make: Callable[[], Small]) -> None:
    names = "feedback-no-reason feedback-unknown-card" if name == "feedback-repeated" else ""
    with served(make()) as base:
        before = " ".join(["service-call", names, name]) if name != "service-call" else name
        result = examined(base, before)[name]
    assert result.outcome is Outcome.FAILED, (what, result.outcome, result.words)
    assert result.words


def test_a_sound_service_passes() -> None:
    with served(Small()) as base:
        results = examined(base)
    assert failed(results) == set()
    passed = {name for name, result in results.items() if result.outcome is Outcome.PASSED}
    optional = {"https", "system-actions", "action-selection-behavior"}
    assert set(results) - passed == optional | {name for name in results if name.startswith(("jwt", "auth"))}


def test_a_header_for_some_answers_only() -> None:
    """cors-answer: the call lets the origin in, discovery does not."""

    class Half(Small):
        def __call__(self, environ: Json, start: Any) -> list[bytes]:
            self.headers = {} if environ["REQUEST_METHOD"] == "GET" else {"Access-Control-Allow-Origin": "*"}
            return super().__call__(environ, start)

    with served(Half()) as base:
        assert failed(examined(base, "cors-answer")) == {"cors-answer"}


def test_what_is_not_there_is_skipped_not_passed() -> None:
    bare = {"summary": "Something", "indicator": "info", "source": {"label": "A source"}}

    class NoFeedback(Small):
        def feedback(self, body: Any) -> Any:
            raise Refused(404)

    with served(NoFeedback(cards=lambda body: [bare], headers={})) as base:
        results = examined(base)
    assert failed(results) == set()
    for name in (
        "suggestion-label",
        "link-url",
        "source-topic",
        "cors-preflight",
        "cors-answer",
        "coding-code",
        "card-uuid",
    ):
        assert results[name].outcome is Outcome.SKIPPED, name
    told = {result.words for name, result in results.items() if name.startswith("feedback")}
    assert told == {("feedback is optional, and this service takes none",)}


def test_without_cards_no_check_of_cards_passes() -> None:
    with served(Small(cards=lambda body: [])) as base:
        results = examined(base)
    assert failed(results) == set()
    for name, found in results.items():
        if name.startswith(("card-", "link-", "source-", "suggestion-", "action-")):
            assert found.outcome is Outcome.SKIPPED, name


def test_an_address_that_only_a_token_names_is_not_fetched() -> None:
    """Refused in the end, but asked for before: anybody could make the service call anywhere."""
    for forgets, words in (("jku", "answered 200, not 401"), ("jku fetched", "the service fetched an address")):
        with served(Small(check_token=Verifier(SIGNER, forgets))) as base:
            found = examined(base, "jwt-foreign-jku", SIGNER)["jwt-foreign-jku"]
        assert found.outcome is Outcome.FAILED
        assert any(words in line for line in found.words)


SECOND = patient_of(
    "second",
    {
        "entry": [
            {"resource": {"resourceType": "Patient", "id": "small-2"}},
            {"resource": {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/small-2"}}},
        ]
    },
)


def test_a_uuid_that_two_patients_share_names_no_card() -> None:
    with served(Small()) as base:
        found = examined(base, "card-uuid", patients=(SMALL, SECOND))["card-uuid"]
    assert (found.outcome, found.words) == (
        Outcome.FAILED,
        ("small (second): a card has the uuid of another patient's card",),
    )


def test_a_hook_that_is_not_in_the_library_is_called_with_a_guess() -> None:
    """Its service may ask for what cannot be known here: that is no fault, and no pass."""
    rows = [{**DISCOVERY["services"][0], "hook": "org.example.note-open"}]
    refusing = on_call(lambda environ, body: (400, None))
    refusing.discovery = {"services": rows}
    with served(refusing) as base:
        alone = examined(base, "service-call")["service-call"]
        refusing.discovery = {"services": [*rows, DISCOVERY["services"][0]]}
        beside = examined(base, "service-call")["service-call"]
    assert alone.outcome is Outcome.SKIPPED
    assert (beside.outcome, len(beside.words)) == (Outcome.FAILED, 1)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("service-prefetch", lambda: listed("prefetch", MISSING)),
        ("prefetch-token-names", lambda: listed("prefetch", {"all": "Condition?code=1"})),
        ("prefetch-absent", lambda: on_call(lambda environ, body: (200, {"cards": [CARD]}))),
        ("prefetch-outcome", lambda: on_call(lambda environ, body: (200, {"cards": []}))),
        ("service-silence", lambda: on_call(lambda environ, body: (200, {"cards": [CARD]}))),
        ("source-topic", lambda: card("source.topic", MISSING)),
        ("topic-display", lambda: card("source.topic", MISSING)),
        ("error-outcome", lambda: on_call(lambda environ, body: (200, {"cards": []}))),
    ],
)  # fmt: skip
def test_where_there_is_nothing_to_see_nothing_passes(name: str, make: Callable[[], Small]) -> None:
    with served(make()) as base:
        assert examined(base, name)[name].outcome is Outcome.SKIPPED


@pytest.mark.parametrize("name", ["json-answers", "discovery-services", "service-call"])
def test_without_an_answer_nothing_passes(name: str) -> None:
    assert examined("http://127.0.0.1:9", name)[name].outcome is Outcome.SKIPPED


def test_nobody_answers() -> None:
    results = examined("http://127.0.0.1:9", "discovery-available service-call")
    assert results["discovery-available"].outcome is Outcome.FAILED
    assert "no answer" in results["discovery-available"].words[0]
    assert results["service-call"].outcome is Outcome.SKIPPED


def test_plain_http_is_a_fault_beyond_this_machine() -> None:
    (found,) = Run(Target("http://cds.example.org"), ()).examine([CHECKS["https"]])
    assert found.outcome is Outcome.FAILED
    (found,) = Run(Target("https://cds.example.org"), ()).examine([CHECKS["https"]])
    assert found.outcome is Outcome.PASSED


def test_slow_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.conformance.checks.calls.ORDER_OF_500_MS", 0.0)
    with served(Small()) as base:
        assert failed(examined(base, "response-time")) == {"response-time"}


# Tokens: a verifier that is sound, and ones that forget a check each.

SIGNER = Signer(ec.generate_private_key(ec.SECP384R1()), "https://ehr.example.org", "key-1")


@cache
def rsa_signer() -> Signer:
    return Signer(rsa.generate_private_key(65537, 2048), "https://ehr.example.org", "key-1")


class Verifier:
    """Checks tokens of one client; ``forgets`` names what it does not look at."""

    def __init__(self, signer: Signer, forgets: str = ""):
        self.signer, self.forgets = signer, forgets
        self.used: set[str] = set()

    def __call__(self, token: str, url: str) -> bool:
        try:
            return self._good(token, url)
        except jwt.PyJWTError:
            return False

    def _good(self, token: str, url: str) -> bool:
        header = jwt.get_unverified_header(token)
        if header["alg"] == "none":
            return self.forgets == "none"
        if header["alg"] == "HS256":
            return self.forgets == "symmetric"
        if self.forgets != "kid" and header.get("kid") != "key-1":
            return False
        if header.get("jku"):
            if self.forgets == "jku":  # it trusts whoever says where the key is
                return bool(requests.get(header["jku"], timeout=5).json()["keys"])
            if self.forgets == "jku fetched":
                requests.get(header["jku"], timeout=5)
            return False
        asked = {"exp": "exp", "jti": "jti", "iat": "iat"}
        asked.pop(self.forgets, None)
        claims = jwt.decode(
            token,
            self.signer.key.public_key(),
            [self.signer.algorithm],
            audience=url,
            leeway=30,
            options={
                "require": list(asked),
                "verify_signature": True,
                "verify_exp": self.forgets != "expired",
                "verify_aud": self.forgets != "aud",
                "verify_iat": self.forgets != "future",
            },
        ) if self.forgets != "signature" else jwt.decode(token, options={"verify_signature": False})  # fmt: skip
        if self.forgets != "iss" and claims["iss"] != self.signer.issuer:
            return False
        if self.forgets == "aud-list":
            return isinstance(claims["aud"], str)
        if self.forgets != "replay":
            if claims.get("jti") in self.used:
                return False
            self.used.add(claims.get("jti", ""))
        return True


TOKENS = [name for name in CHECKS if name.startswith(("jwt", "auth"))]


@pytest.mark.parametrize("kind", ["ES384", "RS384"])
def test_a_sound_verifier_passes_every_check_of_tokens(kind: str) -> None:
    signer = SIGNER if kind == "ES384" else rsa_signer()
    assert signer.algorithm == kind
    with served(Small(check_token=Verifier(signer))) as base:
        results = examined(base, signer=signer)
    assert failed(results) == set()
    assert all(results[name].outcome is Outcome.PASSED for name in TOKENS)


FORGOTTEN = {
    "jwt-none": "none", "jwt-symmetric": "symmetric", "jwt-foreign-key": "signature", "jwt-unknown-issuer": "iss",
    "jwt-foreign-jku": "jku", "jwt-unknown-kid": "kid", "jwt-wrong-audience": "aud", "jwt-expired": "expired",
    "jwt-future": "future", "jwt-no-expiry": "exp", "jwt-no-id": "jti", "jwt-replay": "replay",
    "jwt-audience-list": "aud-list", "jwt-damaged": "signature",
}  # fmt: skip


@pytest.mark.parametrize("name", FORGOTTEN)
def test_a_check_of_tokens_that_is_forgotten_is_found(name: str) -> None:
    with served(Small(check_token=Verifier(SIGNER, FORGOTTEN[name]))) as base:
        assert name in failed(examined(base, " ".join(TOKENS), SIGNER))


def test_an_open_service_asks_for_no_token() -> None:
    with served(Small()) as base:
        found = failed(examined(base, "auth-required jwt-accepted", SIGNER))
    assert found == {"auth-required"}


def test_a_service_that_refuses_everybody() -> None:
    with served(Small(check_token=lambda token, url: False)) as base:
        found = examined(base, "discovery-available jwt-discovery", SIGNER)
    assert failed(found) == {"discovery-available", "jwt-discovery"}


def test_a_service_that_takes_tokens_for_discovery_only() -> None:
    with served(Small(check_token=lambda token, url: url.endswith("/cds-services"))) as base:
        assert "jwt-accepted" in failed(examined(base, "jwt-accepted", SIGNER))


def test_a_401_that_explains_itself() -> None:
    verify = Verifier(SIGNER)

    def before(environ: Json, method: str, path: str) -> Answer | None:
        token = environ.get("HTTP_AUTHORIZATION", "")
        return (401, {"why": "there is no token at all"}) if method == "POST" and not token else None

    with served(Small(check_token=verify, before=before)) as base:
        assert failed(examined(base, "auth-quiet", SIGNER)) == {"auth-quiet"}


def test_every_check_finds_a_fault() -> None:
    """No check is there that nothing shows to work."""
    elsewhere = {
        "cors-answer",
        "https",
        "response-time",
        "jwt-accepted",
        "jwt-discovery",
        "auth-required",
        "auth-quiet",
    }
    assert {name for name, _, _ in FAULTS} | set(FORGOTTEN) | elsewhere == set(CHECKS)


def test_a_result_tells_some_problems_and_counts_the_rest() -> None:
    with served(Small(cards=lambda body: [{**CARD, "uuid": f"u{i}", "summary": ""} for i in range(9)])) as base:
        result: Result = examined(base, "card-summary")["card-summary"]
    assert len(result.words) == 4
    assert result.words[-1] == "and 6 more"


def test_a_token_expires_after_minutes() -> None:
    claims = jwt.decode(SIGNER.token("x"), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 60
