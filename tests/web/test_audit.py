"""What comes over the web is on record: sign-ins, refusals, changes of settings; and admins read the record."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import DatabaseError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.control.audit import log as audit
from dashboard.control.audit.check import check
from dashboard.control.audit.log import Note
from dashboard.control.audit.query import ACTS
from dashboard.control.models import AuditEntry, ClassPrice, SavedView, SignIn, User
from dashboard.web import audit as web_audit
from dashboard.web import limits
from tests.web.conftest import Dashboard, text

HERE = "10.9.8.7"


@dataclass
class Since:
    """What is written after the browsers of the fixtures have signed in."""

    number: int = 0


since = Since()


@pytest.fixture(autouse=True)
def begun(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    monkeypatch.setattr(limits, "_own", {})
    monkeypatch.setattr(web_audit, "_own", {})
    monkeypatch.setattr(since, "number", AuditEntry.objects.count())
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # for the sake of time


def told(act: str = "") -> list[AuditEntry]:
    found = AuditEntry.objects.as_chained().filter(number__gt=since.number)
    return list(found.filter(act=act) if act else found)


def one(act: str) -> AuditEntry:
    (found,) = told(act)
    return found


def sign_in(name: str, password: str, address: str = HERE) -> Client:
    browser = Client(REMOTE_ADDR=address)
    browser.post("/accounts/login/", {"username": name, "password": password})
    return browser


@pytest.fixture
def ada(users: dict[str, User]) -> User:
    users["admin"].set_password("right")
    users["admin"].save()
    return users["admin"]


def test_a_sign_in_and_a_sign_out_are_on_record_with_address_and_session(
    dashboard: Dashboard, ada: User
) -> None:
    browser = sign_in("admin", "right")
    came, session = one("sign-in"), SignIn.objects.latest("began")
    assert (came.person, came.role, came.address, came.session) == ("admin", "admin", HERE, str(session.id))
    browser.post("/accounts/logout/")
    gone = one("sign-out")
    assert (gone.person, gone.address, gone.target_id) == ("admin", HERE, str(session.id))


@pytest.mark.parametrize(("name", "kept"), [("admin", "admin"), ("hunter2 typed in the wrong box", "")])
def test_a_wrong_password_is_on_record_with_the_name_only_where_there_is_such_an_account(
    dashboard: Dashboard, ada: User, name: str, kept: str
) -> None:
    sign_in(name, "wrong")
    entry = one("sign-in-failed")
    assert (entry.target_name, entry.person, entry.address) == (kept, "", HERE)
    assert "hunter2" not in str(vars(entry))


def test_a_session_that_an_admin_ends_is_on_record(dashboard: Dashboard) -> None:
    session = SignIn.objects.get(user__username="viewer")
    dashboard.post(f"/accounts/sessions/{session.id}/end/")
    entry = one("session-ended")
    assert (entry.person, entry.target_id) == ("admin", str(session.id))
    assert entry.target_name.startswith("viewer")


def test_a_refusal_is_on_record_with_what_was_asked_and_why_not(dashboard: Dashboard) -> None:
    row = dashboard.running()
    dashboard.post(f"/environments/{row.id}/stop/", "viewer")
    entry = one("refused")
    assert (entry.person, entry.role, entry.details["verb"]) == ("viewer", "viewer", "POST")
    assert entry.target_id == f"/environments/{row.id}/stop/"
    assert entry.outcome.startswith("Your role is viewer")


def test_what_was_searched_for_is_no_part_of_a_refusal(dashboard: Dashboard) -> None:
    dashboard.get("/activity/audit/?q=canary", "viewer")
    assert "canary" not in str(vars(one("refused")))


def test_a_storm_of_refusals_is_a_handful_of_entries_that_say_how_many(dashboard: Dashboard) -> None:
    for _ in range(100):
        assert dashboard.get("/activity/audit/", "viewer").status_code == 403
    assert [entry.details.get("times", 1) for entry in told("refused")] == [1] * 10 + [20, 40, 80]


def test_a_storm_from_everywhere_is_bounded_too_and_hides_nobody_who_is_signed_in(
    dashboard: Dashboard,
) -> None:
    for number in range(130):
        outside = Client(REMOTE_ADDR=f"10.0.{number}.1", enforce_csrf_checks=True)
        assert outside.post("/accounts/logout/").status_code == 403
    assert len(told("refused")) == 61
    assert told("refused")[-1].details["times_of_all"] == 120
    dashboard.get("/activity/audit/", "viewer")
    assert told("refused")[-1].person == "viewer"


def test_a_database_that_takes_no_entry_stops_no_refusal(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(audit, "append", locked)
    assert dashboard.get("/activity/audit/", "viewer").status_code == 403


def test_an_action_is_on_record_with_address_and_session(dashboard: Dashboard) -> None:
    row = dashboard.running()
    dashboard.post(f"/environments/{row.id}/stop/", reason="too dear")
    entry = one("asked")
    assert (entry.person, entry.role, entry.address) == ("admin", "admin", "127.0.0.1")
    assert entry.session == str(SignIn.objects.get(user__username="admin").id)
    assert (entry.target_id, entry.reason, entry.details["state"]) == (row.id, "too dear", "queued")


def test_a_price_is_on_record(dashboard: Dashboard) -> None:
    class_id = next(iter(dashboard.fleet.classes))
    today = timezone.localdate().isoformat()
    dashboard.post("/classes/prices/", class_id=class_id, price="1.25", valid_from=today)
    assert ClassPrice.objects.count() == 1
    assert (one("price").target_id, one("price").outcome) == (class_id, f"1.25 from {today}")


def test_sharing_a_view_and_deleting_it_are_on_record_and_private_ones_are_not(dashboard: Dashboard) -> None:
    dashboard.post("/views/new/environments/?q=phase:running", name="Mine")
    assert told() == []
    dashboard.post("/views/new/environments/?q=phase:running", name="Ours", shared="on")
    view = SavedView.objects.get(shared=True)
    dashboard.post(f"/views/{view.pk}/delete/")
    assert [(entry.act, entry.target_name) for entry in told()] == [
        ("view-shared", "Ours"),
        ("view-withdrawn", "Ours"),
    ]


def test_a_poll_that_finds_nothing_asks_nothing_about_where_it_comes_from(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = dashboard.get("/environments/")
    again = dashboard.poll(first)

    def asked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(web_audit.FromRequest, "person", asked)
    monkeypatch.setattr(web_audit.FromRequest, "place", asked)
    assert dashboard.poll(first).status_code == again.status_code == 204


# Reading it


@pytest.fixture
def written(dashboard: Dashboard) -> None:
    now = timezone.now()
    person = audit.Person
    audit.append(
        Note("asked", now - timedelta(days=8), "environment", "e-1", "otter", "dear", "", {"verb": "environment.stop"},
             person("Ada", "7", "admin")),
        Note("refused", now, "address", "/idle/stop/", outcome="Your role is viewer", who=person("Vic", "9", "viewer")),
        Note("sign-in", now, "session", "s-1", "Firefox on Linux", who=person("Bob", "8", "operator")),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "acts"),
    [
        ("", ["sign-in", "refused", "asked"]),
        ("act:refused", ["refused"]),
        ("act:refused,sign-in", ["sign-in", "refused"]),
        ("-act:refused", ["sign-in", "asked"]),
        ("who:ada", ["asked"]),
        ("who:=ad", []),
        ("role:viewer", ["refused"]),
        ("target:otter", ["asked"]),
        ("verb:stop", ["asked"]),
        ("why:dear", ["asked"]),
        ("age:<7d", ["sign-in", "refused"]),
        ("age:>7d", ["asked"]),
        ("age:<1d -number:<=1", ["sign-in", "refused"]),
        ("linux", ["sign-in"]),
        ('"role is viewer"', ["refused"]),
        ("act:refused nonsense:x", ["refused"]),
    ],
)
def test_the_filter_language_finds_entries(
    dashboard: Dashboard, written: None, query: str, acts: list[str]
) -> None:
    answer = dashboard.clients["admin"].get("/activity/audit/", {"q": f"{query} number:>{since.number}"})
    assert [entry.act for entry, *_ in answer.context["rows"]] == acts


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("act:refusd", "?q=act%3Arefused"),
        ("whoo:ada", "?q=who%3Aada"),
        ("age:soon", "This takes a time"),
        ("age:=7d", "Times are compared"),
        ("age:>999999w999999w", "Nothing is that old"),
        ("number:x", "This takes a whole number"),
        ("why:<x", "This takes a text"),
        ("x" * 1200, "A filter has at most"),
    ],
)
def test_a_mistake_is_shown_and_the_rest_of_the_filter_counts(
    dashboard: Dashboard, written: None, query: str, said: str
) -> None:
    answer = dashboard.clients["admin"].get("/activity/audit/", {"q": query})
    assert answer.status_code == 200
    assert said in text(answer)


def test_every_act_that_is_written_has_words(dashboard: Dashboard, written: None) -> None:
    for entry in told():
        assert entry.act in ACTS


def test_hostile_text_is_only_text(dashboard: Dashboard) -> None:
    nasty = "<script>alert(1)</script>\u202e"
    audit.append(Note("sign-in", timezone.now(), "x", nasty, nasty, nasty, nasty, who=audit.Person(nasty)))
    assert "<script>alert" not in text(dashboard.get("/activity/audit/"))


def body(answer: HttpResponse) -> str:
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_the_files_hold_what_the_filter_names_and_taking_them_is_on_record(
    dashboard: Dashboard, written: None
) -> None:
    only = f"number:>{since.number}"
    rows = json.loads(body(dashboard.get("/activity/audit/?q=who:ada&format=json")))
    assert [(row["act"], row["person"]) for row in rows] == [("asked", "Ada")]
    assert rows[0]["digest"] == told("asked")[0].digest
    table = list(
        csv.DictReader(
            io.StringIO(body(dashboard.get(f"/activity/audit/?format=csv&q={only}")).lstrip("\ufeff"))
        )
    )
    assert [row["act"] for row in table] == ["asked", "refused", "sign-in", "exported", "exported"]
    assert check(web_audit.settings.AUDIT_KEYS).broken == ""


def test_only_admins_read_it_and_find_the_way_to_it(dashboard: Dashboard) -> None:
    assert dashboard.get("/activity/audit/", "operator").status_code == 403
    assert "/activity/audit/" in text(dashboard.get("/activity/"))
    assert "/activity/audit/" not in text(dashboard.get("/activity/", "operator"))


def test_what_is_kept_in_english_reads_in_the_language_of_the_page(dashboard: Dashboard) -> None:
    kept = (
        Note("token-made", timezone.now(), "token", "t", "ci of Ada", outcome="read, act, 90 days"),
        Note("price", timezone.now(), "class", "c", "Large", outcome="0.25 from 2026-11-01"),
        Note(
            "checkpoint",
            timezone.now(),
            outcome="1200 entries up to 1300 were older than 90 days and are deleted",
        ),
        Note("price", timezone.now(), "class", "c", "odd", outcome="free <b> from then on"),
    )
    audit.append(*kept)
    english, german = (
        text(dashboard.get("/activity/audit/", **{"Accept-Language": to})) for to in ("en", "de")
    )
    for words in (
        "read, act, 90 Tage",
        "ci von Ada",
        "0,25 ab 1. November 2026",
        "1.200 Einträge bis 1.300 waren",
    ):
        assert words in german
    for page in (english, german):
        assert "free &lt;b&gt; from then on" in page
    assert "0.25 from 1 Nov 2026 on" in english
    assert AuditEntry.objects.filter(outcome="read, act, 90 days").exists()
