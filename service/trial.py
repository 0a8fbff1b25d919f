"""What is behind the demo page: its patients and orders, and requests as an EHR would send them."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from fhir_examples import request as examples
from service import given, moments
from service.advice.ids import CallIds
from service.advice.suggestions import OrderBook
from service.advice.words import Words, one_line
from service.bundles import Unreadable, in_words, invocation_of
from service.hooks import limits
from service.hooks.contract import Invocation, ServiceDefinition
from service.hooks.prefetch import read_page
from service.hooks.profiles import profiles
from service.hooks.wire import Unreadable as NoJson
from service.hooks.wire import parse
from service.inside import Inside
from service.settings import Settings
from service.smart.demo.pasted import MOST_BYTES, CannotKeep, Pasted
from service.smart.demo.ports import Called, Made, Pick, Unusable, Wanted
from service.wiring import Clinic

_USER = "Practitioner/example"
_KEYS_OF_ORDERS = {"MedicationRequest": "medication-requests", "ServiceRequest": "service-requests"}
_ORDERS = examples.FOLDER / "orders"
_STAGES = {
    "new-diagnosis": "newly diagnosed",
    "in-remission": "in remission",
    "relapsed": "relapsed or refractory",
    "refractory": "relapsed or refractory",
}
_KINDS = {"medication": "Drugs", "test": "Tests", "referral": "Referrals", "procedure": "Procedures"}


class Trials:
    """As `service.smart.demo.ports.Trial`."""

    def __init__(
        self, settings: Settings, services: Sequence[ServiceDefinition], clinic: Clinic, inside: Inside, pasted: Pasted,
        day: Callable[[], date],
    ):  # fmt: skip
        self._clinic, self._inside, self._pasted, self._day, self._limits = clinic, inside, pasted, day, settings.body
        self._services = {service.hook: service for service in services}
        self.hooks = tuple(Pick(service.hook, service.title.partition(": ")[2]) for service in services)
        self.order_hooks = moments.ORDER_HOOKS
        self.profiles = tuple(Pick(name, found.about) for name, found in profiles().items())
        self.profile = settings.profile
        self.asks_tokens = not settings.is_open
        self.base = settings.public_base_url
        self.words = Words(clinic.engine.vocabulary, clinic.engine.content, quote=one_line)

    @cached_property
    def patients(self) -> tuple[Pick, ...]:
        """The examples with their stories."""
        return tuple(_patient(name) for name in examples.names())

    @cached_property
    def order_examples(self) -> tuple[Pick, ...]:
        """The examples of orders; ``group`` is their patient."""
        found = []
        for path in sorted(_ORDERS.glob("*.yaml")):
            story = examples.story_in(path)
            found.append(Pick(path.stem, str(story["story"]), str(story["patient"])))
        return tuple(found)

    @cached_property
    def orderables(self) -> tuple[Pick, ...]:
        """What can be ordered, by kind."""
        rows = self._clinic.engine.content.orderables.items()
        kinds = list(_KINDS)
        ordered = sorted(rows, key=lambda row: (kinds.index(row[1].kind), row[1].title.lower()))
        return tuple(Pick(key, found.title, _KINDS[found.kind]) for key, found in ordered)

    @cached_property
    def _book(self) -> OrderBook:
        return OrderBook(self._clinic.engine.content.orderables)

    def parse(self, text: str) -> Any:
        """A JSON text within the limits of the service."""
        raw = text.removeprefix("\ufeff").encode("utf-8", "replace")
        if len(raw) > MOST_BYTES:
            raise Unusable(f"is larger than {MOST_BYTES // 1_000_000} MB, more than the demo page takes.")
        try:
            value = parse(raw)
        except NoJson as problem:
            raise Unusable(f"{str(problem).replace('the body', 'the text')}.") from None
        if beyond := limits.find(value, len(raw), self._limits):
            raise Unusable(beyond[1].diagnostics)
        return value

    def moved(self, raw: Any, day: date) -> Any:
        """FHIR moved so that ``day`` is today."""
        try:
            return examples.moved(raw, self._day() - day)
        except (ValueError, OverflowError):
            raise Unusable("holds a date that does not exist, so that its dates cannot be moved.") from None

    def example(self, name: str) -> Any:
        """The Bundle of an example, of today."""
        if name not in examples.names():
            raise Unusable(f"{name!r} is no example.")
        return given.example(name, self._day())

    def order_example(self, name: str) -> tuple[str, Any, tuple[Any, ...]]:
        """An example of orders with its patient."""
        if name not in {pick.name for pick in self.order_examples}:
            raise Unusable(f"{name!r} is no example of orders.")
        patient = str(examples.story_in(_ORDERS / f"{name}.yaml")["patient"])
        bundle = given.example(patient, self._day())
        further = _ORDERS / f"{name}.record.json"
        if further.is_file():
            record = given.shifted(json.loads(further.read_text(encoding="utf-8")), patient, self._day())
            bundle = {**bundle, "entry": [*bundle["entry"], *record["entry"]]}
        drafts = given.shifted(json.loads((_ORDERS / f"{name}.json").read_text(encoding="utf-8")), patient, self._day())
        return patient, bundle, tuple(entry.get("resource") for entry in drafts.get("entry", ()))

    def orderable(self, name: str) -> dict[str, Any]:
        """A draft of something that can be picked; whose it is, is filled in with the request."""
        if name not in self._book.orderables:
            raise Unusable(f"{name!r} cannot be ordered here.")
        made = self._book.suggestion(name, "", CallIds("", "").card(name))["actions"][0]["resource"]
        return {**{key: value for key, value in made.items() if key != "subject"}, "intent": "order"}

    def in_words(self, words: str) -> dict[str, Any]:
        """A draft in words; whose it is, is filled in with the request."""
        made = in_words("", words, "")
        return {key: value for key, value in made.items() if key not in ("subject", "id")}

    def make(self, wanted: Wanted) -> Made:
        """A request as an EHR would send it."""
        raw, invocation = wanted.patient, self._invocation(wanted.patient)
        asked = raw.get("hook", "patient-view")
        hook = wanted.hook or asked
        service = self._services.get(hook)
        if service is None:
            raise Unusable(f"asks for the hook {hook!r}, which is not served. Allowed: {', '.join(self._services)}.")
        prefetch, not_sent = _prefetch(raw, invocation, service)
        patient = str(invocation.context["patientId"])
        resources = [dict(row) for found in invocation.prefetched.values() for row in found.resources]
        own = raw["context"] if "hook" in raw and isinstance(raw.get("context"), Mapping) else {}
        same = hook == asked
        base = {"userId": own.get("userId") or _USER, "patientId": patient}
        if encounter := own.get("encounterId") or moments.encounter_of(resources):
            base["encounterId"] = encounter
        drafts, chosen, context, made_up = tuple(wanted.drafts), tuple(wanted.chosen), wanted.context, False
        about_orders = hook in moments.ORDER_HOOKS
        if about_orders and not drafts and wanted.fill:
            drafts, chosen = moments.orders_in(own) if same else ((), ())
            if not drafts and not (same and set(own) & moments.HELD):
                drafts = moments.orders_for(hook, patient, resources)
                chosen, made_up = tuple(range(len(drafts))), bool(drafts)
        if context is None:
            gone = moments.HELD if drafts else frozenset[str]()
            extra = {key: value for key, value in own.items() if same and key not in base and key not in gone}
            made = moments.occasion(hook, patient, resources, self._day())
            made_up = made_up or bool(set(made) - set(extra) - set(base))
            context = {**base, **{key: value for key, value in made.items() if key not in base}, **extra}
        whole = dict(context)
        if about_orders and (drafts or not set(whole) & moments.HELD):
            sent = [_belongs(draft, patient) for draft in drafts]
            whole |= moments.with_orders(hook, sent, chosen)
            if hook == "order-dispatch":
                _put_on_record(prefetch, sent)
        given_instance = raw.get("hookInstance") if "hook" in raw and same else None
        request = {
            "hook": hook,
            "hookInstance": given_instance or str(uuid.uuid4()),
            "context": whole,
            "prefetch": prefetch,
        }
        if "hook" in raw:
            request |= {key: raw[key] for key in ("fhirServer", "fhirAuthorization") if key in raw}
        return Made(service.id, hook, request, dict(context), drafts, chosen, made_up, not_sent)

    def call(self, service: str, body: str, profile: str, *, remember: bool) -> Called:
        """What the service answers."""
        if service not in {one.id for one in self._services.values()}:
            raise Unusable("There is no such service.")
        if profile and profile not in profiles():
            raise Unusable(f"There is no profile {profile!r}. Allowed: {', '.join(profiles())}.")
        return self._inside.post(f"/cds-services/{service}", body, profile, remember=remember)

    def feedback(self, service: str, body: str) -> Called:
        """What the service answers to feedback."""
        if service not in {one.id for one in self._services.values()}:
            raise Unusable("There is no such service.")
        return self._inside.post(f"/cds-services/{service}/feedback", body)

    def set_aside(self, request: Any) -> tuple[tuple[str, str], ...]:
        """What is not used of a patient, with the reason."""
        record = self._clinic.question(self._invocation(request)).record
        return tuple((one_line(aside.reference), aside.reason) for aside in record.set_aside)

    def keep(self, patient: Any) -> str:
        """Keep a pasted patient for the chart."""
        self._invocation(patient)
        try:
            return f"{given.PASTED}:{self._pasted.keep(patient)}"
        except CannotKeep as problem:
            raise Unusable(str(problem)) from None

    def _invocation(self, raw: Any) -> Invocation:
        try:
            return invocation_of(raw, self._day())
        except Unreadable as problem:
            raise Unusable(str(problem)) from None


def _patient(name: str) -> Pick:
    story = examples.story_in(examples.FOLDER / f"{name}.yaml")
    facts = story["facts"]
    if story["expect"]["silent"]:
        group = "No advice"
    elif "source" in story:
        group = "Published courses: Frey & Luger, Blood 2015"
    else:
        stage = _STAGES.get(str(facts.get("disease_state")), "relapsed or refractory")
        group = f"Children: {stage}" if facts["age_years"] < 18 else f"Adults: {stage}"
    return Pick(name, str(story["story"]), group)


def _prefetch(
    raw: Mapping[str, Any], invocation: Invocation, service: ServiceDefinition
) -> tuple[dict[str, Any], Mapping[str, int]]:
    """What is sent along, and how many resources of a Bundle are not since no key asks for their types."""
    if "resourceType" not in raw:
        return dict(raw["prefetch"] if "hook" in raw else raw), {}
    more = read_page(dict(raw)).next_url
    link = {} if more is None else {"link": [{"relation": "next", "url": more or "unknown"}]}
    prefetch: dict[str, Any] = {}
    for key in service.prefetch:
        found = invocation.prefetched[key]
        urls = found.full_urls or (None,) * len(found.resources)
        rows = [
            {**({"fullUrl": url} if url else {}), "resource": resource}
            for url, resource in zip(urls, found.resources, strict=False)
        ]
        searched = {"resourceType": "Bundle", "type": "searchset", "total": len(rows), **link}
        prefetch[key] = {**searched, "entry": rows} if rows else searched
    patients = invocation.prefetched["patient"].resources
    prefetch["patient"] = patients[0] if patients else None
    others = (row for key, found in invocation.prefetched.items() if key not in prefetch for row in found.resources)
    return prefetch, Counter(str(row.get("resourceType")) for row in others)


def _belongs(draft: Any, patient: str) -> Any:
    """A draft of the page's own, made for this patient; one that names a patient stays as it is."""
    if (
        not isinstance(draft, Mapping)
        or {"subject", "patient"} & set(draft)
        or str(draft.get("resourceType")) not in _KEYS_OF_ORDERS
    ):
        return draft
    return {**draft, "subject": {"reference": f"Patient/{patient}"}}


def _put_on_record(prefetch: dict[str, Any], orders: Sequence[Any]) -> None:
    """Add orders that are handed on to those on record: they were signed, and the call only refers to them."""
    for order in orders:
        key = _KEYS_OF_ORDERS.get(str(order.get("resourceType"))) if isinstance(order, Mapping) else None
        if key is None:
            continue
        page = read_page(prefetch.get(key))
        if any(row.get("id") == order.get("id") for row in page.resources):
            continue
        signed = {**order, "status": "active"} if order.get("status") == "draft" else dict(order)
        found = prefetch.get(key)
        if not isinstance(found, Mapping) or found.get("resourceType") != "Bundle":
            found = {"resourceType": "Bundle", "type": "searchset", "total": len(page.resources),
                     "entry": [{"resource": row} for row in page.resources]}  # fmt: skip
        entries = [*(found.get("entry") or ()), {"resource": signed}]
        total = {"total": found["total"] + 1} if isinstance(found.get("total"), int) else {}
        prefetch[key] = {**found, **total, "entry": entries}
