"""`manage.py access_token`: who gets one, what is written down, and that the token itself is nowhere."""

import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from dashboard.control import ledger, left_behind
from dashboard.control.models import Action, Role, State, User
from dashboard.fleet.entities import Environment
from dashboard.fleet.snapshot import Snapshot
from dashboard.fleet.store import Observation, Store, connect, namespace
from dashboard.fleet.sync import Sync
from dashboard.simulator import World, create_app, serve
from tests.fleet.test_secrets import everything_in
from tests.test_commands import manage
from tests.unruly import carried_out_and_dropped, passed, refusing

METHOD = "CreateEnvironmentAccessToken"


@pytest.fixture
def api(simulated, settings, valkey_url, db):
    """Settings that point at the simulator and at a Valkey that holds its fleet; accounts of all roles."""
    settings.REDIS_URL, settings.ONA_BASE_URL = valkey_url, simulated.base_url
    settings.ONA_API_KEY, settings.ONA_ACTION_API_KEY = "readonly-key", "acting-key"
    poll(simulated)
    for role in Role:
        User.objects.create(username=role.value, role=role)
    return simulated


def store(api):
    return Store(connect(settings.REDIS_URL), namespace(api.base_url, "readonly-key"))


def poll(api):
    sync = Sync(api.ona, store(api), Snapshot(store(api), lambda: 0.0), api.clock)
    assert not sync.full().error


def of_somebody(api):
    return next(row for row in api.world.environments.values() if row.usable)


def ask(api, identifier="", name="admin", reason="to look into a hung build"):
    call_command("access_token", identifier or of_somebody(api).id, "--as", name, "--reason", reason)


def nobody_sends(key):
    pytest.fail(f"{key} was handed to a worker")


def refused(api, **asked):
    with pytest.raises(CommandError) as trouble:
        ask(api, **asked)
    return str(trouble.value)


def test_an_admin_gets_a_token_once_and_the_ledger_says_who_and_why(api, capsys):
    ask(api)
    token, said = capsys.readouterr()
    action, target = Action.objects.get(), of_somebody(api)
    assert token.strip().startswith("eyJ")
    assert "kept nowhere" in said
    assert (action.verb, action.state) == ("environment.access-token", State.CONFIRMED)
    assert (action.target_id, action.actor_name) == (target.id, "admin")
    assert (action.reason, action.params, action.result_id) == ("to look into a hung build", {}, "")
    assert [(call.method, call.target) for call in api.world.calls] == [(METHOD, target.id)]


def test_the_token_is_in_no_log_no_table_and_no_key(api, valkey, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    ask(api)
    token = capsys.readouterr().out.strip()
    tables = json.dumps([list(map(str, row)) for row in Action.objects.values_list()])
    assert of_somebody(api).id in tables
    assert of_somebody(api).id in everything_in(valkey)
    for place in (tables, everything_in(valkey), caplog.text, str(Action.objects.get())):
        assert token not in place


def test_run_by_a_person_the_token_is_in_the_output_and_in_no_file(tmp_path, valkey, valkey_url):
    with serve(create_app(World(environments=5, speed=0))) as url:
        target = {"ONA_BASE_URL": url, "ONA_API_KEY": "key", "REDIS_URL": valkey_url, "SECRET_KEY": "k" * 50}
        for command in (["migrate"], ["accounts"], ["poll"]):
            assert manage(tmp_path, *command, **target).returncode == 0
        rows = Store(valkey, namespace(url, "key"))
        known = Snapshot(rows, lambda: 0.0).now().fleet.environments
        key = next(key for key, row in known.items() if row.phase == "running")
        done = manage(tmp_path, "access_token", key, "--as", "admin", "--reason", "why", **target)
    token = done.stdout.strip()
    assert (done.returncode, token.count("\n")) == (0, 0)
    assert token not in done.stderr + everything_in(valkey)
    with closing(sqlite3.connect(next(Path(tmp_path).glob("*.sqlite3")))) as database:
        dump = "\n".join(database.iterdump())
    assert key in dump
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"name": "viewer"}, "Your role is viewer"),
        ({"name": "operator"}, "Only admins may do this"),
        ({"name": "nobody"}, "no active account nobody"),
        ({"identifier": "e-unknown"}, "No environment with this id"),
        ({"reason": "  "}, "Say why"),
    ],
)
def test_who_and_what_gets_none_and_nothing_is_written(api, asked, words):
    assert words in refused(api, **asked)
    assert not Action.objects.exists()
    assert not api.world.calls


def test_an_account_that_was_closed_is_no_admin(api):
    User.objects.filter(username="admin").update(is_active=False)
    assert "no active account" in refused(api)


@pytest.mark.parametrize(
    ("trouble", "state", "words"),
    [
        (refusing(403, "permission_denied", "not yours"), State.FAILED, "not yours"),
        (refusing(429, "resource_exhausted", "slow down"), State.FAILED, "slow down"),
        (carried_out_and_dropped, State.UNKNOWN, "ends within an hour"),
    ],
)
def test_a_refusal_is_told_and_written_down_and_never_tried_again(api, trouble, state, words):
    api.wire.on(METHOD, trouble)
    assert words in refused(api)
    api.wire.on(METHOD, passed)
    left_behind.sweep(ledger.utc_now(), nobody_sends)
    action = Action.objects.get()
    assert (action.state, words in action.outcome) == (state, True)
    assert len(api.wire.asked) == api.wire.asked.index(METHOD) + 1


def test_one_that_is_open_refuses_a_second_and_one_whose_process_died_ends_as_unknown(api):
    row = Action(verb="environment.access-token", kind="environment", target_id=of_somebody(api).id)
    row.state, row.sender, row.actor_name = State.SENDING, "elsewhere:1", "admin"
    row.created = row.not_before = row.sent = ledger.utc_now()
    row.save()
    assert "admin is asking for one at this moment" in refused(api)
    left_behind.sweep(ledger.utc_now(), nobody_sends, died=bool)
    row.refresh_from_db()
    assert (row.state, "nobody has seen it" in row.outcome) == (State.UNKNOWN, True)


def test_an_environment_that_is_being_deleted_gets_none(api):
    gone = Environment(of_somebody(api).id, phase="deleting")
    store(api).write([Observation(gone, api.clock() + 1)], newer=lambda *_: True)
    assert "it is being deleted" in refused(api)
    assert Action.objects.get().state == State.SKIPPED
    assert METHOD not in api.wire.asked
