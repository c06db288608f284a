"""Roles in single projects: who has one, what it gives and takes, and that a mistake in the file stops the start."""

from dataclasses import replace

import pytest

from dashboard.config.base import ConfigurationError
from dashboard.config.projects import Grant, Grants, ProjectRole, read_project_roles
from dashboard.control.models import AuditEntry, Role, User
from dashboard.control.people.identity import Identity, let_in
from dashboard.control.people.project_roles import roles_of
from dashboard.control.permissions import IN_PROJECTS, bulk_refusal, can, log_refusal, refusal, seen_as
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Kind, Service
from dashboard.fleet.snapshot import Fleet
from tests.control.conftest import PEOPLE

WEB, API = "0198c8a1-3a52-7c1e-9d1b-2f1f2d0c7a11", "0198c8a1-3a52-7c1e-9d1b-2f1f2d0c7a12"
OURS = Environment("e-web", "otter", "running", creator_id="p-ada", project_id=WEB)
OTHER = Environment("e-api", "owl", "running", creator_id="p-ada", project_id=API)
LOOSE = Environment("e-none", "newt", "running", creator_id="p-ada")
SERVICE = Service("s-web", "e-web", "Web", phase="running")
FLEET = Fleet(
    "epoch",
    1,
    {
        Kind.ENVIRONMENT: {row.id: row for row in (OURS, OTHER, LOOSE)},
        Kind.SERVICE: {SERVICE.id: SERVICE},
        Kind.PERSON: {person.id: person for person in PEOPLE},
    },
)
LEAD = Grant(ProjectRole.LEAD, WEB, frozenset({"web-leads"}), frozenset({"lea@example.com"}))
MAINTAINER = Grant(ProjectRole.MAINTAINER, WEB, frozenset({"web-owners"}))


@pytest.fixture(autouse=True)
def granted(settings):
    settings.PROJECT_ROLES = Grants((LEAD, MAINTAINER))


def person(role=Role.VIEWER, groups=("web-leads",), email=""):
    return User(username="lea", role=role, email=email, told_groups=list(groups))


def test_a_lead_stops_what_belongs_to_the_project_and_nothing_else():
    lead = person()
    for verb, row in (
        (Verb.STOP_ENVIRONMENT, OURS),
        (Verb.START_ENVIRONMENT, OURS),
        (Verb.STOP_SERVICE, SERVICE),
    ):
        assert can(lead, verb, row, FLEET)
    for verb, row in (
        (Verb.STOP_ENVIRONMENT, OTHER),
        (Verb.STOP_ENVIRONMENT, LOOSE),
        (Verb.DELETE_ENVIRONMENT, OURS),
        (Verb.EDIT_SERVICE, SERVICE),
        (Verb.CREATE_ENVIRONMENT, Environment("new")),
        (Verb.STOP_SERVICE, replace(SERVICE, environment_id="gone")),
    ):
        assert "do not reach this" in refusal(lead, verb, row, FLEET)


def test_a_maintainer_may_there_what_a_creator_may():
    maintainer = person(groups=["web-owners"])
    for verb in IN_PROJECTS[ProjectRole.MAINTAINER]:
        assert can(maintainer, verb, OURS, FLEET)
        assert not can(maintainer, verb, OTHER, FLEET)
    assert not can(maintainer, Verb.FORCE_DELETE_ENVIRONMENT, OURS, FLEET)


@pytest.mark.parametrize(
    ("who", "row", "reads"),
    [
        (person(), SERVICE, False),
        (person(Role.OPERATOR), SERVICE, False),  # what they may elsewhere opens nothing here
        (person(Role.OPERATOR, email="ada@example.com"), SERVICE, True),  # their own
        (person(Role.ADMIN), SERVICE, True),
        (person(groups=["web-owners"]), SERVICE, True),
        (person(groups=["web-owners", "web-leads"]), SERVICE, True),
        (person(groups=["strangers"]), SERVICE, True),  # a viewer, as ever
        (person(), replace(SERVICE, environment_id="e-api"), True),
        (person(), replace(SERVICE, environment_id="gone"), False),
        (person(), None, False),
        (person(groups=["web-owners"]), None, True),
        (person(groups=[]), None, True),
    ],
)
def test_a_lead_does_not_read_the_logs(who, row, reads):
    assert bool(log_refusal(who, row, FLEET)) is not reads


