"""Alert rules, dashboard and runbooks: that they name what there is, and that Prometheus itself takes them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from service.watch.catalogue import METRICS

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS, GRAFANA, RUNBOOKS = ROOT / "deploy/prometheus", ROOT / "deploy/grafana", ROOT / "docs/runbooks"
HEADINGS = ["What it means for patients", "How to see it", "What to do", "When to switch the service off"]
NAMES = {name: metric for metric in METRICS for name in metric.names}
SPOKEN_OF = {*NAMES, *(metric.name for metric in METRICS)}
OF_PROMETHEUS = {"up": {"job", "instance"}}
promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian: prometheus)")


@cache
def alerts() -> dict[str, Any]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


@cache
def dashboard() -> Any:
    return json.loads((GRAFANA / "dashboard.json").read_text(encoding="utf-8"))


def expressions() -> list[Any]:
    found = [pytest.param(rule["expr"], id=name) for name, rule in alerts().items()]
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"].replace("$__rate_interval", "5m").replace("$__range", "6h").replace("$instance", ".*")
            found.append(pytest.param(expr, id=f"{panel['title']} {target['refId']}"))
    return found


def selectors(node: Any) -> list[Any]:
    """The selectors of series in an expression."""
    if isinstance(node, promql.VectorSelector):
        return [node]
    inner = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "param", "vector_selector", "vs")]
    inner += list(getattr(node, "args", None) or ())
    return [found for child in inner if child is not None for found in selectors(child)]


@pytest.mark.parametrize("expr", expressions())
def test_expressions_name_metrics_and_labels_that_there_are(expr: str) -> None:
    found = selectors(promql.parse(expr))
    assert {one.name for one in found} == set(re.findall(r"allcue_\w+|\bup\b", expr)), "a selector was overlooked"
    for one in found:
        matched = {matcher.name for matcher in one.matchers.matchers}
        if one.name in OF_PROMETHEUS:
            assert matched <= OF_PROMETHEUS[one.name]
            continue
        assert matched <= {*NAMES[one.name].labels, "le", "instance", "job"}, one.name


@pytest.mark.parametrize("expr", expressions())
def test_parts_are_put_together_by_labels_that_there_are(expr: str) -> None:
    known = {label for one in selectors(promql.parse(expr)) if one.name in NAMES for label in NAMES[one.name].labels}
    named = {word for part in re.findall(r"\bby \(([^)]*)\)", expr) for word in re.findall(r"\w+", part)}
    assert named <= {*known, "le", "instance"}


def test_every_metric_is_shown_or_alerted_or_for_reports() -> None:
    """What nobody looks at need not be counted."""
    named = " ".join(parameter.values[0] for parameter in expressions())
    unseen = {metric.name for metric in METRICS if not any(name in named for name in metric.names)}
    assert unseen == {"allcue_time_limit_seconds", "allcue_edition_info"}, "these are read beside others"


def test_every_alert_has_its_runbook_and_no_other_is_there() -> None:
    urls = {name: rule["annotations"]["runbook_url"] for name, rule in alerts().items()}
    assert {ROOT / url for url in urls.values()} == set(RUNBOOKS.glob("*.md"))
    assert len(set(urls.values())) == len(urls)
    for name, url in urls.items():
        assert name == "Allcue" + "".join(word.capitalize() for word in Path(url).stem.split("-"))
        assert {"summary", "description"} <= alerts()[name]["annotations"].keys()
        assert alerts()[name]["labels"]["severity"] in ("warning", "critical")


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_runbooks_say_what_they_must(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    assert parts[1::2] == HEADINGS
    assert all(part.strip() for part in parts[2::2])
    for name in re.findall(r"allcue_\w+", text):
        assert name in SPOKEN_OF, f"{page.name} names {name}"
    for variable in re.findall(r"ALLCUE_\w+", text):
        assert variable in (ROOT / "docs/integration.md").read_text(encoding="utf-8"), variable
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (page.parent / target).exists(), target


def test_the_dashboard_is_whole() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert 0 <= place["x"] <= 24 - place["w"]
        assert panel["type"] == "row" or panel["targets"]
    taken = [(x, y) for panel in panels for x, y in _cells(panel["gridPos"])]
    assert len(taken) == len(set(taken)), "panels overlap"
    for file in GRAFANA.glob("provisioning/**/*.yml"):
        assert yaml.safe_load(file.read_text(encoding="utf-8"))["apiVersion"] == 1


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    columns, rows = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
    return [(x, y) for x in columns for y in rows]


@promtool
@pytest.mark.parametrize(
    "command", [("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")],
    ids=" ".join,
)  # fmt: skip
def test_prometheus_takes_them(command: tuple[str, ...]) -> None:
    run = subprocess.run(["promtool", *command], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
