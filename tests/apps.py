"""The whole service, built once for each set of settings: the tests that only call it share it.

What they share is what clients of one process share: the content and the engine, which do not change. A test that
counts calls, patches the service or looks into it builds its own.
"""

from __future__ import annotations

from functools import cache

from flask import Flask
from flask.testing import FlaskClient

from service.app import create_app
from service.settings import Settings


@cache
def app_of(settings: Settings) -> Flask:
    """The service under some settings."""
    return create_app(settings)


def client_of(settings: Settings) -> FlaskClient:
    """A client of its own for the shared service."""
    return app_of(settings).test_client()
