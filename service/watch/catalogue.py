"""Every metric that ``GET /metrics`` tells: the one list that the counters, the page of the docs and the tests are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# Seconds. 0.05 and 0.5 are among them: a tenth of the time that the specification gives an answer, and all of it.
CALL_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FHIR_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Kind(StrEnum):
    """How a metric behaves (Prometheus, "Metric types"). TOLD: a gauge that is worked out when somebody asks."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    TOLD = "told"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric, equal to itself alone. ``labels``: by name what they say. ``mode``: how a gauge of several processes
    becomes one. ``known``: values of its labels that are told from the beginning on, as 0: what appears with its first
    event looks to Prometheus as if it had never risen."""

    name: str
    kind: Kind
    meaning: str
    labels: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    buckets: tuple[float, ...] = ()
    mode: str = ""
    known: tuple[str, ...] = ()  # of metrics with one label

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which its samples are told."""
        if self.kind is Kind.HISTOGRAM:
            return (f"{self.name}_bucket", f"{self.name}_count", f"{self.name}_sum")
        return (self.name,)


_SERVICE = "id of the service"
_HOOK = "its hook"
_CALLS, _ANSWERS, _FEEDBACK = "Calls", "Answers", "Feedback"
_UPSTREAM, _RUN, _STATE = "What the service rests on", "Processes", "State"


def _counter(group: str, name: str, meaning: str, known: tuple[str, ...] = (), **labels: str) -> Metric:
    return Metric(f"allcue_{name}_total", Kind.COUNTER, meaning, labels, group, known=known)


def _gauge(group: str, name: str, meaning: str, mode: str, **labels: str) -> Metric:
    return Metric(f"allcue_{name}", Kind.GAUGE, meaning, labels, group, mode=mode)


def _told(name: str, meaning: str, **labels: str) -> Metric:
    return Metric(f"allcue_{name}", Kind.TOLD, meaning, labels, _STATE)


CALL_SECONDS = Metric(
    "allcue_call_seconds", Kind.HISTOGRAM, "seconds from the beginning of a call to its answer",
    {"service": _SERVICE, "hook": _HOOK, "status": "class of the status: `2xx`, `4xx`, `5xx`"}, _CALLS, CALL_BUCKETS,
)  # fmt: skip
CALLS = _counter(
    _CALLS, "calls", "calls of a service", service=_SERVICE, hook=_HOOK,
    client="name of the registered client; empty where nobody is asked who they are", status="HTTP status",
)  # fmt: skip
REQUESTS = _counter(
    _CALLS, "http_requests", "all requests, refused ones included (401: token, 403: place, 429: too many)",
    endpoint="`call`, `feedback`, `discovery`, `ready`, `health`, `metrics`, `openapi`, `home`, `page`, `none` (no such address)",
    status="HTTP status",
)  # fmt: skip
STOPS = _counter(_CALLS, "time_limit_stops", "answers that were stopped by `ALLCUE_TIME_LIMIT_S`", service=_SERVICE)
AHEAD = _counter(
    _CALLS, "run_ahead", "calls about orders that could use what an earlier call worked out",
    result="`used`, or `worked-out` anew",
)  # fmt: skip
REMEMBERED = _counter(
    _CALLS, "remembered_answers", "calls that brought what an earlier one did, and got its answer", service=_SERVICE
)
KEYS = _counter(
    _CALLS, "prefetch_keys", "prefetch keys that were looked at, after what was missing was read",
    key="name of the prefetch key", state="`provided`, `empty`, `absent`, `failed`, `partial`",
)  # fmt: skip
IN_FLIGHT = _gauge(_CALLS, "requests_in_flight", "requests that are being answered", "livesum")

ANSWERS = _counter(
    _ANSWERS, "answers", "answers of the clinical engine", hook=_HOOK,
    about="`all`: a patient with ALL, or of whom the record leaves it open; `other`: nothing to do with ALL",
    cards="`some` or `none`",
)  # fmt: skip
CARDS = _counter(_ANSWERS, "cards", "cards shown", hook=_HOOK, indicator="`info`, `warning`, `critical`")
VERDICTS = _counter(
    _ANSWERS, "verdicts", "verdicts of rules over patients with ALL; `does_not_apply` is not counted: it is most of them",
    rule="id of the rule", outcome="`applies` or `cannot_tell`",
)  # fmt: skip
UNKNOWN = _counter(
    _ANSWERS, "unknown_facts", "facts that were unknown and left a verdict open or a condition unchecked; once an answer",
    fact="name of the fact", reason="why, as in [facts](facts.md): `record-empty`, `unit`, `stale`, ...",
)  # fmt: skip
SET_ASIDE = _counter(
    _ANSWERS, "set_aside", "resources of patients with ALL that were not used",
    type="FHIR type, `other` for those that are not read", reason="why, in a word",
)  # fmt: skip
SILENCED = _counter(_ANSWERS, "silenced", "pieces of advice held back because they were overridden before", hook=_HOOK)

