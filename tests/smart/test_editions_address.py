"""Sources are named in the address, options in a form; neither says anything of the patient."""

from __future__ import annotations

from flask.testing import FlaskClient

from service.settings import Settings
from tests.apps import client_of

EXAMPLE = {"example": "relapsed-ph-positive-t315i"}


def opened(client: FlaskClient) -> str:
    return str(client.post("/demo/chart", data=EXAMPLE).headers["Location"])


def test_the_address_names_the_sources_and_the_form_keeps_them() -> None:
    client = client_of(Settings())
    page = client.get(f"{opened(client)}editions?source=nccn-2015&source=gba-2025")
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert text.count('" checked>') == 2
    assert 'value="gba-2025" checked' in text


def test_chosen_options_come_by_post() -> None:
    client = client_of(Settings())
    base = opened(client)
    form = {f"option:relapsed-refractory/{drug}": "1" for drug in ("blinatumomab", "inotuzumab ozogamicin")}
    page = client.post(f"{base}options", data={**form, "compare": "1"})
    assert page.status_code == 200
    assert "Chosen options side by side" in page.get_data(as_text=True)
    assert "Chosen options side by side" not in client.get(f"{base}options").get_data(as_text=True)
