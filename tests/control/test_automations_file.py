"""An automations file that somebody typed: every mistake at its line, and what it would change."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.control.automations_file import EXAMPLE, check, compare, holds, write
from dashboard.fleet.bounds import LONGEST_FILE
from dashboard.fleet.details import CurrentFile, FileEntry
from dashboard.fleet.entities import Kind
from dashboard.ona.errors import Unsendable
from dashboard.ona.send import automations_file
from dashboard.ona.send.automations_file import ROLES
from dashboard.ona.send.rules import FILE_TRIGGERS

DB = FileEntry(
    Kind.SERVICE,
    "db",
    "s-1",
    {
        "name": "Database",
        "commands": {"start": "postgres", "ready": "pg_isready"},
        "runsOn": {"docker": {"image": "postgres:17", "environment": ["PASSWORD=<unchanged>"]}},
        "readinessTimeout": "60s",
    },
    ("the variables TOKEN",),
)
BUILD = FileEntry(
    Kind.TASK, "build", "t-1", {"name": "Build", "command": "set -e\nmake", "dependsOn": ["db"]}
)
EDITOR = FileEntry(Kind.SERVICE, "vscode", "s-2", left_out="the platform made it")
CURRENT = CurrentFile("e-1", 1.0, (DB, BUILD, EDITOR))
EMPTY = CurrentFile("e-1", 1.0)


def service(rest="", start="run"):
    return f"services:\n  web:\n    name: Web\n    commands:\n      start: {start}\n{rest}"


def task(rest="", name="lint"):
    return f"tasks:\n  {name}:\n    name: Lint\n    command: make lint\n{rest}"


def lines(text, current=CURRENT):
    return [(one.line, one.place) for one in check(text, current).mistakes]


@pytest.mark.parametrize(
    ("text", "line", "place", "words"),
    [
        (service("    description: 5\n"), 6, "services.web.description", "put it in quotes"),
        (service(start="''"), 5, "services.web.commands.start", "must not be empty"),
        (service("    comands: {}\n"), 6, "services.web.comands", "did you mean “commands”?"),
        (service("    nonsense: 1\n"), 6, "services.web.nonsense", "known are name, description"),
        (service("    role: ai_agent\n"), 6, "services.web.role", "did you mean “ai-agent”?"),
        (service("    readinessTimeout: 90\n"), 6, "services.web.readinessTimeout", "seconds such as 90s"),
        (service("    readinessTimeout: 2m\n"), 6, "services.web.readinessTimeout", "such as 90s"),
        (service("    readinessTimeout: 86401s\n"), 6, "services.web.readinessTimeout", "24 hours"),
        (service("    triggeredBy: manual\n"), 6, "services.web.triggeredBy", "must be a list"),
        (service("    triggeredBy:\n    - postMachineStart\n"), 7, "services.web.triggeredBy.0", "must be one of"),
        (service("    triggeredBy:\n    - [manual]\n"), 7, "services.web.triggeredBy.0", "must be a text"),
        (service("    runsOn: {docker: {}}\n"), 6, "services.web.runsOn.docker.image", "“image” is needed"),
        (service("    runsOn: {docker: {image: a}, machine: {}}\n"), 6, "services.web.runsOn", "not both"),
        (service("    runsOn: {machine: {size: 1}}\n"), 6, "services.web.runsOn.machine.size", "no fields at all"),
        (service("  web: {}\n"), 6, "services.web", "twice, first in line 2"),
        (service("    name: Again\n"), 6, "services.web.name", "twice, first in line 3"),
        (service("  8080: {}\n"), 6, "services", "a name must be a text"),
        (service("  a b: {}\n"), 6, "services.a b", "letters, digits"),
        (service(f"  {'x' * 129}: {{}}\n"), 6, f"services.{'x' * 129}", "1 to 128"),
        (service("  build:\n    name: B\n    commands: {start: b}\n"), 6, "services.build", "a task of this"),
        (service("  other:\n    name: B\n"), 6, "services.other.commands", "“commands” is needed"),
        (service("    description: {}\n"), 6, "services.web.description", "must be a text"),
        (service(task(name="web")), 7, "tasks.web", "of a service of this file"),
        (task("    dependsOn: [biuld]\n"), 5, "tasks.lint.dependsOn", "did you mean “build”?"),
        (task("    dependsOn: [lint]\n"), 5, "tasks.lint.dependsOn", "lint → lint"),
        (task("    prebuildRequiresSuccess: yes\n"), 5, "tasks.lint.prebuildRequiresSuccess", "true or false"),
        (task("    commands: {start: a}\n"), 5, "tasks.lint.commands", "did you mean “command”?"),
        ("tasks:\n  lint:\n    name: Lint\n", 2, "tasks.lint.command", "“command” is needed"),
        ("tasks: []\n", 1, "tasks", "must be a mapping"),
        ("jobs: {}\n", 1, "jobs", "known are services, tasks"),
        ("# nothing\n", 1, "", "no service and no task"),
        (EXAMPLE, 1, "", "no service and no task"),
        ("- a\n", 1, "", "must be a mapping"),
        ("services:\n\tweb: {}\n", 2, "", "a tab stands"),
        ("tasks:\n  a: b: c\n", 2, "", "a colon is not expected"),
        ("tasks: {}\n---\ntasks: {}\n", 2, "", "more than one document"),
        ("tasks: 'a\n", 2, "", "this is not YAML"),
        ("tasks: a\x07b\n", 1, "", "U+0007"),
        ('tasks: "\\UFFFFFFFF"\n', 1, "", "out of range"),
        (service('    description: "a\\0b"\n'), 6, "services.web.description", "NUL"),
        (service('    description: "\\ud800"\n'), 6, "services.web.description", "half a character"),
        (service("    description: !!binary aGk=\n"), 6, "services.web.description", "put it in quotes"),
        (service("    <<: {role: editor}\n"), 6, "", "<< is not taken here"),
        (service("    description: !!null words\n"), 6, "", "!!null is not taken"),
        (service("    triggeredBy: !!null [manual]\n"), 6, "", "!!null is not taken"),
        ("a: &a [x]\nb: *a\n", 1, "", "anchors and aliases"),
        ("services: *a\n", 1, "", "anchors and aliases"),
        ("services:\n  web: !!python/object/apply:os.system [id]\n", 2, "services.web", "must be a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_at_its_line(text, line, place, words):
    found = [one for one in check(text, CURRENT).mistakes if words in one.words]
    assert [(one.line, one.place.removesuffix(".0")) for one in found] == [(line, place.removesuffix(".0"))]
    quoted = text.split("\n")[line - 1].rstrip().replace("\t", "⇥")
    assert found[0].text in {quoted, quoted[:159] + "…"}


def test_what_yaml_knows_as_nothing_and_quoted_arrows_are_taken():
    text = service("    description: ~\n    runsOn:\n    role: null\n", start="'<<'")
    assert check(text, CURRENT).file == {"services": {"web": {"name": "Web", "commands": {"start": "<<"}}}}


def test_only_the_first_unknown_references_are_compared_with_what_is_known():
    text = service() + task(f"    dependsOn: [{', '.join(['webb'] * 40)}]\n")
    found = check(text, CURRENT).mistakes
    assert [one.words.endswith("“web”?") for one in found] == [True] * 30 + [False] * 10


def test_all_mistakes_are_said_at_once_in_the_order_of_their_lines():
    text = service("    role: x\n    triggeredBy: [manul]\n") + task("    dependsOn: [nobody]\n    x: 1\n")
    assert [line for line, _ in lines(text)] == [6, 7, 12, 13]


def test_tasks_that_wait_for_each_other_are_found_also_over_what_is_there_already():
    text = task("    dependsOn: [build]\n") + "  build: {name: B, command: b, dependsOn: [db, lint]}\n"
    [mistake] = check(text, CURRENT).mistakes
    assert mistake.place in {"tasks.build.dependsOn.1", "tasks.lint.dependsOn.0"}
    assert {"build → lint → build", "lint → build → lint"} & {mistake.words.partition(": ")[2]}
    there = FileEntry(Kind.TASK, "there", "t-2", {"name": "T", "command": "t", "dependsOn": ["lint"]})
    assert lines(task("    dependsOn: [there]\n"), CurrentFile("e", 1.0, (there,))) == [
        (5, "tasks.lint.dependsOn.0")
    ]


@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a, *a]\n" for n in range(50)),
        "[" * LONGEST_FILE,
        "{a: " * (LONGEST_FILE // 4),
        "- " * (LONGEST_FILE // 2),
        "tasks: [" + "a," * (LONGEST_FILE // 2 - 10) + "]",
        "? " * (LONGEST_FILE // 2),
        "!" * LONGEST_FILE,
        "a:\n" * (LONGEST_FILE // 3),
        "x" * 5_000_000,
        "%YAML " + "9" * 5_000 + "\n--- a\n",
    ],
    ids=lambda bomb: bomb[:8],
)
def test_no_bomb_costs_more_than_a_moment(bomb):
    began = time.process_time()
    assert check(bomb, CURRENT).mistakes
    assert time.process_time() - began < 5


def test_a_file_that_is_too_long_is_refused_unread():
    assert lines("x: " + "y" * LONGEST_FILE) == [(1, "")]
    assert not check(service(start="y" * (LONGEST_FILE - 100)), CURRENT).mistakes


@given(st.text())
def test_no_text_raises(text):
    check(text, CURRENT)


@given(st.text(alphabet="abst:-{}[]&*!|>'\"%#? \n\t0.", max_size=80))
def test_no_text_of_yamls_own_signs_raises(text):
    check(f"tasks:\n  a: {text}", CURRENT)
    check(text, CURRENT)


# Values of variables


def test_a_value_that_is_there_may_be_kept_or_left_out_and_no_other_may_be_typed():
    head = "services:\n  db:\n    name: D\n    commands: {start: s}\n    runsOn:\n      docker:\n        image: p\n"
    kept = check(head + "        environment:\n          - PASSWORD=<unchanged>\n", CURRENT)
    assert not kept.mistakes
    assert kept.file["services"]["db"]["runsOn"]["docker"]["environment"] == ["PASSWORD=<unchanged>"]
    assert not check(head, CURRENT).mistakes
    for item, words in (
        ("PASSWORD=hunter2", "not typed here"),
        ("PASSWORD", "not typed here"),
        ("OTHER=<unchanged>", "no such variable"),
    ):
        [mistake] = check(f"{head}        environment: ['{item}']\n", CURRENT).mistakes
        assert words in mistake.words
        assert "hunter2" not in mistake.words
    assert lines(service("    runsOn: {docker: {image: p, environment: [PASSWORD=<unchanged>]}}\n")) == [
        (6, "services.web.runsOn.docker.environment.0")
    ]


# Writing and comparing

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
REFERENCE = st.text("abcXYZ019_-", min_size=1, max_size=8)
BOTH = {
    "description": TEXT,
    "triggeredBy": st.lists(st.sampled_from(FILE_TRIGGERS), min_size=1),
    "runsOn": st.just({"machine": {}})
    | st.fixed_dictionaries({"docker": st.fixed_dictionaries({"image": TEXT})}),
}
COMMANDS = st.fixed_dictionaries({"start": TEXT}, optional={"ready": TEXT, "stop": TEXT})
SERVICE = st.fixed_dictionaries(
    {"name": TEXT, "commands": COMMANDS},
    optional=BOTH | {"role": st.sampled_from(ROLES[1:]), "readinessTimeout": st.sampled_from(["0s", "1.5s"])},
)
TASK = st.fixed_dictionaries(
    {"name": TEXT, "command": TEXT}, optional=BOTH | {"prebuildRequiresSuccess": st.booleans()}
)
ENTRIES = st.dictionaries(
    REFERENCE, st.tuples(st.just(Kind.SERVICE), SERVICE) | st.tuples(st.just(Kind.TASK), TASK)
)


def current_of(entries):
    found = (FileEntry(kind, key, f"id-{key}", said) for key, (kind, said) in entries.items())
    return CurrentFile("e-1", 1.0, tuple(found))


@given(ENTRIES)
def test_what_is_written_reads_back_as_it_was_and_can_be_sent(entries):
    current = current_of(entries)
    checked = check(write(current), current)
    assert not checked.mistakes or not entries
    said = {**checked.file.get("services", {}), **checked.file.get("tasks", {})}
    assert said == {key: said for key, (_, said) in entries.items()}
    automations_file(checked.file).json()
    assert not compare(current, checked.file).changes
    assert holds(current, checked.file)


@given(st.text(alphabet="abst:-{}[]'\"# \n", max_size=60))
def test_what_the_check_lets_pass_the_api_takes(text):
    checked = check(f"tasks:\n  a:\n    name: A\n    command: c\n    {text}", CURRENT)
    if not checked.mistakes:
        try:
            automations_file(checked.file).json()
        except Unsendable as error:
            pytest.fail(str(error))


def test_the_example_without_its_marks_is_a_right_file():
    text = "\n".join(line.removeprefix("# ") for line in EXAMPLE.split("\n")[1:])
    checked = check(text, EMPTY)
    assert not checked.mistakes
    assert compare(EMPTY, checked.file).added[0].fields[0].lines[0].text == "Web"


@pytest.mark.parametrize(
    "text", ["run\n", "run\n\n", "a\nb", "a\nb\n", " run\n", "run \n", "\n", "\n\nrun\n"]
)
def test_a_command_that_ends_with_its_line_is_written_as_people_do_and_reads_as_it_was(text):
    said = {"name": "A", "command": text}
    written = write(CurrentFile("e", 1.0, (FileEntry(Kind.TASK, "a", "t", said),)))
    assert check(written, EMPTY).file == {"tasks": {"a": said}}
    assert ("    command: |\n      run\n" in written) == (text == "run\n")


def test_of_what_stays_as_it_is_a_comparison_names_what_the_file_cannot_say():
    assert [
        one.reference for one in compare(CURRENT, check(write(CURRENT), CURRENT).file).same_with_unsaid
    ] == ["db"]


def test_what_is_added_changed_the_same_and_missing():
    text = (
        write(CURRENT).replace("make", "make -j4").replace("name: Database", "name: DB")
        + task().partition("\n")[2]
    )
    comparison = compare(CURRENT, check(text, CURRENT).file)
    assert [one.reference for one in comparison.added] == ["lint"]
    db, build = comparison.changed
    assert (db.id, db.unsaid, [change.field for change in db.fields]) == ("s-1", DB.unsaid, ["name"])
    assert [(line.mark, line.text) for line in build.fields[0].lines] == [
        ("same", "set -e"), ("less", "make"), ("more", "make -j4"),
    ]  # fmt: skip
    assert not compare(CURRENT, {"tasks": {"build": BUILD.said}}).changes
    assert [one.reference for one in compare(CURRENT, {"tasks": {"build": BUILD.said}}).missing] == ["db"]


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ({"readinessTimeout": "60s"}, {"readinessTimeout": "60.0s"}, {}),
        ({}, {"role": "default", "description": "", "triggeredBy": []}, {}),
        ({}, {"prebuildRequiresSuccess": False}, {}),
        ({}, {"readinessTimeout": "0s"}, {"readinessTimeout": ["more 0s"]}),
        ({"runsOn": {"machine": {}}}, {}, {"runsOn.machine": ["less yes"]}),
        ({"command": "a"}, {"command": "a\n"}, {"command": ["same a", "more ↵ at the end"]}),
        (
            {"triggeredBy": ["manual"]},
            {"triggeredBy": ["prebuild"]},
            {"triggeredBy": ["less manual", "more prebuild"]},
        ),
    ],
)
def test_a_field_changes_only_when_it_says_something_else(old, new, fields):
    current = CurrentFile("e", 1.0, (FileEntry(Kind.TASK, "a", "t", {"name": "A", **old}),))
    changed = compare(current, {"tasks": {"a": {"name": "A", **new}}}).changed
    found = [change for one in changed for change in one.fields]
    assert {one.field: [f"{line.mark} {line.text}" for line in one.lines] for one in found} == fields


def test_a_file_holds_when_all_it_says_is_so_whatever_else_there_is():
    assert holds(CURRENT, {"tasks": {"build": {"name": "Build"}}})
    assert not holds(CURRENT, {"tasks": {"build": {"name": "Bild"}}})
    assert not holds(CURRENT, {"services": {"build": {"name": "Build"}}})
    assert not holds(EMPTY, {"tasks": {"build": {"name": "Build"}}})


def test_a_long_text_is_compared_without_looking_for_what_is_alike():
    old, new = "\n".join(map(str, range(3_000))), "\n".join(map(str, range(1, 3_001)))
    current = CurrentFile("e", 1.0, (FileEntry(Kind.TASK, "a", "t", {"command": old}),))
    [change] = compare(current, {"tasks": {"a": {"command": new}}}).changed[0].fields
    assert len(change.lines) == 6_000