FEEDBACK = _counter(
    _FEEDBACK, "feedback", "entries of feedback, each counted once", service=_SERVICE, outcome="`accepted` or `overridden`",
    reason="code of the override reason; `none` given; `other` for codes that Allcue does not offer",
)  # fmt: skip
RULE_FEEDBACK = _counter(
    _FEEDBACK, "rule_feedback", "the same by each rule that the card rested on, where the card is known",
    rule="id of the rule", outcome="`accepted` or `overridden`",
)  # fmt: skip

FHIR_OUTCOMES = (
    "ok", "timeout", "connection", "tls", "too-large", "unreadable", "redirect",
    "401", "403", "404", "429", "4xx", "503", "5xx",
)  # fmt: skip
FHIR_REQUESTS = _counter(
    _UPSTREAM, "fhir_requests", "questions to FHIR servers", FHIR_OUTCOMES,
    outcome="`ok`, `timeout`, `connection`, `tls`, `too-large`, `unreadable`, `redirect`, or a status: `401`, `403`, `404`, `429`, `4xx`, `503`, `5xx`",
)  # fmt: skip
FHIR_SECONDS = Metric(
    "allcue_fhir_request_seconds", Kind.HISTOGRAM, "seconds that such a question took", {}, _UPSTREAM, FHIR_BUCKETS
)
KEY_FETCHES = _counter(
    _UPSTREAM,
    "key_fetches",
    "fetches of clients' public keys",
    ("ok", "unreachable", "unusable"),
    outcome="`ok`, `unreachable`, `unusable`",
)
STORE_FAILURES = _counter(
    _UPSTREAM, "store_failures", "what the database did not do", ("feedback", "traces", "overrides", "tokens"),
    operation="`feedback` (refused with 503), `traces` (tried again), `overrides` (nothing silenced), `tokens` (each process remembers its own)",
)  # fmt: skip
TRACES_WAITING = _gauge(_UPSTREAM, "traces_waiting", "answers whose traces wait for the database", "livesum")
TRACES_GIVEN_UP = _counter(_UPSTREAM, "traces_given_up", "answers whose traces had no room to wait")

STARTS = _counter(_RUN, "worker_starts", "worker processes that began to serve")
WORKERS = _gauge(_RUN, "workers", "worker processes that serve", "livesum")
MEMORY = _gauge(
    _RUN, "worker_resident_bytes", "memory of a worker process, with what it shares", "liveall", pid="process"
)
FILES = _gauge(_RUN, "worker_open_files", "open files and connections of a worker process", "liveall", pid="process")
CPU = _counter(_RUN, "worker_cpu_seconds", "processor time of the worker processes")
RELOADS = _counter(
    _RUN, "reloads", "SIGHUP to `allcue serve`", ("ok", "refused"), result="`ok`, or `refused`: the old content goes on"
)
LOST = _counter(_RUN, "watch_overflows", "times that more happened than could be counted, so that counts are too low")

READY = _told("ready", "1 where `/ready` answers 200")
REACHABLE = _told("store_reachable", "1 or 0; not told where there is no store")
LOADED = _told("content_loaded_timestamp_seconds", "when the content that answers was read")
CLOCK = _told("clock_seconds", "what this machine takes the time for, seconds since 1970")
TIME_LIMIT = _told("time_limit_seconds", "`ALLCUE_TIME_LIMIT_S`")
BUILD = _told("build_info", "1", version="of Allcue", python="of Python")
CONTENT = _told("content_info", "1", digest="of the content, as in every trace")
EDITION = _told(
    "edition_info", "1 for each source that the policy lets answer", topic="`*` for all", population="whom it speaks for",
    source="id of the source", rank="1 for the one that is asked first",
)  # fmt: skip

METRICS: tuple[Metric, ...] = (
    CALL_SECONDS, CALLS, REQUESTS, IN_FLIGHT, STOPS, KEYS, REMEMBERED, AHEAD,
    ANSWERS, CARDS, VERDICTS, UNKNOWN, SET_ASIDE, SILENCED,
    FEEDBACK, RULE_FEEDBACK,
    FHIR_REQUESTS, FHIR_SECONDS, KEY_FETCHES, STORE_FAILURES, TRACES_WAITING, TRACES_GIVEN_UP,
    STARTS, WORKERS, MEMORY, FILES, CPU, RELOADS, LOST,
    READY, REACHABLE, LOADED, CLOCK, TIME_LIMIT, BUILD, CONTENT, EDITION,
)  # fmt: skip
