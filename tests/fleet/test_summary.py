"""A row is the same whether its environment was read as a whole or picked out of a list."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dashboard.fleet import intake
from dashboard.ona import schema
from dashboard.ona.decode import reason_of
from dashboard.ona.schema.summary import along
from tests.ona.test_mangled import mangled
from tests.ona.test_round_trip import answers
from tests.ona.test_schema import ENVIRONMENT

SETTINGS = settings(max_examples=150, deadline=None)
PARTLY = ENVIRONMENT | {
    "phase": "no phase: that is one level deeper",
    "status": {
        "machine": {"failureMessage": "https://u:ghp_secret@h is not there", "warningMessage": "slow"},
        "content": {"git": {"cloneUrl": "https://tok@h/o/r", "unpushedCommits": ["a", 5], "changedFiles": [{}, 7]}},
        "devcontainer": {"warningMessage": "slow"},
    },
}  # fmt: skip


def read(model, text, convert):
    """The row, or why there is none."""
    try:
        return convert(model.model_validate_json(text))
    except ValidationError as error:
        return reason_of(error)


@SETTINGS
@given(mangled() | answers(schema.Environment).map(lambda answer: answer[0]))
@example(ENVIRONMENT)
@example(PARTLY)
@example({"id": "e1"})
@example({"id": "e1", "observedPhase": "ENVIRONMENT_PHASE_RUNNING", "created_at": "2026-02-25T17:16:15Z"})
def test_a_summary_makes_the_row_that_the_whole_environment_makes(item):
    text = json.dumps(item)
    whole = read(schema.Environment, text, intake.environment)
    assert read(schema.EnvironmentSummary, text, intake.summary) == whole


@given(st.sampled_from([None, 5, True, "text", [], [1], {"a": []}]))
def test_an_odd_part_costs_a_summary_only_itself(odd):
    row = read(
        schema.EnvironmentSummary, json.dumps(ENVIRONMENT | {"status": odd, "spec": odd}), intake.summary
    )
    assert (row.id, row.context_url) == (ENVIRONMENT["id"], "https://github.com/acme/web")


@pytest.mark.parametrize("name", sorted(set(schema.EnvironmentSummary.model_fields) - {"id"}))
def test_a_field_of_a_summary_is_of_the_kind_it_has_in_the_whole(name):
    own = schema.EnvironmentSummary.model_fields[name]
    theirs = list(along(own.description))[-1]
    assert own.default == theirs.default
    if name != "changed_files":  # of which only how many there are is read
        assert (own.annotation, own.metadata) == (theirs.annotation, theirs.metadata)


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
    row = read(schema.EnvironmentSummary, json.dumps(item), intake.summary)
    intake._port.cache_clear()
    assert read(schema.EnvironmentSummary, json.dumps(item), intake.summary) == row
    known = {number: url.replace("u:pw@", "") for number, url in addresses.items()}
    assert [(port.number, port.url) for port in row.ports] == [
        (port["port"], known.get(port["port"], "")) for port in ports
    ]
    assert all(len(port.name) < 1_000 and len(port.admission) < 1_000 for port in row.ports)
