"""Rows that were rendered once are kept; nobody ever gets a row that was meant for somebody else, or an old time."""

import re
import time
from dataclasses import replace

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import timezone
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from dashboard.control.models import SavedView, User
from dashboard.fleet.entities import Kind
from dashboard.web import lists
from dashboard.web.kept import Kept, Piece, ago, gaps, grown, own, pieces
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_lists import LISTS

ROLES = ("viewer", "operator", "admin")


def rows_of(page) -> list[str]:
    return re.findall(r'<tr role="row" id="[^"]+">.*?</tr>', text(page), re.DOTALL)


def whole(page) -> str:
    """The page without what is another at each request."""
    html = re.sub(r'(name="csrfmiddlewaretoken" value|data-now)="[^"]+"', r"\1", text(page))
    assert html.count('name="csrfmiddlewaretoken" value>') >= 3
    return html


def without_seconds(html: str) -> str:
    return re.sub(r"(just now|\d+ s( ago)?)<", "<", html)


@pytest.mark.parametrize("section", LISTS)
def test_pages_of_what_is_kept_are_those_rendered_afresh(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    looks = (
        ("?page=1", "en"),
        ("?page=2&density=compact&other=1", "de"),
        ("?q=is:mine&columns=id,creator", "en"),
    )

    def pages(role: str) -> list[str]:
        found = (
            dashboard.get(f"/{section}/{look}", role, **{"Accept-Language": said}) for look, said in looks
        )
        return [whole(page) for page in found]

    for role in (*ROLES, *ROLES[::-1]):
        warm = pages(role)
        pieces.clear()
        lists._tables.clear()
        assert 'role="row" id="' in warm[0]
        assert warm == pages(role)


def test_each_role_gets_its_own_buttons_whoever_came_first(dashboard: Dashboard) -> None:
    row = dashboard.running()
    button = f'id="stop-{row.id}"'
    for role in (*ROLES, *ROLES[::-1]):
        pieces.clear() if role == "operator" else None
        assert (button in text(dashboard.get(f"/environments/?q={row.id}", role))) is (role == "admin"), role


def test_an_operator_gets_buttons_on_their_own_environment_and_another_operator_does_not(
    dashboard: Dashboard,
) -> None:
    row = dashboard.running(own=True)
    other = User.objects.create(username="other", role="operator", email="nobody@example.com")
    button = f'id="stop-{row.id}"'
    for _ in range(2):
        assert button in text(dashboard.get(f"/environments/?q={row.id}", "operator"))
        client = dashboard.clients["anonymous"]
        client.force_login(other)
        assert button not in text(client.get(f"/environments/?q={row.id}"))
        client.logout()


def test_a_row_in_an_environment_that_stopped_offers_no_start(dashboard: Dashboard) -> None:
    fleet = dashboard.fleet
    place = next(
        one
        for one in fleet.environments.values()
        if one.phase == "running" and fleet.inside(Kind.TASK, one.id)
    )
    task = fleet.inside(Kind.TASK, place.id)[0]
    path, button = f"/tasks/?q={task.id}", f'id="start-{task.id}"'
    assert button in text(dashboard.get(path))
    dashboard.put(replace(place, phase="stopped", status_version=place.status_version + 1))
    assert button not in text(dashboard.get(path))


def test_a_renamed_person_is_renamed_in_every_row(dashboard: Dashboard) -> None:
    people = dashboard.fleet.people
    row = dashboard.environment(lambda row: row.creator_id in people and row.archived is None)
    assert escape(people[row.creator_id].name) in text(dashboard.get(f"/environments/?q={row.id}"))
    dashboard.put(replace(people[row.creator_id], name="Zoë Renamed"))
    assert "Zoë Renamed" in text(dashboard.get(f"/environments/?q={row.id}"))


def test_a_kept_row_tells_the_time_of_today(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    row = dashboard.running()
    path = f"/environments/?q={row.id}"
    dashboard.get(path)
    later = time.time() + 3 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    (html,) = rows_of(dashboard.get(path))
    words = re.findall(r"<time[^>]*>([^<]*)</time>", html)
    assert words
    assert all(re.fullmatch(r"\d+ d ago", said) for said in words)


def test_a_row_comes_alone_and_in_its_table_from_the_same_piece(dashboard: Dashboard) -> None:
    row = dashboard.running()
    (alone,) = rows_of(dashboard.get(f"/environments/?q={row.id}"))
    answer = dashboard.get(f"/environments/?q={row.id}&seen=x", **HTMX)
    assert "hx-swap-oob" not in alone
    assert without_seconds(alone) in without_seconds(text(answer))


def test_no_page_carries_a_form_token_in_what_is_kept(dashboard: Dashboard) -> None:
    for section in LISTS:
        dashboard.get(f"/{section}/")
    kept = [piece._parts for piece in (*pieces._young.values(), *pieces._old.values())]
    assert kept
    assert "csrf" not in repr(kept)


def test_what_is_kept_has_gaps_for_what_is_somebodys_own():
    made = Template(
        "{% kept 'it' of %}<i>{{ of }}{{ name }}"
        "{% gap %}{% kept 'in' name %}{{ name }}{% endkept %}{% endgap %}</i>{% endkept %}"
    )

    def sent(**context: str) -> str:
        return made.render(Context(context))

    assert sent(of="a", name="<Ann>") == "<i>a&lt;Ann&gt;&lt;Ann&gt;</i>"
    assert sent(of="a", name="Bob") == "<i>a&lt;Ann&gt;Bob</i>"
    assert sent(of="b", name="Bob") == "<i>bBobBob</i>"
    assert Template("{% gap %}{{ name }}{% endgap %}").render(Context({"name": "Bob"})) == "Bob"


def test_what_is_kept_within_what_is_kept_leaves_its_gaps_open():
    inner = "{% kept 'inner' %}[{% gap %}{{ name }} hx-swap-oob=\"true\"{% endgap %}]{% endkept %}"
    made = Template("{% kept 'outer' %}" + inner * 2 + "{% endkept %}")
    for name in ("Ann", "Bob"):
        assert made.render(Context({"name": name})) == f'[{name} hx-swap-oob="true"]' * 2


def test_a_block_within_what_is_kept_is_refused():
    with pytest.raises(
        TemplateSyntaxError, match=r"kept 'it' .*: a block stands around what is kept, not in it"
    ):
        Template("{% kept 'it' %}{% gap %}{% block content %}{% endblock %}{% endgap %}{% endkept %}")


def test_a_row_with_a_gap_of_somebodys_own_is_refused():
    piece = Piece("d")
    with pytest.raises(LookupError):
        piece.html(lambda: own("somebody", lambda: "theirs"), 1.0)


def test_a_tab_has_the_new_name_of_its_view_at_once(dashboard: Dashboard, users: dict[str, User]) -> None:
    view = SavedView.objects.create(owner=users["viewer"], kind="service", name="Old", created=timezone.now())
    assert "<bdi>Old</bdi>" in text(dashboard.get("/services/?q=y", "viewer"))
    view.name = "New"
    view.save()
    page = text(dashboard.get("/services/?q=y", "viewer"))
    assert "<bdi>New</bdi>" in page
    assert "<bdi>Old</bdi>" not in page
    assert "<bdi>New</bdi>" not in text(dashboard.get("/services/?q=y", "operator"))


AT = st.floats(0, 4e9)


@given(AT, AT, AT, st.text(max_size=30), st.booleans())
def test_gaps_are_filled_with_what_would_have_been_written(at, made, sent, around, swap):
    def render():
        mark = ' hx-swap-oob="true"'
        return (
            f'<i{mark}>{around}<b>{ago(at, made)}</b>{around} hx-swap-oob="true"<b>{grown(at, made)}</b></i>'
        )

    piece = Piece("d")
    for _ in range(2):
        html = piece.html(render, sent, swap=swap)
        mark = ' hx-swap-oob="true"' if swap else ""
        assert html == (
            f'<i{mark}>{around}<b>{ago(at, sent)}</b>{around} hx-swap-oob="true"<b>{grown(at, sent)}</b></i>'
        )


def test_a_gap_is_left_only_while_something_is_made_to_be_kept():
    with gaps():
        assert ago(1.0, 100.0) != "1 min ago"
    assert ago(1.0, 100.0) == "1 min ago"


def test_what_nobody_asks_for_is_forgotten():
    kept: Kept[int] = Kept(most=10)
    for number in range(100):
        kept.put(number, number)
        assert kept.get(0) == 0  # asked for all the time
    assert kept.get(50) is None
    assert kept.get(99) == 99
    assert len(kept._young) + len(kept._old) <= 20
