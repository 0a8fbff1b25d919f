"""Traces of requests (OpenTelemetry), where the packages of ``allcue[otel]`` are installed and
OTEL_EXPORTER_OTLP_ENDPOINT, or the one for traces, names where to send them.

Spans hold names of ours, statuses and counts; never addresses, since those of FHIR servers hold ids, and never the text
of an error. Of what a caller tells only its ``traceparent`` is taken; ``tracestate`` and ``baggage`` may hold anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request

from service import __version__
from service.hooks.contract import Decide, Invocation
from service.hooks.deadline import uninterrupted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("allcue.watch")
_WANTED = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class Tracing:
    """Makes spans with one tracer of OpenTelemetry."""

    def __init__(self, provider: Any):
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._trace, self._parent = trace, TraceContextTextMapPropagator()
        self._provider, self._tracer = provider, provider.get_tracer("allcue", __version__)

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, str | int] | None = None) -> Iterator[Any]:
        """A span within the one that this thread or call is in."""
        with uninterrupted():  # what sends spans is shared
            made = self._tracer.start_span(name, attributes={f"allcue.{k}": v for k, v in (attributes or {}).items()})
        try:
            with self._trace.use_span(made, record_exception=False, set_status_on_exception=False):
                yield made
        except BaseException as error:
            made.set_status(self._trace.StatusCode.ERROR, type(error).__name__)  # the text may hold values
            raise
        finally:
            with uninterrupted():
                made.end()

    def flush(self) -> None:
        """Send what was made so far."""
        self._provider.force_flush()

    def onward(self) -> Mapping[str, str]:
        """``traceparent`` for the server that is asked next."""
        headers: dict[str, str] = {}
        self._parent.inject(headers)
        headers.pop("tracestate", None)
        return headers

    def of_requests(self, wsgi: WSGIApplication) -> WSGIApplication:
        """The same application, with a span for each request."""

        def traced(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            parent = self._parent.extract({"traceparent": environ.get("HTTP_TRACEPARENT", "")})
            method = environ.get("REQUEST_METHOD", "")
            known = method if method in ("GET", "POST", "OPTIONS", "HEAD") else "_OTHER"
            with self._tracer.start_as_current_span(
                known,
                context=parent,
                kind=self._trace.SpanKind.SERVER,
                attributes={"http.request.method": known},
                record_exception=False,
                set_status_on_exception=False,
            ):
                return wsgi(environ, start)

        return traced

    def install(self, app: Flask) -> None:
        """Make a span of each request of an application, named by its route."""
        app.wsgi_app = self.of_requests(app.wsgi_app)  # type: ignore[assignment,method-assign]

        def name(response: Response) -> Response:
            span = self._trace.get_current_span()
            route = request.url_rule.rule if request.url_rule is not None else ""
            span.update_name(f"{span.name if hasattr(span, 'name') else 'request'} {route}".rstrip())
            span.set_attribute("http.response.status_code", response.status_code)
            span.set_attribute("allcue.request_id", g.get("request_id", ""))
            if route:
                span.set_attribute("http.route", route)
            call = g.get("call")
            if call is not None:
                span.set_attribute("allcue.service", call.service)
                span.set_attribute("allcue.hook", call.hook)
                span.set_attribute("allcue.client", call.client or "")
                if call.cards is not None:
                    span.set_attribute("allcue.cards", call.cards)
            if response.status_code >= 500:
                span.set_status(self._trace.StatusCode.ERROR)
            return response

        app.after_request(name)

    def of_decisions(self, decide: Decide) -> Decide:
        """The same engine, with a span for each answer."""

        def traced(invocation: Invocation) -> Mapping[str, Any]:
            with self.span("decide", {"hook": invocation.hook}):
                return decide(invocation)

        return traced


def tracing_of(environ: Mapping[str, str], exporter: Callable[[], Any] | None = None) -> Tracing | None:
    """What makes traces; None where nothing says where to send them, or its packages are not there (which is logged)."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or not any(environ.get(name) for name in _WANTED):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("no traces: OTEL_EXPORTER_OTLP_ENDPOINT is set, but allcue[otel] is not installed")
        return None
    named = {"service.version": __version__, SERVICE_NAME: environ.get("OTEL_SERVICE_NAME") or "allcue"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor((exporter or OTLPSpanExporter)()))
    return Tracing(provider)
