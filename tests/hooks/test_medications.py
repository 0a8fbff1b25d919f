"""Medications that are only referred to: which are read from the FHIR server, how, and what becomes of those that are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_examples.request import day_of
from service.hooks.contract import KeyState, Prefetched, ServiceDefinition
from service.hooks.fhir_access import Limits
from service.hooks.medications import MOST, REFERENCED, missing
from service.settings import Settings
from tests.apps import client_of
from tests.hooks.fhir_server import Answer, FakeFhir, fake_fhir
from tests.hooks.support import EMPTY_BUNDLE, OUTCOME, PATIENT, Recorder, app_of, body, post, searchset
from tests.test_hooks import NEW, RELAPSED, collection, order, request

S = KeyState
SERVICE = ServiceDefinition(
    id="view",
    hook="patient-view",
    title="View",
    description="Looks at drugs",
    prefetch={
        "patient": "Patient/{{context.patientId}}",
        "statements": "MedicationStatement?patient={{context.patientId}}",
    },
    required=frozenset({"patient"}),
    resource_types={"patient": ("Patient",), "statements": ("MedicationStatement", "Medication")},
)
TOKEN = {"access_token": "t", "token_type": "Bearer"}


def medication(own: str, text: str = "Dasatinib", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Medication", "id": own, "code": {"text": text}, **more}


def statement(reference: Any, at: int = 0, **more: Any) -> dict[str, Any]:
    link = {"reference": reference, **more}
    return {"resourceType": "MedicationStatement", "id": f"s{at}", "status": "active", "medicationReference": link}


@pytest.fixture
def fhir() -> Iterator[FakeFhir]:
    with fake_fhir() as server:
        yield server


def call(
    server: FakeFhir,
    *statements: Any,
    limits: Limits | None = None,
    curious: bool = True,
    scope: str | None = None,
    **more: Any,
) -> Recorder:
    engine = Recorder(curious=curious)
    settings = Settings(open_mode=True, fhir_servers=(server.url,), fhir=limits or Limits(deadline=5.0, timeout=5.0))
    prefetch = {"patient": PATIENT, "statements": searchset(*statements)}
    told = {"fhirServer": server.url, "fhirAuthorization": {**TOKEN, **({"scope": scope} if scope else {})}, **more}
    response = post(app_of(engine, settings, (SERVICE,)), body(prefetch=prefetch, **told))
    assert response.status_code == 200, response.data
    return engine


def got(engine: Recorder) -> Prefetched:
    return engine.keys[REFERENCED]


def ids(engine: Recorder) -> list[str]:
    return sorted(row["id"] for row in got(engine).resources)


def test_all_are_searched_for_at_once(fhir: FakeFhir) -> None:
    fhir.answers["Medication?_id=a,b"] = Answer(searchset(medication("b"), medication("a")))
    engine = call(
        fhir, statement("Medication/a"), statement("Medication/b/_history/3", 1), statement("Medication/a", 2)
    )
    assert fhir.paths == ["/fhir/Medication?_id=a,b"]
    assert fhir.asked[0][1]["Authorization"] == "Bearer t"
    assert (got(engine).state, ids(engine), got(engine).detail) == (S.PROVIDED, ["a", "b"], None)
    assert engine.states["statements"] is S.PROVIDED


def test_by_post_where_that_is_set(fhir: FakeFhir) -> None:
    fhir.answers["Medication/_search _id=a,b"] = Answer(searchset(medication("b"), medication("a")))
    limits = Limits(deadline=5.0, timeout=5.0, post=True)
    assert ids(call(fhir, statement("Medication/a"), statement("Medication/b", 1), limits=limits)) == ["a", "b"]


def test_a_single_one_is_read(fhir: FakeFhir) -> None:
    fhir.answers["Medication/a"] = Answer(medication("a"))
    assert ids(call(fhir, statement(f"{fhir.url}/Medication/a"))) == ["a"]
    assert fhir.paths == ["/fhir/Medication/a"]


@pytest.mark.parametrize("own", [{"text": "Imatinib"}, {"coding": [{"code": "1"}]}])
def test_nothing_is_asked_that_need_not_be(fhir: FakeFhir, own: Any) -> None:
    """What came, what is contained, and what stands in the resource itself."""
    here = statement("Medication/a")
    coded = {**statement("Medication/z", 1), "medicationCodeableConcept": own}
    contained = {**statement("#m", 2), "contained": [medication("m")]}
    nothing = statement(None, 3, display="Imatinib")
    engine = call(fhir, here, coded, contained, nothing, medication("a"))
    assert fhir.asked == []
    assert (got(engine).state, got(engine).resources, got(engine).detail) == (S.EMPTY, (), None)


def test_a_display_does_not_replace_the_medication(fhir: FakeFhir) -> None:
    """A name of the hospital's own may name no drug that is known."""
    fhir.answers["Medication/a"] = Answer(medication("a"))
    assert ids(call(fhir, statement("Medication/a", display="HEM ITEM 4711"))) == ["a"]


