"""Forms of actions: each limit comes back at its field."""

import re
from dataclasses import replace
from typing import Any

import pytest
from django.http import HttpResponse

from dashboard.control.models import Action
from dashboard.fleet.entities import Environment, Port, Service
from tests.web.conftest import Dashboard, text, trigger
from tests.web.forms import carried_out, errors, one, send

assert one  # the fixture


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("environments/e1/edit", {"name": ""}, "name"),
        ("environments/e1/edit", {"name": " \n "}, "name"),
        ("environments/e1/edit", {"name": "x" * 81}, "name"),
        ("environments/e1/edit", {"name": "one", "timeout": "77"}, "timeout"),
        ("environments/e1/edit", {"name": "one", "timeout": "other"}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "other", "minutes": "29"}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "other", "minutes": "-1"}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "other", "minutes": "1e3"}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "other", "minutes": "9" * 15}, "minutes"),
        ("environments/e1/edit", {"name": "one", "timeout": "3600", "minutes": "45"}, "minutes"),
        ("environments/e1/delete", {}, "confirmation"),
        ("environments/e1/delete", {"confirmation": "two"}, "confirmation"),
        ("environments/e2/force-delete", {}, "confirmation"),
        ("services/s1/edit", {"name": "", "start": "run"}, "name"),
        ("services/s1/edit", {"name": "db", "start": ""}, "start"),
        ("services/s1/edit", {"name": "db", "start": "x" * 8_000}, "start"),
        ("services/s1/edit", {"name": "x" * 201, "start": "run"}, "name"),
        ("services/s1/edit", {"name": "db", "start": "run", "triggers": "beforeSnapshot"}, "triggers"),
        ("services/s1/edit", {"name": "db", "start": "run", "description": "x" * 1_000}, "description"),
        ("tasks/t1/edit", {"name": ""}, "name"),
        ("tasks/t1/edit", {"name": "b", "command": "x" * 8_000}, "command"),
    ],
)
def test_a_limit_comes_back_at_its_field_in_the_dialog_and_on_a_page(
    dashboard: Dashboard, one: Environment, path: str, fields: dict[str, str], field: str
) -> None:
    dialog = send(dashboard, f"/{path}/", reason="because", **fields)
    page = dashboard.post(f"/{path}/", reason="because", **fields)
    assert (dialog.status_code, page.status_code) == (200, 422)
    for response in (dialog, page):
        assert list(errors(response)) == [field]
        assert 'value="because"' in text(response)
        group = field == "triggers"  # the fieldset around the boxes
        pattern = (
            rf'id="id_{field}_error"' if group else rf'<(?:input|select|textarea)[^>]*name="{field}"[^>]*>'
        )
        found = re.search(pattern, text(response))
        assert found
        assert group or 'aria-invalid="true"' in found[0]
        assert f"id_{field}_error" in found[0]
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (
            "environments/e1/edit",
            {"name": "one", "initial-name": "one", "timeout": "3600", "initial-timeout": "3600"},
        ),
        ("services/s1/edit", {"name": "db", "initial-name": "db", "start": "run", "initial-start": "run"}),
        ("tasks/t1/edit", {"name": "build", "initial-name": "build"}),
    ],
)
def test_an_edit_that_changes_nothing_says_so(
    dashboard: Dashboard, one: Environment, path: str, fields: dict[str, str]
) -> None:
    assert "Nothing was changed." in text(send(dashboard, f"/{path}/", **fields))
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("fields", "params"),
    [
        ({"name": " two  words "}, {"name": "two words"}),
        ({"name": "one", "initial-name": "one", "timeout": "0"}, {"timeout": 0.0}),
        ({"name": "x" * 80, "timeout": "other", "minutes": "90"}, {"name": "x" * 80, "timeout": 5400.0}),
        ({"name": "ünï 💩", "timeout": "3600", "initial-timeout": "3600"}, {"name": "ünï 💩"}),
    ],
)
def test_only_what_changed_is_asked_for(
    dashboard: Dashboard, one: Environment, fields: dict[str, str], params: dict[str, Any]
) -> None:
    assert send(dashboard, "/environments/e1/edit/", **fields).status_code == 204
    assert Action.objects.get().params == params


def test_an_edit_while_another_one_is_open_is_not_lost_silently(
    dashboard: Dashboard, one: Environment
) -> None:
    assert send(dashboard, "/environments/e1/edit/", name="two").status_code == 204
    again = send(dashboard, "/environments/e1/edit/", name="three")
    assert "still under way" in text(again)
    assert 'value="three"' in text(again)
    same = trigger(send(dashboard, "/environments/e1/edit/", name="two"))
    assert "was asked for already" in same["toast"]["text"]
    assert Action.objects.count() == 1


