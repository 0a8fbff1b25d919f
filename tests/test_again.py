"""An answer given again is the answer that would be worked out anew; whatever has changed is worked out anew."""

from __future__ import annotations

import copy
import gc
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fhir_examples.request import day_of, names, request_of
from service.app import create_app
from service.facts.model import Facts
from service.hooks.again import KEPT_SECONDS, Again, Given, Key
from service.hooks.calls import Call
from service.hooks.contract import Invocation, Repeat
from service.hooks.envelope import HookRequest
from service.kept import Kept, open_store
from service.services import SERVICES
from service.settings import Settings
from service.store.tables import TRACES
from service.wiring import Clinic, build_clinic
from tests.hooks.support import CARD, app_of, body, post
from tests.test_examples import bundle
from tests.test_order_examples import NAMES as ORDERS
from tests.test_order_examples import request as order_request
from tests.test_order_examples import story

Raw = dict[str, Any]
PATIENT = "relapsed-ph-positive-t315i"
SECRET = "not a secret: only for tests, 32+"


@pytest.fixture(scope="module")
def clinic() -> Clinic:
    return build_clinic()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = open_store(Settings(database_url=f"sqlite:///{tmp_path / 'allcue.db'}", site_secret=SECRET))
    yield made
    made.writer.close()
    made.database.close()


class Service:
    """The service of one patient's day, which counts how often it works an answer out."""

    def __init__(self, clinic: Clinic, name: str, kept: Kept | None = None, **settings: Any):
        told = Settings(demo=False, **settings)
        self.worked_out = 0
        clinic = replace(clinic, as_of=day_of(name), memory=kept.memory if kept else None)

        def decide(invocation: Invocation) -> Any:
            self.worked_out += 1
            return clinic.decide(invocation)

        self.client = create_app(told, decide, SERVICES, kept=kept).test_client()

    def ask(self, request: Raw, call: str = "1", **more: Any) -> Raw:
        sent = {**request, "hookInstance": str(uuid.uuid5(uuid.NAMESPACE_URL, call)), **more}
        answer = self.client.post(f"/cds-services/allcue-{request['hook']}", json=sent)
        assert answer.status_code == 200, answer.text
        found: Raw = answer.json
        return found


@pytest.mark.parametrize("name", names())
def test_a_repeated_answer_is_that_of_a_new_call(name: str, clinic: Clinic) -> None:
    service, anew = Service(clinic, name), Service(clinic, name, remembered=0)
    request = request_of(bundle(name), name)
    first = service.ask(request, "1")
    assert first == anew.ask(request, "1")
    assert service.ask(request, "2") == anew.ask(request, "2")
    assert service.ask(request, "1") == first
    assert service.worked_out == 1
    assert anew.worked_out == 2


@pytest.mark.parametrize("name", ORDERS[::3])
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_repeated_answer_about_orders_is_that_of_a_new_call(name: str, hook: str, clinic: Clinic) -> None:
    patient = story(name)["patient"]
    service, anew = Service(clinic, patient), Service(clinic, patient, remembered=0)
    request = order_request(name, hook)
    service.ask(request, "1")
    assert service.ask(request, "2") == anew.ask(request, "2")
    assert service.worked_out == 1


def later(request: Raw) -> Raw:
    """The same chart with one value changed, of the same length."""
    text = json.dumps(request["prefetch"])
    assert '"final"' in text
    place = text.rindex('"final"')
    return {**request, "prefetch": json.loads(text[:place] + '"other"' + text[place + 7 :])}