def test_a_call_that_needs_no_drugs_costs_nothing(fhir: FakeFhir) -> None:
    engine = call(fhir, statement("Medication/a"), curious=False)
    assert fhir.asked == []
    assert got(engine).state is S.FAILED  # now it was asked for
    assert fhir.paths == ["/fhir/Medication/a"]


ELSEWHERE = [
    "https://elsewhere.example.org/fhir/Medication/a",
    "{}/../Medication/a",
    "{}/below/Medication/a",
    "{}@elsewhere.example.org/Medication/a",
    "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
    "Medication?identifier=1",
    "Medication/a/../../Patient/p1",
    "Medication/a,b",
    "Medication/..",
    "Medication/a?_format=xml",
    "//elsewhere.example.org/Medication/a",
    "Substance/../Medication/a",
    "a",
]


@pytest.mark.parametrize("reference", ELSEWHERE)
def test_only_this_server_is_asked(fhir: FakeFhir, reference: str) -> None:
    engine = call(fhir, statement(reference.format(fhir.url)))
    assert fhir.asked == []
    assert got(engine).resources == ()
    assert got(engine).state in (S.ABSENT, S.EMPTY)


@pytest.mark.parametrize(
    "told", [{"fhirServer": None, "fhirAuthorization": None}, {"fhirServer": "https://other.example.org"}]
)
def test_no_server_that_may_be_read(fhir: FakeFhir, told: Any) -> None:
    engine = call(fhir, statement("Medication/a"), **told)
    assert (got(engine).state, fhir.asked) == (S.ABSENT, [])
    assert got(engine).detail == "1 of 1 not read: there is no FHIR server that may be read"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500, 501])
def test_where_there_is_no_such_search_each_is_read(fhir: FakeFhir, status: int) -> None:
    fhir.answers |= {"Medication?_id=a,b": Answer(OUTCOME, status), "Medication/a": Answer(medication("a"))}
    fhir.answers["Medication/b"] = Answer(medication("b"))
    assert ids(call(fhir, statement("Medication/a"), statement("Medication/b", 1))) == ["a", "b"]
    assert fhir.paths == [f"/fhir/{path}" for path in ("Medication/a", "Medication/b", "Medication?_id=a,b")]


def test_a_server_without_that_search_is_not_asked_twice(fhir: FakeFhir) -> None:
    fhir.answers |= {"Medication?_id=a,b": Answer(OUTCOME, 501)}
    fhir.answers |= {f"Medication/{own}": Answer(medication(own)) for own in "ab"}
    settings = Settings(open_mode=True, fhir_servers=(fhir.url,))
    prefetch = {"patient": PATIENT, "statements": searchset(statement("Medication/a"), statement("Medication/b", 1))}
    app = app_of(Recorder(), settings, (SERVICE,))
    for _ in range(2):
        post(app, body(prefetch=prefetch, fhirServer=fhir.url, fhirAuthorization=TOKEN))
    assert fhir.paths.count("/fhir/Medication?_id=a,b") == 1
    assert fhir.paths.count("/fhir/Medication/a") == 2


def test_what_the_search_leaves_out_is_read(fhir: FakeFhir) -> None:
    """A server that passes over ``_id`` gives its stock: only what was asked for is taken of it."""
    stock = [medication(f"x{at}") for at in range(5)]
    fhir.answers["Medication?_id=a,b"] = Answer(searchset(medication("a"), *stock))
    fhir.answers["Medication/b"] = Answer(medication("b"))
    assert ids(call(fhir, statement("Medication/a"), statement("Medication/b", 1))) == ["a", "b"]


