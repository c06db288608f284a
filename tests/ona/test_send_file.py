"""The automations file: typed or just parsed, and where it is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.ona import Secret, errors, send

PARSED = {
    "services": {
        "web": {
            "name": "Web",
            "description": "the site",
            "commands": {"start": "npm run dev", "ready": "curl localhost", "stop": "kill 1"},
            "triggeredBy": ["postDevcontainerStart"],
            "runsOn": {"docker": {"image": "node", "environment": ["TOKEN=top-secret"]}},
            "role": "ai-agent",
            "readinessTimeout": "90s",
        }
    },
    "tasks": {
        "build": {
            "name": "Build",
            "command": "npm run build",
            "dependsOn": ["web"],
            "triggeredBy": ["prebuild", "manual"],
            "runsOn": {"machine": {}},
            "prebuildRequiresSuccess": True,
        }
    },
}


def test_a_parsed_file_is_sent_as_it_is():
    assert send.automations_file(PARSED).json() == PARSED


def test_a_typed_file_says_the_same():
    web = send.FileService(
        name="Web",
        description="the site",
        start="npm run dev",
        ready="curl localhost",
        stop="kill 1",
        triggers=("post_devcontainer_start",),
        runs_on=send.RunsOn(docker=send.Docker(image="node", environment=(Secret("TOKEN=top-secret"),))),
        role="ai-agent",
        readiness_timeout=90,
    )
    build = send.FileTask(
        name="Build",
        command="npm run build",
        depends_on=("web",),
        triggers=("prebuild", "manual"),
        runs_on=send.RunsOn(machine=send.OnMachine()),
        prebuild_requires_success=True,
    )
    file = send.AutomationsFile(services={"web": web}, tasks={"build": build})
    assert file.json() == send.automations_file(PARSED).json() == PARSED
    assert list(file.secrets()) == ["TOKEN=top-secret"]
    assert "top-secret" not in repr(file)


@pytest.mark.parametrize("file", [{}, {"services": {}}, {"services": None, "tasks": {}}])
def test_an_empty_file_is_a_file(file):
    assert set(send.automations_file(file).json()) <= {"services", "tasks"}


def service(**entry):
    return {"services": {"web": {"name": "Web", "commands": {"start": "a"}, **entry}}}


def task(**entry):
    return {"tasks": {"t": {"name": "T", "command": "a", **entry}}}


@pytest.mark.parametrize(
    ("file", "field", "rule"),
    [
        ([], "file", "a mapping"),
        ({"service": {}}, "service", "not a field"),
        ({"services": []}, "services", "a mapping"),
        ({"services": {8080: {}}}, "services.8080", "in quotes"),
        ({"services": {"web": None}}, "services.web", "a mapping"),
        ({"services": {"a b": service()["services"]["web"]}}, "services", "letters, digits"),
        (service(dependsOn=["x"]), "services.web.dependsOn", "not a field"),
        (service(name=""), "services.web.name", "not be empty"),
        (service(name=5), "services.web.name", "a text"),
        (service(commands={}), "services.web.commands.start", "not be empty"),
        (service(commands={"run": "a"}), "services.web.commands.run", "not a field"),
        (service(triggeredBy="manual"), "services.web.triggeredBy", "a list"),
        (service(triggeredBy=[1]), "services.web.triggeredBy.0", "a text"),
        (service(triggeredBy=["postMachineStart"]), "services.web.triggeredBy.0", "must be one of manual"),
        (service(role="boss"), "services.web.role", "must be one of default"),
        (service(readinessTimeout="1m"), "services.web.readinessTimeout", "such as 90s"),
        (service(readinessTimeout="86401s"), "services.web.readinessTimeout", "86400"),
        (service(runsOn={"docker": {"image": ""}}), "services.web.runsOn.docker.image", "not be empty"),
        (service(runsOn={"docker": {"image": "a"}, "machine": {}}), "services.web.runsOn.docker", "together"),
        (service(runsOn={"machine": {"cpu": 1}}), "services.web.runsOn.machine.cpu", "not a field"),
        (task(command=""), "tasks.t.command", "not be empty"),
        (task(prebuildRequiresSuccess="yes"), "tasks.t.prebuildRequiresSuccess", "true or false"),
        (task(triggeredBy=["beforeSnapshot"]), "tasks.t.triggeredBy.0", "must be one of manual"),
    ],
)
def test_an_error_names_its_place_as_the_file_spells_it(file, field, rule):
    with pytest.raises(errors.Unsendable) as caught:
        send.automations_file(file).json()
    assert caught.value.field.startswith(field)
    assert rule in caught.value.rule


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["services", "tasks", "web", "name", "commands", "start", "runsOn", "docker", "env"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_was_parsed_is_sent_or_refused(value):
    try:
        message = send.automations_file(value).json()
    except errors.Unsendable:
        pass
    else:
        assert set(message) <= set(value)
