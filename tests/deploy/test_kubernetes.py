"""The manifests of deploy/kubernetes: built, valid for several versions of Kubernetes, and what a security review looks for."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bench.served import ROOT
from tests.deploy.kustomize import Object, build, key, objects, pod

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("production", "sandbox")
VERSIONS = ("1.30", "1.32", "1.34")  # 1.30: the first with a preStop of `sleep` that is on by itself


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> list[Object]:
    return build(FOLDER / "overlays" / request.param)


@pytest.fixture
def production() -> dict[tuple[str, str], Object]:
    return {key(one): one for one in build(FOLDER / "overlays" / "production")}


def pods(found: list[Object]) -> list[Object]:
    return [template for one in found if (template := pod(one)) is not None]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(overlay: list[Object], version: str) -> None:
    for one in overlay:
        kubernetes_validate.validate(one, version, strict=True)


def test_the_schemas_refuse_what_is_wrong(production: dict[tuple[str, str], Object]) -> None:
    wrong = copy.deepcopy(production["Deployment", "allcue"])
    wrong["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_every_file_is_used() -> None:
    used: set[Path] = set()
    for made in FOLDER.rglob("kustomization.yaml"):
        told = yaml.safe_load(made.read_text())
        names = [*told.get("resources", ()), *(each["path"] for each in told.get("patches", ()))]
        for each in told.get("configMapGenerator", ()):
            names += [*each.get("files", ()), *each.get("envs", ())]
        used |= {made, *((made.parent / name).resolve() for name in names)}
    assert {path for path in FOLDER.rglob("*") if path.is_file() and path.parent.name != "examples"} - used == set()


def normal(found: list[Object]) -> dict[tuple[str, str], Object]:
    """Objects by kind and name, without the hashes of generated names."""
    text = re.sub(r"(allcue-(?:settings|site))-[0-9a-z]{10}\b", r"\1", json.dumps(found))
    return {key(one): one for one in json.loads(text)}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl, to compare with the real kustomize")
@pytest.mark.parametrize("name", OVERLAYS)
def test_kustomize_builds_the_same(name: str) -> None:
    built = subprocess.run(
        ["kubectl", "kustomize", FOLDER / "overlays" / name], check=True, capture_output=True, text=True
    )
    assert normal(list(yaml.safe_load_all(built.stdout))) == normal(build(FOLDER / "overlays" / name))


def test_pods_are_as_closed_as_they_can_be(overlay: list[Object]) -> None:
    for template in pods(overlay):
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"requests", "limits"} == set(container["resources"])
            assert not container["image"].endswith(":latest")
            assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


def test_what_is_mounted_and_named_is_there(overlay: list[Object]) -> None:
    names = {key(one) for one in overlay}
    for template in pods(overlay):
        spec = template["spec"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for container in spec["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= set(volumes)
            for source in container.get("envFrom", ()):
                assert ("ConfigMap", source["configMapRef"]["name"]) in names
        for volume in volumes.values():
            assert "configMap" not in volume or ("ConfigMap", volume["configMap"]["name"]) in names
        assert ("ServiceAccount", spec["serviceAccountName"]) in names


def test_selectors_select_the_instances_and_not_the_job(overlay: list[Object]) -> None:
    templates = {key(one): pod(one)["metadata"]["labels"] for one in overlay if pod(one)}  # type: ignore[index]
    for one in overlay:
        spec = one.get("spec", {})
        selector = {"Service": spec.get("selector"), "Deployment": spec.get("selector", {}).get("matchLabels"),
                    "PodDisruptionBudget": spec.get("selector", {}).get("matchLabels")}.get(one["kind"])  # fmt: skip
        if selector:
            selected = {name for name, labels in templates.items() if selector.items() <= labels.items()}
            assert selected == {("Deployment", "allcue")}, key(one)


def test_no_secret_has_a_value_in_the_repository() -> None:
    for path in FOLDER.rglob("*.yaml"):
        if path.name != "clients.yaml":
            assert not [one for one in objects(path) if one["kind"] == "Secret"], path


def test_secrets_are_read_from_where_they_are_mounted(production: dict[tuple[str, str], Object]) -> None:
    for name in (("Deployment", "allcue"), ("Job", "allcue-db-upgrade")):
        template = pod(production[name])
        assert template is not None
        container = template["spec"]["containers"][0]
        mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
        files = [each["value"] for each in container["env"] if each["name"].endswith("_FILE")]
        assert files
        assert all(any(path.startswith(f"{mount}/") for mount in mounts) for path in files)


def test_an_ending_instance_has_the_time_that_the_service_takes(production: dict[tuple[str, str], Object]) -> None:
    template = pod(production["Deployment", "allcue"])
    assert template is not None
    waits = template["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert template["spec"]["terminationGracePeriodSeconds"] >= waits + 30 + 3


def test_nothing_goes_in_or_out_unless_named(overlay: list[Object]) -> None:
    policies: list[Any] = [one for one in overlay if one["kind"] == "NetworkPolicy"]
    (closed,) = [one for one in policies if one["spec"]["podSelector"] == {}]
    assert closed["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for one in policies:
        for rule in [*one["spec"].get("ingress", ()), *one["spec"].get("egress", ())]:
            assert rule.get("from") or rule.get("to"), "from or to anywhere"
            assert rule["ports"], "any port"
            assert all(peer.get("ipBlock", {}).get("cidr") != "0.0.0.0/0" for peer in rule.get("to", ()))


def test_readiness_asks_for_content_and_not_for_the_store(overlay: list[Object]) -> None:
    (deployment,) = [one for one in overlay if one["kind"] == "Deployment"]
    probes = deployment["spec"]["template"]["spec"]["containers"][0]
    assert probes["readinessProbe"]["httpGet"]["path"] == "/ready?store=optional"
    assert probes["livenessProbe"]["httpGet"]["path"] == "/health"
