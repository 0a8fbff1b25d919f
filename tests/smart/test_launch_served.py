"""A launch at the service as it is run: what only a real server may refuse."""

from __future__ import annotations

from pathlib import Path

import requests

from bench.served import free_port, served
from tests.ehr.authorization import Client, smart_ehr
from tests.smart.launching import SECRET, admit, public, registered


def test_a_long_access_token_survives_as_cookies(tmp_path: Path) -> None:
    """Three cookies of a session are more than servers take as a header unless they are told to."""
    with smart_ehr() as ehr:
        admit(ehr)
        port = free_port()
        app = f"http://127.0.0.1:{port}"
        entry = public(ehr)
        ehr.clients["allcue"] = Client(f"{app}/smart/callback")

        def longer(found: dict[str, str]) -> dict[str, str]:
            token = "t" * 9000
            ehr.ends[token] = ehr.ends[found["access_token"]]
            return {**found, "access_token": token}

        ehr.token = longer
        environ = {
            "ALLCUE_SMART_FILE": str(registered(tmp_path, entry)),
            "ALLCUE_PUBLIC_BASE_URL": app,
            "ALLCUE_SITE_SECRET": SECRET,
            "ALLCUE_DATABASE_URL": "none",
        }
        with (tmp_path / "log").open("wb") as log, served(environ, log=log, port=port), requests.Session() as browser:
            query = {"iss": ehr.iss, "launch": ehr.launch("p1")}
            page = browser.get(f"{app}/smart/launch", params=query, timeout=60)
            assert page.status_code == 200, page.text
            assert page.url.endswith("/chart")
            assert len(browser.cookies) > 2
            assert "Synthetic Patient-4 Example" in page.text
        told = (tmp_path / "log").read_text()
        assert "launch begun: EHR launch" in told
        assert "tttt" not in told