def test_people_with_different_roles_are_seen_as_different():
    people = [person(groups=[]), person(), person(groups=["web-owners"]), person(Role.OPERATOR)]
    assert len({seen_as(one, OURS, FLEET) for one in people}) == 4
    # also where the role gives nothing: the one may choose among the rows of a list, the other may not
    assert seen_as(people[0], OTHER, FLEET) != seen_as(people[1], OTHER, FLEET)
    assert [bool(bulk_refusal(one)) for one in people] == [True, False, False, False]


@pytest.mark.parametrize(
    ("fields", "roles"),
    [
        ({"username": "lea", "email": " Lea@Example.com "}, {WEB: {"lead"}}),
        ({"username": "LEA@example.com"}, {WEB: {"lead"}}),
        ({"username": "proxy:lea@example.com"}, {}),  # somebody else's word for a person
        ({"username": "x", "told_groups": ["web-leads", "web-owners"]}, {WEB: {"lead", "maintainer"}}),
        ({"username": "x", "told_groups": ["Web-Leads"]}, {}),
        ({"username": ""}, {}),
    ],
)
def test_who_has_a_role(fields, roles):
    assert roles_of(User(**fields)) == roles


def test_without_the_file_nobody_has_one(settings):
    settings.PROJECT_ROLES = Grants()
    assert roles_of(person()) == {}
    assert not can(person(), Verb.STOP_ENVIRONMENT, OURS, FLEET)


@pytest.mark.django_db
def test_groups_are_kept_from_one_time_to_the_next_and_a_removed_one_ends_the_role():
    def told(*groups):
        return let_in(Identity("oidc", "lea", groups=frozenset(groups)))

    assert told("web-leads", "choir").told_groups == ["web-leads"]  # no more than is needed
    assert can(User.objects.get(), Verb.STOP_ENVIRONMENT, OURS, FLEET)
    assert roles_of(told("web-leads")) == {WEB: {"lead"}}
    gone = told("choir")
    assert not can(gone, Verb.STOP_ENVIRONMENT, OURS, FLEET)
    assert not can(User.objects.get(), Verb.STOP_ENVIRONMENT, OURS, FLEET)
    outcomes = (
        AuditEntry.objects.filter(act="project-roles").order_by("number").values_list("outcome", flat=True)
    )
    assert list(outcomes) == [f"none → lead in {WEB}", f"lead in {WEB} → none"]


GOOD = f'[[grant]]\nrole = "lead"\nproject = "{WEB}"\ngroups = ["web-leads"]\n'


def test_the_file_is_read(tmp_path):
    file = tmp_path / "roles.toml"
    file.write_text(
        GOOD + f'[[grant]]\nrole = "maintainer"\nproject = "{API}"\npeople = ["Ada@Example.com"]\n'
    )
    read = read_project_roles({"PROJECT_ROLES": str(file)})
    assert [(one.role, one.project, set(one.groups), set(one.people)) for one in read.grants] == [
        ("lead", WEB, {"web-leads"}, set()),
        ("maintainer", API, set(), {"ada@example.com"}),
    ]
    assert read.groups == {"web-leads"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds something else than grants"),
        ("[[grants]]", "holds something else than grants"),
        ("grant = 3", "holds something else than grants"),
        ("grant = [3]", "grant 1: no table is not known"),
        ("[[grant]", "is no TOML"),
        (GOOD.replace('lead"', 'boss"'), "role 'boss' is not known; set it to lead or maintainer"),
        (GOOD.replace(WEB, "Web shop"), "project 'Web shop' is no id"),
        (GOOD.replace("project", "projekt"), "projekt is not known"),
        (GOOD.replace('groups = ["web-leads"]', ""), "grant 1 is for nobody"),
        (GOOD.replace('["web-leads"]', '"web-leads"'), "groups is no list of names"),
        (GOOD.replace('["web-leads"]', '["web-leads", " "]'), "groups is no list of names"),
        (GOOD + GOOD.replace('"lead"', "3"), "grant 2: role 3 is not known"),
    ],
)
def test_a_mistake_in_the_file_stops_the_start(tmp_path, text, words):
    file = tmp_path / "roles.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        read_project_roles({"PROJECT_ROLES": str(file)})
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_project_roles({"PROJECT_ROLES": str(tmp_path)})