def test_commands_are_locked_while_a_service_runs_or_nobody_has_read_them(
    dashboard: Dashboard, one: Environment
) -> None:
    dashboard.put(Service("s3", "e1", "new", phase="stopped"))
    for key, why in (("s2", "only while the service is stopped"), ("s3", "not been read yet")):
        page = text(dashboard.get(f"/services/{key}/edit/"))
        assert page.count(why) >= 3
        assert re.search(r'<textarea[^>]*name="start"[^>]*disabled', page)
        assert send(dashboard, f"/services/{key}/edit/", name="kept", start="rm -rf /").status_code == 204
    assert [action.params for action in Action.objects.all()] == [{"name": "kept"}] * 2


def test_deleting_shows_what_would_be_lost_and_asks_for_the_name_only_then(
    dashboard: Dashboard, one: Environment
) -> None:
    page = text(dashboard.get("/environments/e1/delete/"))
    assert "2 unpushed commits and 1 changed file. Deleting it loses them." in page
    assert send(dashboard, "/environments/e1/delete/", confirmation=" ONE ").status_code == 204
    assert 'name="confirmation"' not in text(dashboard.get("/environments/e2/delete/"))
    assert send(dashboard, "/environments/e2/delete/").status_code == 204
    assert [action.params for action in Action.objects.all()] == [{}, {}]


def test_an_operator_cannot_force(dashboard: Dashboard) -> None:
    own = dashboard.running(own=True)
    page = text(dashboard.get(f"/environments/{own.id}/", "operator"))
    assert f'id="delete-{own.id}"' in page
    assert f'id="force-delete-{own.id}"' not in page
    assert dashboard.get(f"/environments/{own.id}/force-delete/", "operator").status_code == 403


def ports_of(page: HttpResponse) -> dict[str, str]:
    """The form's controls as they are filled in."""
    found = dict(re.findall(r'<input[^>]*name="(port_\d+_[01])"(?:[^>]* value="([^"]*)")?', text(page)))
    for name, options in re.findall(
        r'<select name="(port_\d+_[23])"[^>]*>(.*?)</select>', text(page), re.DOTALL
    ):
        chosen = re.search(r'value="(\w*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_ports_are_shared_changed_and_taken_out(dashboard: Dashboard) -> None:
    row = dashboard.environment(lambda row: row.phase == "running" and len(row.ports) >= 2)
    path = f"/environments/{row.id}/edit-ports/"
    given, last = ports_of(dashboard.get(path)), len(row.ports)
    assert [given[f"port_{n}_0"] for n in range(last)] == [
        str(n) for n in sorted(p.number for p in row.ports)
    ]
    assert "Nothing was changed." in text(send(dashboard, path, **given))
    fresh = {"0": "9000", "1": " Docs  site ", "2": "everyone", "3": "https"}
    given |= {"port_0_0": ""} | {f"port_{last}_{part}": value for part, value in fresh.items()}
    assert send(dashboard, path, **given).status_code == 204
    assert carried_out(dashboard).state == "confirmed"
    ports = {port.number: port for port in dashboard.fleet.environments[row.id].ports}
    assert min(one.number for one in row.ports) not in ports
    assert (ports[9000].name, ports[9000].admission, ports[9000].protocol) == (
        "Docs site",
        "everyone",
        "https",
    )
    assert "9000 Docs site" in text(dashboard.get("/activity/"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"port_0_0": "80", "port_0_1": "web"}, "port_0"),
        ({"port_0_0": "65536", "port_0_1": "web"}, "port_0"),
        ({"port_0_0": "x", "port_0_1": "web"}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": " "}, "port_0"),
        ({"port_0_0": "", "port_0_1": "web"}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": "x" * 101}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": "a", "port_0_2": "nobody"}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": "a", "port_0_3": "gopher"}, "port_0"),
        ({"port_0_0": "3000", "port_0_1": "a", "port_1_0": "3000", "port_1_1": "b"}, "port_1"),
    ],
)
def test_a_ports_limits_come_back_at_its_row(
    dashboard: Dashboard, one: Environment, fields: dict[str, str], field: str
) -> None:
    assert list(errors(send(dashboard, "/environments/e1/edit-ports/", **fields))) == [field]
    assert not Action.objects.exists()


def test_the_last_port_cannot_be_taken_out(dashboard: Dashboard, one: Environment) -> None:
    dashboard.put(replace(one, id="e3", ports=(Port(3000, "web"),)))
    assert "cannot take out the last port" in text(send(dashboard, "/environments/e3/edit-ports/"))
