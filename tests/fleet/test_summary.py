"""A row is the same whether its environment was read by the models or quickly, as a list of many is."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dashboard.fleet import intake
from dashboard.ona import schema
from dashboard.ona.decode import reason_of
from dashboard.ona.environments import LISTED
from dashboard.ona.schema import listed
from dashboard.simulator import World, show_environment
from tests.ona.test_mangled import mangled
from tests.ona.test_round_trip import answers
from tests.ona.test_schema import ENVIRONMENT

SETTINGS = settings(max_examples=150, deadline=None)
REFUSED = ENVIRONMENT | {"status": {"phase": 5}, "metadata": {"name": None}}
PARTLY = ENVIRONMENT | {
    "phase": "no phase: that is one level deeper",
    "status": {
        "machine": {"failureMessage": "https://u:ghp_secret@h is not there", "warningMessage": "slow"},
        "content": {"git": {"cloneUrl": "https://tok@h/o/r", "unpushedCommits": ["a", 5], "changedFiles": [{}, 7]}},
        "devcontainer": {"warningMessage": "slow"},
    },
}  # fmt: skip


def read(model, text, convert=intake.environment):
    """The row, or why there is none."""
    try:
        return convert(model.model_validate_json(text))
    except ValidationError as error:
        return reason_of(error)


def quickly(item):
    """The row that the quick reader makes of an item; None where it leaves that to the models."""
    found = listed.read(json.dumps({"environments": [item]}).encode())
    return found and intake.environment(found[0])


@SETTINGS
@given(mangled() | answers(schema.Environment).map(lambda answer: answer[0]))
@example(ENVIRONMENT)
@example(PARTLY)
@example(REFUSED)
@example({"id": "e1"})
@example({"id": "e1\n"})
@example({"id": "e1", "observedPhase": "ENVIRONMENT_PHASE_RUNNING", "created_at": "2026-02-25T17:16:15Z"})
def test_an_environment_that_is_read_quickly_makes_the_row_that_the_models_make(item):
    row = quickly(item)
    assert row is None or row == read(schema.Environment, json.dumps(item))


def test_what_the_simulator_lists_is_read_quickly():
    world = World(environments=60, seed=7, life=False, speed=0, now=lambda: 1_790_000_000.0)
    rows = world.environment_table.descending()
    for item in [show_environment.environment(row, "organization", "http://origin") for row in rows]:
        assert quickly(item) == read(schema.Environment, json.dumps(item))


def test_credentials_are_cut_out_wherever_they_stand():
    address, message = "https://u:ghp_secret@h/o/r", "fetching https://ghp_secret@h/o/r failed"
    part = {"failureMessage": message, "warningMessage": message}
    item = {
        "id": "e1",
        "metadata": {"originalContextUrl": address},
        "spec": {
            "content": {"initializer": {"specs": [{"git": {"remoteUri": address}}, {"contextUrl": {"url": address}}]}},
            "ports": [{"port": 1}],
        },
        "status": {
            "failureMessage": [message], "warningMessage": [message + "!"], "machine": part, "devcontainer": part,
            "automationsFile": part, "content": part | {"git": {"cloneUrl": address, "unpushedCommits": [message]}},
            "environmentUrls": {"ports": [{"port": 1, "url": address}]},
        },
    }  # fmt: skip
    row = quickly(item)
    assert row == read(schema.Environment, json.dumps(item))
    assert "ghp_secret" not in repr(row)
    assert "ghp_secret" not in repr(listed.read(json.dumps({"environments": [item]}).encode()))


def test_what_is_nested_too_deeply_is_left_to_the_models():
    deep = b"[" * 100_000 + b"]" * 100_000
    assert listed.read(b'{"environments":[{"id":"e1","metadata":{"x":%b}}]}' % deep) is None


@SETTINGS
@given(
    st.sampled_from(["createdAt", "lastStartedAt", "archivedAt", "lockdownAt"]),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z")
    | st.sampled_from(
        ["", "2026-02-25", "2026-02-25T17:16:15", "2026-02-25T17:16:15.1234569Z", "0001-01-01T00:00:00Z", "5"]
    ),
)
def test_a_time_is_cut_and_bounded_alike(name, text):
    item = {"id": "e1", "metadata": {name: text}}
    assert quickly(item) == read(schema.Environment, json.dumps(item))


@pytest.mark.parametrize(
    "number", ["0", "", "007", "9" * 19, "9" * 20, "-5", "5.0", " 5", "1_0", "5\n", 5, 5.5]
)
def test_a_version_is_the_same_number(number):
    item = {"id": "e1", "status": {"statusVersion": number}, "spec": {"specVersion": number}}
    row = quickly(item)
    assert row is None or row == read(schema.Environment, json.dumps(item))


@pytest.mark.parametrize("odd", [None, 5, True, "text", [], [1], {"a": []}])
def test_an_odd_part_of_a_listed_environment_costs_only_itself(odd):
    items = [ENVIRONMENT | {"status": odd, "spec": odd}, ENVIRONMENT | {"id": "e2"}]
    body = json.dumps({"environments": items, "pagination": {}}, separators=(",", ":")).encode()
    first, second = map(intake.environment, LISTED.decode(body, {}.get).items)
    assert (first.id, first.context_url) == (ENVIRONMENT["id"], "https://github.com/acme/web")
    assert second == read(schema.Environment, json.dumps(items[1]))


@SETTINGS
@given(
    st.lists(
        st.fixed_dictionaries(
            {"port": st.integers(1, 3)},
            optional={
                "name": st.sampled_from(["", "web", " web\n", "x" * 2_000, "x" * 2_001]),
                "admission": st.sampled_from(["ADMISSION_LEVEL_EVERYONE", "NEW", "y" * 5_000]),
                "protocol": st.sampled_from(["PROTOCOL_HTTPS", ""]),
            },
        ),
        max_size=4,
    ),
    st.dictionaries(st.integers(1, 4), st.sampled_from(["", "https://p", "https://u:pw@p"]), max_size=3),
)
def test_ports_are_the_same_however_often_they_were_met(ports, addresses):
    urls = [{"port": number, "url": url} for number, url in addresses.items()]
    item = {"id": "e1", "spec": {"ports": ports}, "status": {"environmentUrls": {"ports": urls}}}
    row = read(schema.Environment, json.dumps(item))
    intake._port.cache_clear()
    assert quickly(item) == row
    known = {number: url.replace("u:pw@", "") for number, url in addresses.items()}
    assert [(port.number, port.url) for port in row.ports] == [
        (port["port"], known.get(port["port"], "")) for port in ports
    ]
    assert all(len(port.name) < 1_000 and len(port.admission) < 1_000 for port in row.ports)