def test_a_stock_is_not_paged_through(fhir: FakeFhir) -> None:
    for at in range(30):
        page = searchset(medication(f"x{at}"), next_url=f"{fhir.url}/page?{at + 1}")
        fhir.answers["Medication?_id=a,b" if not at else f"page?{at}"] = Answer(page)
    call(fhir, statement("Medication/a"), statement("Medication/b", 1))
    assert len(fhir.asked) == 5 + 2


@pytest.mark.parametrize("came", [medication("b"), PATIENT, {**PATIENT, "id": "a"}, OUTCOME, EMPTY_BUNDLE])
def test_another_resource_is_not_taken_for_it(fhir: FakeFhir, came: Any) -> None:
    fhir.answers["Medication/a"] = Answer(came)
    engine = call(fhir, statement("Medication/a"))
    assert (got(engine).state, got(engine).resources) == (S.FAILED, ())
    assert got(engine).detail


def test_a_token_that_is_refused_is_not_tried_with_each(fhir: FakeFhir) -> None:
    fhir.answers |= {f"Medication/m{at}": Answer(OUTCOME, 403) for at in range(40)}
    engine = call(fhir, *(statement(f"Medication/m{at}", at) for at in range(40)))
    assert len(fhir.asked) == 1 + 8
    assert got(engine).state is S.FAILED
    assert "40 of 40 not read: " in (got(engine).detail or "")
    assert "it does not allow this to be read (status 403" in (got(engine).detail or "")
    assert engine.states["statements"] is S.PROVIDED


def test_what_is_gone_is_told_beside_what_came(fhir: FakeFhir) -> None:
    fhir.answers["Medication?_id=a,b"] = Answer(searchset(medication("a")))
    engine = call(fhir, statement("Medication/a"), statement("Medication/b", 1), statement("urn:uuid:1", 2))
    assert (got(engine).state, ids(engine)) == (S.PARTIAL, ["a"])
    assert "1 of 3 not read: not an address on this FHIR server" in (got(engine).detail or "")
    assert "it has no such resource or search (status 404" in (got(engine).detail or "")


SCOPES = {
    "patient/*.read": ["/fhir/Medication?_id=a,b"],
    "user/Medication.rs": ["/fhir/Medication?_id=a,b"],
    "patient/Medication.read patient/Patient.read": ["/fhir/Medication?_id=a,b"],
    "system/Medication.s": ["/fhir/Medication?_id=a,b"],
    "patient/Medication.r": ["/fhir/Medication/a", "/fhir/Medication/b"],
    "patient/MedicationRequest.read": [],
    "patient/Medication.write": [],
}


@pytest.mark.parametrize(("scope", "paths"), SCOPES.items(), ids=SCOPES.keys())
def test_scopes(fhir: FakeFhir, scope: str, paths: list[str]) -> None:
    fhir.answers["Medication?_id=a,b"] = Answer(searchset(medication("a"), medication("b")))
    fhir.answers |= {f"Medication/{own}": Answer(medication(own)) for own in "ab"}
    engine = call(fhir, statement("Medication/a"), statement("Medication/b", 1), scope=scope)
    assert fhir.paths == paths
    if paths:
        assert (got(engine).state, ids(engine)) == (S.PROVIDED, ["a", "b"])
    else:
        assert got(engine).detail == "2 of 2 not read: not asked for: the access token does not cover Medication"


def test_the_deadline_is_that_of_the_call(fhir: FakeFhir) -> None:
    fhir.answers["Medication?_id=a,b"] = Answer(searchset(medication("a")), wait=30)
    limits = Limits(deadline=0.3, timeout=30.0)
    engine = call(fhir, statement("Medication/a"), statement("Medication/b", 1), limits=limits)
    assert (got(engine).state, got(engine).resources) == (S.FAILED, ())
    assert "the time limit was reached" in (got(engine).detail or "")


