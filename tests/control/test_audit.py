"""The audit: what happened is added in a chain, which nobody changes without its showing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models, transaction

from dashboard.control import ledger
from dashboard.control.audit import keep as audit_keep
from dashboard.control.audit import log as audit
from dashboard.control.audit import triggers as audit_triggers
from dashboard.control.audit.check import anchors_in, check
from dashboard.control.audit.keep import ChainBroken
from dashboard.control.audit.log import BEGINNING, Known, Note, Person, Place
from dashboard.control.audit.models import AppendOnly
from dashboard.control.idleness import exemptions
from dashboard.control.models import Action, AuditEntry, State
from dashboard.control.permissions import Forbidden
from dashboard.control.verbs import Verb
from dashboard.fleet import anchors
from tests.control.conftest import FLEET, MINE, NOW, Ledger, seconds
from tests.control.test_ledger_asking import patiently

pytestmark = [pytest.mark.django_db]
KEY = b"k" * 32
RENUMBER = "UPDATE {{table}} SET number = {} WHERE number = {}"


@pytest.fixture(autouse=True)
def key(settings) -> None:
    settings.AUDIT_KEYS = (KEY,)


def entries() -> list[AuditEntry]:
    return list(AuditEntry.objects.as_chained())


def add(*acts: str, at: datetime = NOW) -> None:
    audit.append(*(Note(act, at, target_name="otter") for act in acts))


@pytest.fixture
def chain() -> None:
    """Five entries, and no trigger that would keep anybody from them."""
    add("one", "two", "three", "four", "five")
    with connection.cursor() as cursor:
        for statement in audit_triggers.DROP[connection.vendor]:
            cursor.execute(statement)


def tamper(sql: str) -> str:
    """What the check says after somebody was at the table."""
    with connection.cursor() as cursor:
        cursor.execute(sql.format(table=audit_triggers.TABLE))
    return check([KEY]).broken


# Adding


def test_each_entry_is_sealed_with_the_one_before() -> None:
    add("one", "two")
    add("three")
    found = entries()
    assert [(one.number, one.act) for one in found] == [(1, "one"), (2, "two"), (3, "three")]
    assert [one.before for one in found] == [BEGINNING, found[0].digest, found[1].digest]
    assert check([KEY]).broken == ""


def test_an_entry_tells_who_from_where_what_why_and_the_outcome(admin) -> None:
    here = Known(audit.person_of(admin), Place("10.0.0.9", "session-1"))
    note = Note("price", NOW, "class", "c-1", "Large", "dearer", "2.50", {"times": 3})
    with audit.comes_from(here):
        audit.append(note)
    one = entries()[0]
    assert (one.person, one.person_id, one.role) == (str(admin), str(admin.pk), "admin")
    assert (one.address, one.session) == ("10.0.0.9", "session-1")
    assert (one.kind, one.target_id, one.target_name) == ("class", "c-1", "Large")
    assert (one.reason, one.outcome, one.details) == ("dearer", "2.50", {"times": 3})


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "💥" * 900, "Ünï\u202ecode", "'; DROP TABLE x; --"])
def test_whatever_the_text_it_is_kept_so_that_its_seal_holds(text: str) -> None:
    audit.append(Note(text, NOW, text, text, text, text, text, {"x": text}, Person(text, text, text)))
    assert check([KEY]).broken == ""


def test_nothing_is_added_when_what_it_tells_of_is_undone() -> None:
    with transaction.atomic():
        add("one")
        transaction.set_rollback(True)
    assert entries() == []


@pytest.mark.django_db(transaction=True)
def test_many_writers_make_one_chain() -> None:
    """All of them are held back until each has begun."""
    writers, each = 6, 5
    barrier = threading.Barrier(writers)

    def writer(name: int) -> None:
        try:
            barrier.wait(10)
            for turn in range(each):
                patiently(lambda turn=turn: add(f"{name}-{turn}"))
        finally:
            connection.close()

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(writer, range(writers)))
    found = check([KEY])
    assert (found.entries, found.broken) == (writers * each, "")


# Changing it


def test_the_model_refuses_to_change_or_delete_an_entry() -> None:
    add("one")
    one = entries()[0]
    for attempt in (
        one.save,
        one.delete,
        lambda: AuditEntry.objects.update(act="x"),
        lambda: AuditEntry.objects.all().delete(),
        lambda: AuditEntry.objects.bulk_update([one], ["act"]),
    ):
        with pytest.raises(AppendOnly):
            attempt()


@pytest.mark.parametrize(
    "sql", ["UPDATE {} SET act = 'x'", "DELETE FROM {}", "DELETE FROM {} WHERE number = 1"]
)
def test_the_database_refuses_to_change_or_delete_an_entry(sql: str) -> None:
    add("one", "two")
    refused = pytest.raises(DatabaseError, match="entries of the audit")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(audit_triggers.TABLE))
    assert len(entries()) == 2


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE {table} SET outcome = 'nothing happened' WHERE number = 3", "entry 3 was changed"),
        ("UPDATE {table} SET person = 'somebody else' WHERE number = 1", "entry 1 was changed"),
        ("UPDATE {table} SET at = '2026-01-01 00:00:00' WHERE number = 5", "entry 5 was changed"),
        ("DELETE FROM {table} WHERE number = 3", "entry 3 is missing"),
        ("DELETE FROM {table} WHERE number IN (2, 3)", "entries 2 to 3 are missing"),
        ("DELETE FROM {table} WHERE number <= 2", "the entries up to 2 are missing"),
        (
            "UPDATE {table} SET number = CASE number WHEN 2 THEN 102 ELSE 103 END WHERE number IN (2, 3)",
            "entries 2 to 3 are missing",
        ),
        ("UPDATE {table} SET key = 'ffffffff' WHERE number = 4", "entry 4 was sealed with a key"),
    ],
)
def test_the_first_broken_place_is_named(chain: None, sql: str, said: str) -> None:
    assert tamper(sql).startswith(said)


def test_an_entry_that_changes_places_with_another_is_noticed(chain: None) -> None:
    for number, other in ((2, 102), (3, 2), (102, 3)):
        broken = tamper(RENUMBER.format(other, number))
    assert broken == "entry 2 was changed"


def test_an_entry_sealed_without_the_key_is_noticed(chain: None, settings) -> None:
    """Whoever writes in the database and knows how seals are made still lacks the key, whatever mark they write."""
    tamper("DELETE FROM {table} WHERE number = 5")
    settings.AUDIT_KEYS = (b"x" * 32,)
    add("forged")
    assert "sealed with a key" in check([KEY]).broken
    models.QuerySet(AuditEntry).filter(number=5).update(key=audit.mark(KEY))
    assert check([KEY]).broken == "entry 5 was changed"


def test_what_is_cut_off_at_the_end_is_missed_by_its_anchor(chain: None, valkey, store) -> None:
    line = audit_keep.anchor(store)
    anchored = list(anchors_in([f"2026-11-22 12:00:00 INFO dashboard.jobs.auditing: {line}"]))
    assert anchored == [(5, entries()[-1].digest)]
    assert anchored == [anchors.kept(store)]
    assert tamper("DELETE FROM {table} WHERE number >= 4") == ""
    assert check([KEY], anchored).broken == "the entries from 4 on are missing: 5 was there once"
    with pytest.raises(ChainBroken, match="entry 5"):
        audit_keep.anchor(store)
    add("four again", "five again")
    assert "not the one that was anchored" in check([KEY], anchored).broken
    with pytest.raises(ChainBroken, match="entry 5"):
        audit_keep.anchor(store)
    assert anchors.kept(store) == anchored[0]


def test_a_new_key_seals_what_comes_and_the_old_one_still_verifies(settings) -> None:
    add("one")
    settings.AUDIT_KEYS = (b"n" * 32, KEY)
    add("two")
    assert check(settings.AUDIT_KEYS).broken == ""
    assert check([b"n" * 32]).broken.startswith("entry 1 was sealed with a key that is not in AUDIT_KEY")


# The command


@pytest.fixture
def redis_of_the_command(settings, valkey, valkey_url) -> None:
    settings.REDIS_URL = valkey_url


def test_the_command_says_that_the_chain_holds(redis_of_the_command: None) -> None:
    add("one", "two")
    told = StringIO()
    call_command("verify_audit", stdout=told)
    assert told.getvalue().startswith("2 entries hold together")
    assert list(anchors_in([told.getvalue()])) == [(2, entries()[-1].digest)]


def test_the_command_fails_with_the_broken_place(chain: None, redis_of_the_command: None) -> None:
    tamper("DELETE FROM {table} WHERE number = 2")
    with pytest.raises(CommandError, match="Broken: entry 2 is missing") as failed:
        call_command("verify_audit")
    assert failed.value.returncode == 1


def test_after_a_restored_backup_the_anchor_begins_anew_and_the_audit_says_so(
    chain: None, redis_of_the_command: None, store
) -> None:
    audit_keep.anchor(store)
    tamper("DELETE FROM {table} WHERE number = 5")
    with pytest.raises(CommandError, match="5 was there once"):
        call_command("verify_audit")
    call_command("verify_audit", begin_anew="the backup of Monday", stdout=StringIO())
    assert (entries()[-1].act, entries()[-1].reason) == ("anchor-forgotten", "the backup of Monday")


# Pruning


def test_what_is_old_goes_from_the_oldest_end_with_a_checkpoint(store, valkey) -> None:
    add("one", "two", at=NOW - timedelta(days=500))
    add("three")
    add("old, but behind a young one", at=NOW - timedelta(days=500))
    audit_keep.anchor(store)
    assert audit_keep.prune(NOW, 400) == 2
    assert [one.act for one in entries()] == ["three", "old, but behind a young one", "checkpoint"]
    assert entries()[-1].upto == 2
    assert check([KEY], [anchors.kept(store)]).broken == ""
    assert audit_keep.prune(NOW, 400) == 0


def test_an_anchor_that_was_pruned_is_no_alarm(store, valkey) -> None:
    add("one", at=NOW - timedelta(days=500))
    audit_keep.anchor(store)
    audit_keep.prune(NOW, 400)
    assert audit_keep.anchor(store).startswith("audit anchor 2 ")


def test_a_checkpoint_that_somebody_else_wrote_hides_nothing(chain: None, settings) -> None:
    tamper("DELETE FROM {table} WHERE number <= 2")
    settings.AUDIT_KEYS = (b"x" * 32,)
    audit.append(Note("checkpoint", NOW, details={"upto": 2, "digest": entries()[0].before}))
    assert "sealed with a key" in check([KEY]).broken


def test_a_checkpoint_covers_only_what_it_names(chain: None) -> None:
    audit.append(Note("checkpoint", NOW, details={"upto": 2, "digest": entries()[1].digest}))
    assert tamper("DELETE FROM {table} WHERE number <= 3").startswith("the entries up to 3 are missing")


# What the ledger does


def test_an_action_is_told_when_it_is_asked_for_and_when_it_ends(book: Ledger) -> None:
    action = book.requested(Verb.STOP_ENVIRONMENT)
    gone = ledger.observe(action, None, seconds(9).timestamp(), seconds(9))
    assert gone
    first, last = entries()
    assert (first.act, first.person, first.role) == ("asked", str(book.user), "admin")
    assert (first.target_id, first.details["verb"]) == ("e-mine", "environment.stop")
    assert (last.act, last.details["state"], last.at) == ("ended", "confirmed", seconds(9))
    assert last.details["action"] == first.details["action"] == str(action.id)


def test_what_is_skipped_at_once_is_one_entry(book: Ledger) -> None:
    book.ask(Verb.START_ENVIRONMENT, MINE)
    assert [(one.act, one.details["state"]) for one in entries()] == [("asked", "skipped")]


def test_the_second_of_two_equal_wishes_is_no_entry(book: Ledger) -> None:
    book.ask(Verb.STOP_ENVIRONMENT)
    book.ask(Verb.STOP_ENVIRONMENT)
    assert len(entries()) == 1


def test_a_change_that_hits_no_row_is_no_entry(book: Ledger) -> None:
    book.ask(Verb.STOP_ENVIRONMENT)
    nothing = Action.objects.filter(state=State.FAILED)
    assert nothing.update(state=State.SKIPPED, ended=NOW) == 0
    assert len(entries()) == 1


def test_an_exemption_is_told_with_its_reason(admin) -> None:
    later = NOW + timedelta(days=1)
    exemptions.grant(admin, FLEET, row=MINE, reason="a demo", until=later, now=NOW, longest=timedelta(days=7))
    assert [(one.details["verb"], one.reason) for one in entries()] == [("environment.exempt", "a demo")]


def test_what_is_forbidden_leaves_no_action_behind(viewer, book: Ledger) -> None:
    with pytest.raises(Forbidden):
        book.ask(Verb.STOP_ENVIRONMENT, user=viewer)
    assert entries() == []


@pytest.fixture
def viewer(db):
    from tests.control.conftest import Role, user

    return user(Role.VIEWER)
