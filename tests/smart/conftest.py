"""EHRs that the app is registered with, over real HTTP, and the app."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from service.app import create_app
from service.hooks.trust.sign import new_key, public_part
from service.settings import Settings
from tests.ehr.authorization import Client, SmartEhr, smart_ehr
from tests.smart.launching import BASE, CALLBACK, SECRET, Browser, admit, public, registered


@dataclass
class Registered:
    """``app`` with the EHRs that it is registered with: as a public client, with a secret, with a key."""

    app: Flask
    settings: Settings
    public: SmartEhr
    secret: SmartEhr
    key: SmartEhr
    jwk: dict[str, str]


@pytest.fixture(scope="package")
def registrations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registered]:
    folder = tmp_path_factory.mktemp("smart")
    with smart_ehr() as one, smart_ehr() as two, smart_ehr() as three:
        jwk = new_key("ES384", "app-key")
        two.clients["allcue-two"] = Client(CALLBACK, secret="p:s w/รถ&=%")
        three.clients["allcue"] = Client(CALLBACK, jwk=public_part(jwk))
        (folder / "secret").write_text("p:s w/รถ&=%\n", encoding="utf-8")
        (folder / "key.json").write_text(json.dumps(jwk))
        file = registered(
            folder,
            public(one),
            {
                "iss": two.iss,
                "client_id": "allcue-two",
                "authentication": "client_secret_basic",
                "secret_file": "secret",
            },
            {"iss": three.iss, "client_id": "allcue", "authentication": "private_key_jwt", "key_file": "key.json"},
        )
        settings = Settings(
            smart_file=file,
            public_base_url=BASE,
            site_secret=SECRET,
            database_url=f"sqlite:///{folder / 'allcue.db'}",
        )
        for ehr in (one, two, three):
            admit(ehr)
        yield Registered(create_app(settings), settings, one, two, three, public_part(jwk))


@pytest.fixture
def browser(registrations: Registered) -> Iterator[Browser]:
    """A browser before the EHR where the app is a public client; what a test changes there is changed back."""
    ehr = registrations.public
    before = {name: value for name, value in vars(ehr).items() if name not in ("fhir", "clients")}
    kept = {name: value.copy() if isinstance(value, dict | list | set) else value for name, value in before.items()}
    records = {kind: dict(rows) for kind, rows in ehr.fhir.records.items()}
    yield Browser(registrations.app.test_client(), ehr)
    vars(ehr).update(kept)
    ehr.fhir.records = records