def test_no_more_than_a_number_in_short_searches() -> None:
    """Drafts first, then what has no name beside it."""
    named = [statement(f"Medication/named-{at}", at, display="Item") for at in range(MOST)]
    bare = [statement(f"Medication/{at:060}", at) for at in range(10)]
    draft = {"resourceType": "MedicationRequest", "medicationReference": {"reference": "Medication/draft"}}
    context = {"draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]}}
    lacking = missing([Prefetched("x", S.PROVIDED, (*named, *bare))], context, "https://ehr.example.org")
    assert len(lacking.ids) == MOST
    assert lacking.ids[0] == "draft"
    assert lacking.ids[1:11] == tuple(f"{at:060}" for at in range(10))
    assert lacking.left == {f"more than {MOST}": 11}


def test_long_lists_are_parted(fhir: FakeFhir) -> None:
    call(fhir, *(statement(f"Medication/{at:064}", at) for at in range(60)))
    searches = [path for path in fhir.paths if "_id=" in path]
    assert len(searches) == 3
    assert sum(path.count(",") + 1 for path in searches) == 60
    assert max(map(len, searches)) <= 1800 + len("/fhir/")


def test_ingredients_that_are_medications_of_their_own(fhir: FakeFhir) -> None:
    mixture = medication(
        "mix", ingredient=[{"itemReference": {"reference": f"Medication/{own}"}} for own in ("p", "mix")]
    )
    fhir.answers |= {"Medication/mix": Answer(mixture), "Medication/p": Answer(medication("p"))}
    assert ids(call(fhir, statement("Medication/mix"))) == ["mix", "p"]
    assert fhir.paths == ["/fhir/Medication/mix", "/fhir/Medication/p"]


ODD: list[Any] = [
    {"reference": {"a": 1}},
    [7, None, {"reference": 3}],
    {"display": 3, "reference": " "},
    "",
    7,
    {"reference": "Medication/"},
]


@pytest.mark.parametrize("link", ODD)
def test_misshapen_references(fhir: FakeFhir, link: Any) -> None:
    engine = call(fhir, {**statement(None), "medicationReference": link})
    assert fhir.asked == []
    assert got(engine).resources == ()


# With the engine


def signed(server: FakeFhir, name: str, **drafted: Any) -> Any:
    """The answer to a draft that is signed, with all of the chart as prefetch."""
    draft = {key: value for key, value in order(name, "", status="draft").items() if not key.startswith("medication")}
    asked = request(name, "order-sign", {"draftOrders": collection({**draft, **drafted})})
    settings = Settings(as_of=day_of(name), fhir=Limits(deadline=20.0, timeout=20.0))
    answer = client_of(settings).post("/cds-services/allcue-order-sign", json={**asked, "fhirServer": server.url})
    assert answer.status_code == 200, answer.data
    return [{**card, "uuid": None} for card in answer.json["cards"]]


DASATINIB = {
    "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "475342"}],
    "text": "Dasatinib",
}
REFERRING = {"medicationReference": {"reference": "Medication/a"}}


def test_a_draft_that_refers_to_a_medication_is_judged(fhir: FakeFhir) -> None:
    plain = signed(fhir, RELAPSED, medicationCodeableConcept=DASATINIB)
    assert fhir.asked == []
    fhir.answers["Medication/a"] = Answer(medication("a", code=DASATINIB))
    assert signed(fhir, RELAPSED, **REFERRING) == plain
    assert fhir.paths == ["/fhir/Medication/a"]
    assert "asatinib" in str(plain)


def test_a_draft_whose_medication_cannot_be_read_is_not_checked(fhir: FakeFhir) -> None:
    fhir.answers["Medication/a"] = Answer(OUTCOME, 403)
    assert "could not be read: not checked" in signed(fhir, NEW, **REFERRING)[0]["summary"]


def test_a_code_of_the_hospitals_own_leaves_the_display(fhir: FakeFhir) -> None:
    local = {"coding": [{"system": "urn:oid:1.2.3", "code": "4711"}]}
    fhir.answers["Medication/a"] = Answer(medication("a", code=local))
    named = {"medicationReference": {"reference": "Medication/a", "display": "Dasatinib"}}
    assert "asatinib" in str(signed(fhir, RELAPSED, **named))