CHANGES: dict[str, Any] = {
    "a value of the same length": later,
    "a resource more": lambda r: {
        **r,
        "prefetch": {**r["prefetch"], "patient": {**r["prefetch"]["patient"], "gender": "unknown"}},
    },
    "a key less": lambda r: {**r, "prefetch": {k: v for k, v in r["prefetch"].items() if k != "observations"}},
    "another user": lambda r: {**r, "context": {**r["context"], "userId": "Practitioner/2"}},
    "another FHIR server": lambda r: {**r, "fhirServer": "https://ehr.example.org/fhir"},
    "another hook": lambda r: {**r, "hook": "encounter-start", "context": {**r["context"], "encounterId": "e"}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_has_changed_is_worked_out_anew(change: Any, clinic: Clinic) -> None:
    service = Service(clinic, PATIENT)
    request = request_of(bundle(PATIENT), PATIENT)
    service.ask(request)
    changed = change(copy.deepcopy(request))
    again = service.ask(changed)
    assert service.worked_out == 2
    assert again == Service(clinic, PATIENT, remembered=0).ask(changed)


def test_cards_of_a_repeated_answer_have_traces_and_take_feedback(clinic: Clinic, kept: Kept) -> None:
    service = Service(clinic, PATIENT, kept)
    request = request_of(bundle(PATIENT), PATIENT)
    first, second = service.ask(request, "1"), service.ask(request, "2")
    assert service.worked_out == 1
    assert kept.writer.flush(20)
    with kept.database.reading() as connection:
        rows = {row["card"]: dict(row) for row in connection.execute(select(TRACES)).mappings()}
    cards = [[card["uuid"] for card in answer["cards"]] for answer in (first, second)]
    assert set(rows) >= {*cards[0], *cards[1]}
    for one, other in zip(*cards, strict=True):
        if one in rows:
            assert {**rows[one], "card": other, "saved": 0} == {**rows[other], "saved": 0}


def override(service: Service, kept: Kept, card: Raw) -> None:
    assert kept.writer.flush(20)
    reason = card["overrideReasons"][0]
    item = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": datetime.now(UTC).isoformat(),
            "overrideReason": {"reason": {"system": reason["system"], "code": reason["code"]}}}  # fmt: skip
    answer = service.client.post("/cds-services/allcue-patient-view/feedback", json={"feedback": [item]})
    assert answer.status_code == 200, answer.text


def test_what_was_overridden_is_silent_at_once_also_where_the_answer_was_kept(clinic: Clinic, kept: Kept) -> None:
    service = Service(clinic, PATIENT, kept, site_secret=SECRET)
    request = request_of(bundle(PATIENT), PATIENT)
    shown = service.ask(request, "1")["cards"]
    quiet = next(card for card in shown if card["indicator"] != "critical")
    override(service, kept, quiet)
    left = [card["summary"] for card in service.ask(request, "2")["cards"]]
    assert quiet["summary"] not in left
    assert [card["summary"] for card in service.ask(request, "3")["cards"]] == left
    assert service.worked_out == 3, "an answer that an override shaped is not kept"


def test_no_facts_outlive_the_call_in_what_is_kept(clinic: Clinic) -> None:
    """What is given again is text; the record and the facts of a patient are let go."""
    service = Service(clinic, PATIENT)
    before = len(living(Facts))
    service.ask(request_of(bundle(PATIENT), PATIENT))
    assert len(living(Facts)) == before


def living(kind: type) -> list[object]:
    gc.collect()
    return [one for one in gc.get_objects() if isinstance(one, kind)]


class Answering:
    """Answers with one card, and may be given again."""

    def __init__(self, reads: bool = False) -> None:
        self.asked, self.reads = 0, reads

    def __call__(self, invocation: Invocation) -> Any:
        self.asked += 1
        invocation.repeat.allowed = True
        if self.reads:
            assert dict(invocation.prefetched)
        return {"cards": [CARD]}


def test_an_answer_for_which_a_server_was_asked_is_not_kept() -> None:
    engine = Answering(reads=True)
    app = app_of(engine)
    lacking = body(prefetch={"patient": body()["prefetch"]["patient"]}, fhirServer="http://127.0.0.1:9/fhir")
    for _ in range(2):
        assert post(app, lacking).status_code == 200
    assert engine.asked == 2
    for _ in range(2):
        assert post(app, body()).status_code == 200
    assert engine.asked == 3


def test_a_call_that_would_be_refused_is_refused_though_its_answer_is_known() -> None:
    app = app_of(Answering())
    assert post(app, body()).status_code == 200
    assert post(app, body(hookInstance="x")).status_code == 400
    assert (
        post(app, body(fhirServer="https://ehr.example.org", fhirAuthorization={"access_token": ""})).status_code == 400
    )


TOKEN = {
    "access_token": "one",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "allcue",
}
SERVER = "https://ehr.example.org/fhir"


def with_token(**more: Any) -> Raw:
    return body(fhirServer=SERVER, fhirAuthorization={**TOKEN, **more})


def test_the_token_of_a_call_is_not_part_of_what_its_answer_rests_on() -> None:
    engine = Answering()
    app = app_of(engine)
    for token in ("one", "two", "three"):
        assert post(app, with_token(access_token=token, expires_in=len(token))).status_code == 200
    assert engine.asked == 1


@pytest.mark.parametrize(
    "more",
    [{"access_token": "a b"}, {"access_token": ""}, {"token_type": "MAC"}, {"patient": "another"}, {"access_token": 7}],
)
def test_a_token_that_would_be_refused_is_refused(more: Raw) -> None:
    app = app_of(Answering())
    assert post(app, with_token()).status_code == 200
    refused = post(app, with_token(**more))
    assert refused.status_code == 400
    assert refused.json == post(app_of(), with_token(**more)).json


def test_a_body_that_names_what_is_cut_out_more_than_once_is_not_kept() -> None:
    engine = Answering()
    app = app_of(engine)
    for number in range(3):
        nested = {"hookInstance": str(uuid.UUID(int=number))}
        assert post(app, {"extension": nested, **body()}).status_code == 200
    assert engine.asked == 3


def test_what_no_json_reader_would_take_is_refused_beside_a_kept_answer() -> None:
    app = app_of(Answering())
    text = json.dumps(with_token()).encode()
    assert post(app, text).status_code == 200
    assert post(app, text.replace(b'"expires_in": 300', b'"expires_in": 0300')).status_code == 400
    assert post(app, text[:-1]).status_code == 400


def test_a_brace_within_what_is_cut_out_opens_no_way_around_reading() -> None:
    engine = Answering()
    app = app_of(engine)
    text = json.dumps(with_token(scope="patient/*.read}x")).encode()
    assert post(app, text).status_code == 200
    part = text[text.index(b'{"access_token"') : text.index(b"}x") + 1]
    broken = text.replace(part, b'{"access_token": "one"}')
    assert post(app, broken).status_code == 400
    assert post(app, text).status_code == 200
    assert engine.asked == 2, "nor is it kept"


def test_an_answer_whose_traces_could_not_be_made_is_not_given_again(
    clinic: Clinic, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(clinic, PATIENT, kept)
    request = request_of(bundle(PATIENT), PATIENT)
    with monkeypatch.context() as broken:
        broken.setattr("service.memory.decision", lambda *_: 1 / 0)
        assert service.ask(request, "1")["cards"]
    cards = service.ask(request, "2")["cards"]
    assert service.worked_out == 2
    assert kept.writer.flush(20)
    with kept.database.reading() as connection:
        saved = {row["card"] for row in connection.execute(select(TRACES)).mappings()}
    assert saved & {card["uuid"] for card in cards}


def given(text: bytes = b"x", **more: Any) -> Given:
    envelope = HookRequest.model_construct(hook="patient-view", hook_instance=uuid.UUID(int=1), context={})
    return Given.of(text, envelope, Repeat(**more), Call("s", "patient-view", None))


def key(text: bytes = b"chart", service: str = "s") -> Key:
    return Key((service,), (text,))


def test_what_is_too_old_is_let_go() -> None:
    now = [0.0]
    again = Again(now=lambda: now[0])
    again.keep(key(), given())
    now[0] = KEPT_SECONDS
    assert again.find(key()) is not None
    now[0] += 1
    assert again.find(key()) is None


def test_texts_that_look_alike_are_told_apart() -> None:
    again = Again()
    text = b"a" * 10_000
    other = text[:5] + b"b" + text[6:]
    assert key(text).mark == key(other).mark, "else nothing is tested"
    again.keep(key(text), given(b"one"))
    assert again.find(key(other)) is None
    again.keep(key(other), given(b"other"))
    assert again.find(key(text)) is None
    found = again.find(key(other))
    assert found is not None
    assert found.to("") == b"other"


def test_the_oldest_go_first_and_the_bytes_stay_below_the_limit() -> None:
    again = Again(most=100_000)
    for number in range(40):
        again.keep(key(b"%d" % number * 3_000), given())
        assert sum(size for _, size, _, _ in again._kept.values()) == again._bytes <= 100_000
    assert again.find(key(b"39" * 3_000)) is not None
    assert again.find(key(b"0" * 3_000)) is None
    again.keep(key(b"x" * 30_000), given())
    assert again.find(key(b"x" * 30_000)) is None, "one chart does not drive out all others"


def test_what_no_longer_stands_is_not_given() -> None:
    again, stands = Again(), [True]
    again.keep(key(), given(stands=lambda: stands[0]))
    assert again.find(key()) is not None
    stands[0] = False
    assert again.find(key()) is None


def test_every_id_is_replaced_wherever_it_stands() -> None:
    told: list[Any] = []
    kept = given(
        b"<one>two one</one>", ids=("one", "two"), again=lambda call: [f"{call}1", f"{call}2"], tell=told.append
    )
    assert kept.to("c") == b"<c1>c2 c1</c1>"
    assert told == [{"one": "c1", "two": "c2"}]
