"""Cursors of the API: while things come and go, what is there all along comes once."""

from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from django.db.models import Model
from django.http import HttpResponse
from django.utils import timezone

from dashboard.control.models import Action, Batch, User
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.newer import newer
from tests.web.conftest import Dashboard
from tests.web.test_api import body, get, tokens
from tests.web.test_idle import fleet

assert tokens
assert fleet  # fixtures

ORDERS = {
    "environments": ("-created", "created", "name", "-project", "creator", "phase", "-active"),
    "services": ("phase", "-environment"),
    "tasks": ("name", "-run"),
    "executions": ("-created", "duration"),
    "idle": ("-idle", "idle", "name", "-creator", "class", "-cost"),
}
START = 1_700_000_000.0


def walk(path: str, token: str, between: Callable[[list[str]], object] = len, **asked: str) -> list[str]:
    """The ids of all items, page by page; `between` is called with those that were seen so far."""
    found: list[str] = []
    page = body(get(path, token, **asked))
    while True:
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            return found
        between(found)
        page = body(get(path, token, **asked, cursor=page["next"]))
        assert page["page"] is None


def test_a_walk_by_cursors_is_the_list_in_every_order(fleet: Dashboard, tokens: dict[str, str]) -> None:
    for path, orders in ORDERS.items():
        for sort in orders:
            whole = body(get(path, tokens["viewer"], sort=sort, per_page="500"))
            assert whole["next"] is None
            walked = walk(path, tokens["viewer"], sort=sort, per_page="5")
            assert walked == [one["id"] for one in whole["items"]], (path, sort)
        filtered = {"q": "-zz", "sort": orders[0]}
        whole = body(get(path, tokens["viewer"], **filtered, per_page="500"))
        assert walk(path, tokens["viewer"], **filtered, per_page="5") == [one["id"] for one in whole["items"]]


@pytest.mark.parametrize("sort", ["-created", "name"])
def test_what_is_there_all_along_comes_once_whatever_else_comes_and_goes(
    dashboard: Dashboard, tokens: dict[str, str], sort: str
) -> None:
    dashboard.empty()
    stay = [Environment(f"s{n}", f"m{n:02}", "running", created=START + n) for n in range(9)]
    dashboard.put(*stay)

    def change(seen: list[str]) -> None:
        """One more at either end and one beside the mark; those that were seen go."""
        number = len(seen)
        for at, name in ((START - 9, "a"), (START + 99, "z"), (START + number, f"m{number:02}x")):
            dashboard.put(Environment(f"n{number}{name}", name, "running", created=at))
        gone = [(Kind.ENVIRONMENT, one) for one in seen if one.startswith("n")]
        dashboard.simulated.store.write([], newer=newer, gone=gone)

    found = walk("environments", tokens["viewer"], change, sort=sort, per_page="2")
    there = sorted((one.id for one in stay), reverse=sort.startswith("-"))
    assert [one for one in found if one.startswith("s")] == there
    assert len(found) == len(set(found)) > len(there)


def test_the_row_that_a_cursor_names_may_be_gone(dashboard: Dashboard, tokens: dict[str, str]) -> None:
    dashboard.empty()
    dashboard.put(*(Environment(one, one, "running", created=START) for one in "abcd"))
    first = body(get("environments", tokens["viewer"], sort="name", per_page="2"))
    dashboard.simulated.store.write([], newer=newer, gone=[(Kind.ENVIRONMENT, "b")])
    rest = body(get("environments", tokens["viewer"], sort="name", per_page="2", cursor=first["next"]))
    assert [one["id"] for one in rest["items"]] == ["c", "d"]


def test_actions_and_batches_walk_on_while_new_ones_are_asked_for(
    dashboard: Dashboard, users: dict[str, User], tokens: dict[str, str]
) -> None:
    now = timezone.now()

    def one_more(seconds: int) -> None:
        at = now + timedelta(seconds=seconds)
        batch = Batch.objects.create(verb="environment.stop", actor=users["admin"], created=at, started=at)
        said = {"verb": "environment.stop", "kind": "environment", "state": "failed", "not_before": at}
        Action.objects.create(**said, batch=batch, target_id="e", created=at)

    for number in range(5):
        one_more(number // 2)  # two at the same moment
    there = {"actions": ids_of(Action.objects.for_activity()), "batches": ids_of(Batch.objects.begun())}
    for path, before in there.items():
        found = walk(path, tokens["viewer"], lambda _: one_more(60), per_page="2")
        assert [one for one in found if one in before] == before
        assert len(found) == len(set(found))


def ids_of(found: Iterable[Model]) -> list[str]:
    return [str(one.pk) for one in found]


def refused(answer: HttpResponse, status: int) -> str:
    return str(body(answer, status)["type"].partition("#")[2])


def test_a_cursor_is_good_for_its_own_list_and_nothing_else(
    dashboard: Dashboard, tokens: dict[str, str]
) -> None:
    token = tokens["viewer"]
    cursor = body(get("environments", token, per_page="2"))["next"]
    assert get("environments", tokens["admin"], per_page="9", cursor=cursor).status_code == 200
    others: list[tuple[str, dict[str, str]]] = [("environments", {"sort": "name"}), ("tasks", {})]
    for path, asked in [*others, ("environments", {"q": "phase:running"}), ("actions", {})]:
        assert refused(get(path, token, **asked, cursor=cursor), 400) == "cursor"
    forged = (cursor[:-1], f"A{cursor[1:]}", "x", "é", "=", "\0", "W10", "a" * 4000)
    for text in forged:
        assert refused(get("environments", token, cursor=text), 400) == "cursor"
    assert refused(get("environments", token, cursor="a" * 4001), 422) == "not-valid"
    assert refused(get("environments", token, cursor=cursor, page="2"), 422) == "not-valid"
