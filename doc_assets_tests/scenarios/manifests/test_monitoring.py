"""Prometheus finds the exporter, and the dashboard shows only what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from doc_assets.exporter.metrics import BY_NAME
from doc_assets_tests.support import ROOT

K8S = ROOT / "k8s"
COMPONENT = K8S / "components" / "monitoring"
DASHBOARD = json.loads((COMPONENT / "dashboard.json").read_text())
EXPRESSIONS = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
# Of those that the dashboard uses; labels that Prometheus adds when it scrapes are not used.
FUNCTIONS = {"sum", "min", "max", "count", "topk", "increase", "rate", "time", "vector", "by", "or", "and"}


def documents(path: Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def of_kind(path: Path, kind: str) -> dict:
    (found,) = [document for document in documents(path) if document["kind"] == kind]
    return found


def test_the_component_holds_every_file_of_it_and_finds_grafana():
    component = of_kind(COMPONENT / "kustomization.yaml", "Component")
    (generated,) = component["configMapGenerator"]
    assert generated["options"]["labels"]["grafana_dashboard"] == "1"
    assert generated["options"]["disableNameSuffixHash"] is True
    named = {"kustomization.yaml", *component["resources"], *(f.partition("=")[2] for f in generated["files"])}
    assert named == {path.name for path in COMPONENT.iterdir()}


def test_the_pod_monitor_and_the_service_find_the_exporter_s_port():
    deployment = of_kind(K8S / "base" / "exporter.yaml", "Deployment")
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    monitor = of_kind(COMPONENT / "podmonitor.yaml", "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {endpoint["port"]: 9464}
    annotations = template["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == "9464" and annotations["prometheus.io/path"] == endpoint["path"]
    service = of_kind(K8S / "base" / "exporter.yaml", "Service")
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    assert [(p["port"], p["targetPort"]) for p in service["spec"]["ports"]] == [(9464, "metrics")]
    probes = {name: container[name]["httpGet"]["path"] for name in ("readinessProbe", "livenessProbe", "startupProbe")}
    assert probes == {"readinessProbe": "/readyz", "livenessProbe": "/healthz", "startupProbe": "/healthz"}


def test_the_dashboard_is_one_that_grafana_can_read():
    assert DASHBOARD["schemaVersion"] >= 39 and DASHBOARD["title"] and DASHBOARD["uid"]
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in DASHBOARD["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}" and panel["title"]
        assert panel["type"] in {"stat", "table", "timeseries", "bargauge"}
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24 and place["h"] > 0
        references = [target["refId"] for target in panel["targets"]]
        assert references and len(set(references)) == len(references)


def test_no_two_panels_overlap():
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies over {taken[x, y]}"
                taken[x, y] = panel["title"]


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS)
def test_a_panel_asks_for_metrics_and_labels_that_exist(title, expression):
    names = re.findall(r"\bdoc_assets_\w+", expression)
    assert names and set(names) <= set(BY_NAME)
    known = {label for name in names for label in BY_NAME[name].labels}
    for name, matchers in re.findall(r"(doc_assets_\w+)\{([^}]*)\}", expression):
        assert set(re.findall(r"(\w+)=~?\"", matchers)) <= set(BY_NAME[name].labels)
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(labels.replace(" ", "").split(",")) <= known
    assert set(re.findall(r"\b([a-z]+) ?\(", expression)) <= FUNCTIONS
    for counter in re.findall(r"\b(doc_assets_\w+_total)\b", expression):
        assert re.search(rf"(rate|increase)\({counter}", expression), f"{title} shows a counter as it is"


def test_the_query_of_the_variable_names_what_exists():
    (query,) = [v["definition"] for v in DASHBOARD["templating"]["list"] if v["type"] == "query"]
    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", query).groups()  # pyrefly: ignore[missing-attribute]
    assert label in BY_NAME[metric].labels
