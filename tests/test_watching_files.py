"""The alert rules and the Grafana dashboard speak of metrics, labels and runbook sections that exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dashboard.control.models import State
from dashboard.fleet.meters import SENT_HEADER
from dashboard.web.watching.table import METRICS

ROOT = Path(__file__).parent.parent
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"][0][
    "rules"
]
OTHERS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
LABELS = {"instance", "job", "le"}


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])


ALL = list(expressions())


@pytest.mark.parametrize("expression", [text for _, text in ALL], ids=[name for name, _ in ALL])
def test_every_metric_and_label_that_is_asked_for_exists(expression: str) -> None:
    known = {series: set(metric.labels) for metric in METRICS for series in metric.series}
    names = set(re.findall(r"\b(?:ona_dashboard_\w+|process_\w+)\b", expression))
    assert names or re.match(r"up\b", expression)
    assert names <= set(known) | OTHERS
    asked = set(re.findall(r"(\w+)=~?!?\"", expression.replace("!=", "=")))
    for group in re.findall(r"(?:by|on) \(([^)]*)\)", expression):
        asked |= {label.strip() for label in group.split(",") if label.strip()}
    assert asked <= LABELS.union(*(known.get(name, set()) for name in names))


def test_every_metric_is_shown() -> None:
    shown = " ".join(text for _, text in ALL)
    unseen = {metric.full_name for metric in METRICS if not any(series in shown for series in metric.series)}
    assert unseen == {"ona_dashboard_info", "ona_dashboard_snapshot_version"}


def test_states_that_are_asked_for_exist() -> None:
    asked = {
        word
        for _, text in ALL
        for words in re.findall(r'state=~?"([^"]*)"', text)
        for word in words.split("|")
    }
    assert asked <= {state.value for state in State}


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_alert_says_what_it_is_and_leads_to_a_section_of_the_runbook(rule: dict[str, object]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert re.fullmatch(r"\d+m", rule["for"])
    path, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_panels_have_a_place_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_time_of_a_message_has_a_name_that_celery_does_not_use() -> None:
    assert SENT_HEADER.startswith("ona_")
