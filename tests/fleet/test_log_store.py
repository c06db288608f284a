"""Logs in a real Valkey: bounded in every direction, one writer, forgotten in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet import log_entries, log_sections, log_store
from dashboard.fleet.entities import Kind
from dashboard.fleet.log_entries import CLOSE, LINE, OPEN, Entry, fitting
from dashboard.fleet.log_resume import Resume
from dashboard.fleet.log_store import LogStore
from dashboard.fleet.store import StoreError

RUN = (Kind.EXECUTION, "run-1")


@pytest.fixture
def logs(store):
    return LogStore(store, 3600)


def lines(*texts):
    return [Entry(LINE, text) for text in texts]


def written(logs, *batches, name=RUN):
    with logs.writing(*name) as writer:
        for batch in batches:
            writer.write(batch)
    return logs.status(*name)


def test_lines_come_back_as_they_were_in_order_and_numbered(logs):
    status = written(logs, lines("one", "zwei ✓"), lines("\x1b[31mthree"))
    found = logs.after(*RUN, 0, 100)
    assert [(one.number, one.text) for one in found] == [(1, "one"), (2, "zwei ✓"), (3, "\x1b[31mthree")]
    assert (status.last, status.dropped) == (3, 0)
    assert [one.number for one in logs.after(*RUN, 1, 1)] == [2]
    assert [one.number for one in logs.latest(*RUN, 2)] == [2, 3]


def test_a_log_that_never_ends_keeps_its_end_only(logs, valkey):
    with logs.writing(*RUN) as writer:
        for start in range(0, 12_000, 400):
            writer.write(lines(*(f"line {number}" for number in range(start, start + 400))))
        assert len(writer._sizes) == log_store.LOG_ENTRIES
    status = logs.status(*RUN)
    assert (status.last, status.dropped) == (12_000, 7_000)
    assert valkey.xlen(logs._key("log:lines", *RUN)) == log_store.LOG_ENTRIES
    assert logs.latest(*RUN, 1)[0].text == "line 11999"


def test_long_lines_are_bounded_by_bytes(logs, valkey):
    with logs.writing(*RUN) as writer:
        for _ in range(50):
            writer.write(lines(*["\x1b" * log_entries.LINE_BYTES] * 10))
    used = valkey.memory_usage(logs._key("log:lines", *RUN), samples=0)
    assert used < 1.5 * log_store.LOG_BYTES
    kept = logs.after(*RUN, 0, 10_000)
    assert sum(one.size for one in kept) <= log_store.LOG_BYTES
    assert logs.status(*RUN).dropped == 500 - len(kept)


def test_bounds_hold_over_several_writers(logs):
    for _ in range(4):
        status = written(logs, lines(*["x" * 10_000] * 60))
    kept = logs.after(*RUN, 0, 10_000)
    assert sum(one.size for one in kept) <= log_store.LOG_BYTES
    assert (status.last, kept[0].number) == (240, status.kept_from)


def test_one_batch_may_be_larger_than_a_whole_log(logs):
    written(logs, lines(*["x" * 16_000] * 400))
    assert logs.after(*RUN, 0, 10_000)[-1].number == 400


@given(st.text(max_size=40), st.integers(1, 3000))
def test_a_line_fits_and_can_be_sent(text, times):
    kept, cut = fitting(text * times)
    assert len(kept.encode()) <= log_entries.LINE_BYTES
    assert cut or kept == (text * times).encode("utf-8", "replace").decode()


def test_only_so_many_logs_are_kept(logs, monkeypatch):
    monkeypatch.setattr(log_store, "MOST_LOGS", 3)
    for number in range(5):
        written(logs, lines("a"), name=(Kind.EXECUTION, f"run-{number}"))
    written(logs, (), name=(Kind.EXECUTION, "new"))
    kept = [n for n in range(5) if logs.status(Kind.EXECUTION, f"run-{n}").last]
    assert kept == [2, 3, 4]


def test_one_writer_at_a_time(logs):
    with logs.writing(*RUN) as first, logs.writing(*RUN) as second:
        assert first is not None
        assert second is None
        assert not logs.ask(*RUN, 5)
    with logs.writing(*RUN) as third:
        assert third is not None


def test_a_writer_that_lost_its_lock_notices(logs, valkey):
    with logs.writing(*RUN) as writer:
        writer.hold()
        valkey.delete(logs._key("lock:tail", *RUN))
        with pytest.raises(StoreError):
            writer.hold()


def test_pages_ask_once(logs):
    assert [logs.ask(*RUN, 5) for _ in range(3)] == [True, False, False]


def test_everything_expires(logs, valkey):
    logs.watch(*RUN)
    logs.ask(*RUN, 5)
    written(logs, lines("a"))
    assert all(0 < valkey.ttl(key) <= 3600 for key in valkey.keys("*log*"))
    assert len(valkey.keys("*log*")) == 5
    assert logs.watched(*RUN)


def test_a_log_of_which_a_part_was_evicted_begins_anew(logs, valkey):
    before = written(logs, lines("a", "b"))
    valkey.delete(logs._key("log:lines", *RUN))
    after = written(logs, lines("c"))
    assert after.epoch != before.epoch
    assert [(one.number, one.text) for one in logs.after(*RUN, 0, 9)] == [(1, "c")]


def test_sections_know_where_they_are_and_a_stray_end_is_dropped(logs):
    heard = [
        Entry(OPEN, "Build", source="b"),
        Entry(LINE, "x"),
        Entry(OPEN, "Inner", source="i"),
        Entry(CLOSE, "", source="nobody"),
    ]
    written(logs, heard)
    written(
        logs, [Entry(LINE, "y"), Entry(CLOSE, "", source="i"), Entry(CLOSE, "", source="b"), Entry(LINE, "z")]
    )
    found = [(one.kind, one.section) for one in logs.after(*RUN, 0, 99)]
    assert found == [(OPEN, 0), (LINE, 1), (OPEN, 1), (LINE, 3), (CLOSE, 3), (CLOSE, 1), (LINE, 0)]


def test_what_is_known_of_sections_is_bounded_whatever_they_are_called(logs, valkey):
    name = "\U0001f9a6\x00" * 100
    inner = [Entry(OPEN, name, source=f"{name}{n}") for n in range(2)]
    ends = [Entry(CLOSE, "", source=one.source, outcome=name, seconds=1 / 3) for one in inner]
    with logs.writing(*RUN) as writer:
        for _ in range(0, 1_200, 100):
            writer.write([inner[0], *[inner[1], ends[1]] * 100, ends[0]])
    assert len(logs.sections(*RUN)) == log_sections.MOST_SECTIONS
    assert valkey.memory_usage(logs._key("log:sections", *RUN), samples=0) < 150_000


def test_sections_that_are_lost_or_written_by_another_version_are_learned_from_the_lines(logs, valkey):
    written(logs, [Entry(OPEN, "Build", source="b"), Entry(CLOSE, "", source="b", seconds=2)])
    found = logs.sections(*RUN)
    key = logs._key("log:sections", *RUN)
    valkey.hset(key, "1", b'[0, "b", "Build", 2, "", 2.0]')
    assert logs.sections(*RUN) == []
    written(logs, lines("a"))
    assert logs.sections(*RUN) == found
    assert found[0].took == 2


def test_sections_nest_only_so_deep(logs):
    written(logs, [Entry(OPEN, "s", source=str(number)) for number in range(500)])
    kinds = [one.kind for one in logs.after(*RUN, 0, 999)]
    assert kinds.count(OPEN) == log_store.DEEPEST


# Going on


def heard(resume, texts):
    found = [item for text in texts for item in resume.feed(text, text)]
    if resume.skipping:
        new, follows = resume.settle()
        return [*found, *([] if follows else ["GAP"]), *new]
    return found


def stopped_after(texts):
    resume = Resume(0, "")
    heard(resume, texts)
    return resume.read, resume.mark


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(0, 40))
def test_a_log_that_is_read_again_from_its_beginning_gives_what_is_new(texts, stop):
    before = texts[:stop]
    assert heard(Resume(*stopped_after(before)), texts) == texts[stop:]


def test_a_server_that_keeps_only_the_end_is_recognised_by_its_last_lines():
    texts = [f"line {number}" for number in range(60)]
    assert heard(Resume(*stopped_after(texts[:40])), texts[20:]) == texts[40:]


def test_what_cannot_be_recognised_is_shown_with_a_gap():
    texts = [f"line {number}" for number in range(60)]
    assert heard(Resume(*stopped_after(texts[:10])), texts[20:]) == ["GAP", *texts[20:]]


def test_what_waits_to_be_recognised_is_bounded():
    resume = Resume(10, "never")
    for _ in range(500):
        resume.feed("x" * 16_000, "x")
    assert len(resume._pending) * 16_000 <= 2_000_000
