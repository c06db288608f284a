"""What browsers refuse reaches the log: short, quoted, without what somebody searched for."""

import json

import pytest
from django.http import HttpResponse
from django.test import Client

from dashboard.fleet.tries import Limit
from dashboard.web import limits
from tests.web.conftest import Dashboard

REPORT = {
    "document-uri": "https://ona.example.com/environments/?q=secret",
    "violated-directive": "script-src-elem",
    "blocked-uri": "https://evil.example/x.js?token=secret",
    "source-file": "",
}


def send(dashboard: Dashboard, report: object, role: str = "anonymous") -> HttpResponse:
    browser: Client = dashboard.clients[role]
    return browser.post("/reports/csp/", json.dumps(report), content_type="application/csp-report")


def test_the_policy_says_where_to_report(dashboard: Dashboard) -> None:
    assert "report-uri /reports/csp/" in dashboard.get("/")["Content-Security-Policy"]


@pytest.mark.parametrize("role", ["anonymous", "viewer"])
def test_a_report_is_logged_without_queries(
    dashboard: Dashboard, caplog: pytest.LogCaptureFixture, role: str
) -> None:
    assert send(dashboard, {"csp-report": REPORT}, role).status_code == 204
    assert "'script-src-elem' from 'https://evil.example/x.js' on 'https://ona.example.com/" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("report", [None, [], "x", {}, {"csp-report": None}, {"csp-report": [1]}])
def test_what_is_no_report_is_refused(dashboard: Dashboard, report: object) -> None:
    assert send(dashboard, report).status_code == 400


def test_a_report_cannot_forge_lines_of_the_log_or_fill_it(
    dashboard: Dashboard, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = {"blocked-uri": "x\nERROR forged\x1b[31m", "violated-directive": "d" * 1000, "document-uri": 7}
    assert send(dashboard, {"csp-report": bad}).status_code == 204
    (record,) = [one for one in caplog.records if one.name.endswith("reports")]
    assert "\n" not in record.getMessage()
    assert "\x1b" not in record.getMessage()
    assert len(record.getMessage()) < 700
    assert send(dashboard, {"csp-report": {"blocked-uri": "x" * 20_000}}).status_code == 413
    monkeypatch.setattr(limits, "REPORTS", Limit("reports", 0, 60))
    caplog.clear()
    assert send(dashboard, {"csp-report": REPORT}).status_code == 204
    assert not caplog.records
