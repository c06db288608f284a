"""The automations file, put together from lists of services and tasks: whole, or not offered at all."""

import json

import pytest

from dashboard.fleet import automations_file
from dashboard.fleet.automations_file import MOST_ENTRIES, SKIPPED, read
from dashboard.fleet.bounds import LONGEST_FILE
from dashboard.fleet.details import AUTOMATIONS_FILE, KEPT, TOO_LONG
from dashboard.fleet.entities import Kind
from tests.unruly import edited, refusing


@pytest.fixture
def home(simulated):
    """The environment with most services and tasks."""
    environments = simulated.world.environments.values()
    return max(environments, key=lambda one: len(one.services) + len(one.tasks)).id


def entry(file, reference):
    return next(one for one in file.entries if one.reference == reference)


def changed(simulated, method, change):
    """Every item of a list, changed."""
    key = {"ListServices": "services", "ListTasks": "tasks"}[method]

    def each(document):
        for item in document.get(key, []):
            change(item)

    simulated.wire.on(method, edited(each))


def test_it_has_what_the_lists_have_in_the_spelling_of_a_file(simulated, home):
    def plant(item):
        item["metadata"] |= {"role": "SERVICE_ROLE_AI_AGENT" if item["metadata"]["reference"] == "x" else ""}
        item["metadata"]["triggeredBy"] = [
            {"postDevcontainerStart": True},
            {"postMachineStart": True},
            {"odd": True},
        ]
        item["spec"] |= {
            "readinessTimeout": "90s",
            "env": [{"name": "TOKEN", "value": "c4n4ry"}],
            "runsOn": {"docker": {"image": "busybox", "environment": ["KEY=c4n4ry"]}},
        }

    changed(simulated, "ListServices", plant)
    file, items = read(simulated.ona, home, 7.0)
    one = next(one for one in file.entries if one.kind is Kind.SERVICE)
    assert one.said["triggeredBy"] == ["postDevcontainerStart"]
    assert one.said["runsOn"] == {"docker": {"image": "busybox", "environment": [f"KEY={KEPT}"]}}
    assert one.said["readinessTimeout"] == "90s"
    assert one.unsaid == (
        "the variables TOKEN", "the trigger postMachineStart", "a trigger that this dashboard does not know",
    )  # fmt: skip
    assert "c4n4ry" not in repr(file) + repr(items)
    assert (file.id, file.read_at, file.trouble) == (home, 7.0, "")


def test_dependencies_are_written_as_references_and_what_is_not_visible_is_told(simulated, home):
    changed(simulated, "ListTasks", lambda item: item.update(dependsOn=[item["id"], "elsewhere"]))
    file, _ = read(simulated.ona, home, 1.0)
    tasks = [one for one in file.entries if one.kind is Kind.TASK]
    assert tasks
    for task in tasks:
        assert task.said["dependsOn"] == [task.reference]
        assert task.unsaid[-1] == "a dependency on something that is not visible here"


def test_the_platforms_own_and_what_no_file_can_name_are_left_out(simulated, home):
    changed(simulated, "ListTasks", lambda item: item["metadata"].update(reference="no file has this"))
    file, _ = read(simulated.ona, home, 1.0)
    for one in file.entries:
        if one.kind is Kind.TASK:
            assert (one.said, one.left_out) == ({}, "its reference fits in no file")
    changed(
        simulated, "ListServices", lambda item: item["metadata"].update(role="SERVICE_ROLE_SECURITY_AGENT")
    )
    file, _ = read(simulated.ona, home, 1.0)
    assert {one.left_out for one in file.entries if one.kind is Kind.SERVICE} == {"the platform made it"}


def test_a_list_with_an_item_that_cannot_be_read_makes_no_file(simulated, home):
    changed(simulated, "ListTasks", lambda item: item.pop("id"))
    assert read(simulated.ona, home, 1.0)[0].trouble == SKIPPED


def test_what_is_too_long_for_one_file_makes_none(simulated, home, monkeypatch):
    changed(simulated, "ListTasks", lambda item: item["spec"].update(command="x" * LONGEST_FILE))
    file, _ = read(simulated.ona, home, 1.0)
    assert (file.trouble, file.entries) == (TOO_LONG, ())
    changed(simulated, "ListTasks", lambda item: item["spec"].update(command="x"))
    assert read(simulated.ona, home, 1.0)[0].trouble == ""
    assert MOST_ENTRIES > 1
    monkeypatch.setattr(automations_file, "MOST_ENTRIES", 1)
    assert read(simulated.ona, home, 1.0)[0].trouble == TOO_LONG


def test_the_fingerprint_moves_with_the_file_and_with_nothing_else(simulated, home):
    first = read(simulated.ona, home, 1.0)[0].fingerprint
    simulated.clock.pass_(300)
    assert read(simulated.ona, home, 2.0)[0].fingerprint == first
    changed(simulated, "ListTasks", lambda item: item["metadata"].update(description="another"))
    assert read(simulated.ona, home, 2.0)[0].fingerprint != first


def test_it_is_kept_with_its_rows_and_so_is_why_it_could_not_be_read(simulated, home, valkey):
    file = simulated.sync().automations_file(home)
    assert simulated.store.detail(AUTOMATIONS_FILE, home) == file
    references = {one.id for one in file.entries}
    assert simulated.store.ids(Kind.SERVICE) | simulated.store.ids(Kind.TASK) == references
    simulated.wire.on("ListTasks", refusing(403, "permission_denied", "not for this key"))
    simulated.sync().automations_file(home)
    kept = simulated.store.detail(AUTOMATIONS_FILE, home)
    assert "not for this key" in kept.trouble
    assert json.loads(valkey.get(f"ona:test:detail:{AUTOMATIONS_FILE}:{home}"))["id"] == home
