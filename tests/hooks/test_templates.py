"""Prefetch queries that every client can run, and a site's own file of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.app import create_app
from service.hooks.contract import KeyState
from service.hooks.queries import LONGEST, TOKEN, narrows, problems
from service.hooks.templates import TemplateProblems, read_templates, with_templates
from service.hooks.tokens import render, tokens
from service.services import SERVICES
from service.settings import Settings, SettingsError
from tests.hooks.support import CONDITION, OBSERVATION, PATIENT, VIEW, Recorder, app_of, body, post, searchset

OF_PATIENT = f"Observation?patient={TOKEN}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.id)
def test_own_templates_are_within_the_recommended_subset(service: Any) -> None:
    assert service.prefetch
    for query in service.prefetch.values():
        assert list(problems(query)) == []
        assert not narrows(query)
        assert tokens(query) == ("context.patientId",)
        assert len(render(query, {"patientId": "é" * 64}) or "") <= 2048  # encoded: six characters each


GOOD = [
    f"Patient/{TOKEN}",
    OF_PATIENT,
    f"Observation?subject=Patient/{TOKEN}",
    f"{OF_PATIENT}&category=laboratory",
    f"{OF_PATIENT}&category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory,vital-signs",
    f"{OF_PATIENT}&code:in=http://example.org/ValueSet/a",
    f"{OF_PATIENT}&date=ge2020-01-31&_sort=-date&_count=100",
    f"AdverseEvent?subject=Patient/{TOKEN}",
]


@pytest.mark.parametrize("query", GOOD)
def test_what_every_client_can_run(query: str) -> None:
    assert list(problems(query)) == []


BAD = {
    "": "neither a read",
    f"Patient?_id={TOKEN}": "searches Patient",
    "Patient/1": "neither a read",
    f"Condition/{TOKEN}": "reads a Condition",
    f"https://ehr.example.org/{OF_PATIENT}": "neither a read",
    f"/{OF_PATIENT}": "neither a read",
    "Observation?category=laboratory": "does not ask for the patient",
    "Observation?patient=1": "does not ask for the patient",
    f"Observation?patient={TOKEN},other": "does not ask for the patient",
    f"AdverseEvent?patient={TOKEN}": "does not ask for the patient",
    f"Slot?patient={TOKEN}": "searches Slot",
    f"{OF_PATIENT}&_include=Observation:subject": "uses _include",
    f"{OF_PATIENT}&_revinclude=Provenance:target": "uses _revinclude",
    f"{OF_PATIENT}&code:not=1": "uses code:not",
    f"{OF_PATIENT}&subject:Patient.name=x": "uses subject:Patient.name",
    f"{OF_PATIENT}&_has:Group:member:_id=x": "uses _has",
    f"{OF_PATIENT}&value-quantity=gt5": "uses value-quantity",
    f"{OF_PATIENT}&date=ge2020&date=le2021": "more than once",
    f"{OF_PATIENT}&date=ge{{{{today()}}}}": "for date",
    f"{OF_PATIENT}&date=sa2020": "for date",
    f"{OF_PATIENT}&code={{{{context.code}}}}": "for code",
    f"{OF_PATIENT}&code=": "for code",
    f"{OF_PATIENT}&code=a#b": "for code",
    f"{OF_PATIENT}&_count=0": "for _count",
    f"{OF_PATIENT}&_sort=date desc": "for _sort",
    f"{OF_PATIENT}&": "without name",
    f"{OF_PATIENT}&code={'1,' * LONGEST}1": "Allowed: 1800",
}


@pytest.mark.parametrize(("query", "words"), BAD.items())
def test_what_clients_differ_on_is_refused(query: str, words: str) -> None:
    assert words in "; ".join(problems(query))


def file_of(folder: Path, text: str) -> Path:
    path = folder / "prefetch.yaml"
    path.write_text(text)
    return path


def test_a_site_replaces_adds_and_drops(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        f"""observations: {OF_PATIENT}&category=laboratory
observations-genomics: {{query: "{OF_PATIENT}&category=genomics", complete: true}}
conditions: Condition?patient={TOKEN}&_count=200
encounters: null
""",
    )
    changed = with_templates(SERVICES, read_templates(path, SERVICES))
    for service in changed:
        assert service.prefetch["observations"].endswith("category=laboratory")
        assert service.resource_types["observations-genomics"] == ("Observation",)
        assert "encounters" not in service.prefetch
        assert set(service.narrowed) == {"observations"}
        assert service.required == {"patient", "conditions"}
    settings = Settings(prefetch_file=path)
    offered = create_app(settings).test_client().get("/cds-services").json["services"]
    assert all("observations-genomics" in service["prefetch"] for service in offered)


FILES = {
    "observatons: null": "prefetch.yaml:1: 'observatons': cannot be dropped: there is no such key",
    "conditions: null": "'conditions': cannot be dropped: it is required",
    "# c\nobservations: Condition?patient={{context.patientId}}": "prefetch.yaml:2: 'observations': asks for Condition",
    "Labs: Observation?patient={{context.patientId}}": "'Labs': is no name for a key",
    "slots: Slot?patient={{context.patientId}}": "searches Slot",
    "specimens: Specimen?patient={{context.patientId}}": "no key of the services reads",
    "observations: [a]": "must be a query",
    "observations: {quary: a}": "has quary. Allowed: query, complete",
    "observations: {query: 'Observation?patient={{context.patientId}}', complete: 1}": "neither true nor false",
    "a: null\na: null": "cannot be dropped",
    "observations: Observation?patient={{context.patientId}}\nobservations: Observation?patient={{context.patientId}}":
        "prefetch.yaml:2: 'observations': stands there twice",
    "- a": "must be a mapping",
    "": "must be a mapping",
    "a: {": "prefetch.yaml:1: is no YAML",
    "a: !!python/object:os.system x": "is no YAML",
    "? [a]\n: b": "is no name",
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), FILES.items())
def test_what_is_wrong_with_a_file_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(TemplateProblems) as problem:
        read_templates(file_of(tmp_path, text), SERVICES)
    assert words in str(problem.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(TemplateProblems) as problem:
        read_templates(file_of(tmp_path, "patient: null\nconditions: x\nreports: 1\n"), SERVICES)
    assert [line.partition(": ")[2].partition(":")[0] for line in str(problem.value).splitlines()] == [
        "'patient'", "'conditions'", "'reports'",
    ]  # fmt: skip


def test_the_service_does_not_start_on_a_wrong_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ALLCUE_PREFETCH_FILE.*\n.*'conditions': cannot be dropped"):
        create_app(Settings(prefetch_file=file_of(tmp_path, "conditions: null")))


@pytest.mark.parametrize(("complete", "state"), [(False, KeyState.PARTIAL), (True, KeyState.PROVIDED)])
def test_a_part_is_not_taken_for_all(tmp_path: Path, complete: bool, state: KeyState) -> None:
    text = f"observations: {{query: '{OF_PATIENT}&category=laboratory', complete: {str(complete).lower()}}}"
    services = with_templates([VIEW], read_templates(file_of(tmp_path, text), [VIEW]))
    engine = Recorder()
    sent = {"patient": PATIENT, "conditions": searchset(CONDITION), "observations": searchset(OBSERVATION)}
    assert post(app_of(engine, services=services), body(prefetch=sent)).status_code == 200
    assert engine.states["observations"] is state
    assert post(app_of(engine, services=services), body(prefetch={**sent, "observations": None})).status_code == 200
    assert engine.states["observations"] is (KeyState.EMPTY if complete else KeyState.FAILED)
