"""An execution's page: its plan, the log of the step that is chosen, and the same steps in the last success."""

import html
import re
from dataclasses import replace

import pytest

from dashboard import jobs
from dashboard.fleet import log_sections, log_store
from dashboard.fleet.details import ExecutionDetail, Step
from dashboard.fleet.entities import Environment, Kind, Task
from dashboard.fleet.log_entries import CLOSE, ENDED, FOLLOWING, LINE, OPEN, Entry
from dashboard.fleet.log_sections import Section
from dashboard.fleet.log_store import LogStore
from dashboard.web.pages import logs
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.states import GERMAN
from tests.web.test_runs import HOSTILE, part, run

INSTALL = Step("s-1", "Install", "task", "t-2", "succeeded", outputs=("VERSION",))
BUILD = Step("s-2", "Build", "task", "t-1", "failed", "it burns", depends_on=("s-1", "s-gone"))
PUBLISH = Step("s-3", "Publish", "task", "t-9")


def with_runs(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    """A task with twelve runs that succeeded in a minute each."""
    monkeypatch.setattr(jobs.tail, "delay", lambda *_: None)
    dashboard.empty()
    dashboard.put(
        Environment("e-1", "otter", "running", project_id="p", status_version=1),
        Task("t-1", "e-1", "Build", "build"),
        *(run(dashboard, f"x-{number}", 100 + number) for number in range(12)),
    )
    return dashboard


@pytest.fixture
def built(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    return with_runs(dashboard, monkeypatch)


def planned(
    dashboard: Dashboard, *groups: tuple[Step, ...], phase: str = "failed", key: str = "x-plan"
) -> str:
    """The path of an execution with this plan."""
    failed = sum(step.failed for group in groups for step in group)
    total = sum(map(len, groups))
    dashboard.put(run(dashboard, key, 1, phase, steps_total=total, steps_failed=failed))
    dashboard.simulated.store.keep_detail(Kind.EXECUTION, ExecutionDetail(key, 1.0, groups))
    return f"/executions/{key}/"


def say(key: str, *said: str | Entry, state: str = ENDED) -> None:
    entries = [Entry(LINE, one) if isinstance(one, str) else one for one in said]
    with jobs.logs().writing(Kind.EXECUTION, key) as writer:
        assert writer is not None
        writer.write(entries, state=state)


def section(step: str, title: str, *lines: str, seconds: float = 12, outcome: str = "success") -> list[Entry]:
    inner = [Entry(LINE, line) for line in lines]
    return [
        Entry(OPEN, title, source=step),
        *inner,
        Entry(CLOSE, "", source=step, outcome=outcome, seconds=seconds),
    ]


def lines(dashboard: Dashboard, path: str) -> list[str]:
    return re.findall(r'<div class="line">([^<]*)', text(dashboard.get(path)))


def test_a_plan_tells_what_waits_for_what_what_is_usual_and_what_it_gives(built: Dashboard) -> None:
    path = planned(
        built, (INSTALL,), (Step("s-2", HOSTILE, "service", "v-1", "failed", "it burns", ("s-1",)),)
    )
    plan = part(built, f"{path}?step=all", "plan")
    assert "after <bdi>Install</bdi>" in plan
    assert "it burns" in plan
    assert "it burns" not in part(built, path, "plan")  # the chosen step says it beside the plan
    assert "it burns" in part(built, path, "step")
    assert "1 of 2 steps failed" in plan
    assert "<img" not in text(built.get(path))
    assert "<code><bdi>VERSION</bdi></code>" in part(built, f"{path}?step=s-1", "step")
    assert 'href="/tasks/t-2/"' in part(built, f"{path}?step=s-1", "step")
    path = planned(built, (BUILD,), key="x-2")
    plan = part(built, path, "plan")
    assert "usually 1 min" in plan
    assert 'class="usual"' in plan  # from the beginning: the page does not move when its end is known
    assert "at most 1 min for 95 of 100" in part(built, path, "step")


def test_the_step_that_failed_is_chosen_until_somebody_chooses_another(built: Dashboard) -> None:
    path = planned(built, (INSTALL,), (BUILD,), (PUBLISH,))
    said = [*section("s-1", "Install", "fetched"), *section("s-2", "Build", "oh no", seconds=3)]
    say("x-plan", *said)
    assert lines(built, path) == ["oh no"]
    assert chosen(built, path) == ["Build"]
    assert lines(built, f"{path}?step=s-1") == ["fetched"]
    assert chosen(built, f"{path}?step=s-1") == ["Install"]
    assert lines(built, f"{path}?step=all") == ["fetched", "oh no"]
    assert lines(built, f"{path}?step=s-3") == []
    for odd in ("", "unknown", "%00", HOSTILE, "s-1&step=s-2"):
        assert built.get(f"{path}?step={odd}").status_code == 200


def chosen(dashboard: Dashboard, path: str) -> list[str]:
    return re.findall(r'aria-current="true">.*?<bdi>(.*?)</bdi>', part(dashboard, path, "plan"))


def test_the_choice_stays_for_polls_also_when_a_step_fails_meanwhile(built: Dashboard) -> None:
    path = planned(built, (INSTALL,), (Step("s-2", "Build", "task", "t-1", "running"),), phase="running")
    page = built.get(path)
    assert f'hx-get="{path}?step=all"' in text(page)
    planned(built, (INSTALL,), (BUILD,))
    poll = built.poll(page)
    assert "it burns" in text(poll)
    assert 'id="log"' not in text(poll)
    assert built.poll(built.get(f"{path}?step=s-1")).status_code == 204


def test_a_log_that_tells_no_steps_apart_is_shown_whole_and_says_so(built: Dashboard) -> None:
    path = planned(built, (INSTALL,), (BUILD,))
    say("x-plan", *section("other", "Something", "one"), "two")
    assert lines(built, path) == ["one", "two"]
    assert "does not say which lines are of which step" in part(built, path, "log")
    step = part(built, path, "step")
    assert "how long is not known" in step
    assert "Ona gives no times of steps" in re.sub("<[^>]*>", "", step)
    assert '<p class="note"></p>' not in step
    assert '"note"> ·' not in step
    titled = planned(built, (INSTALL,), (BUILD,), key="x-3")
    say("x-3", *section("a", "Install", "one"), *section("b", "Build", "two"))
    assert lines(built, titled) == ["two"]


def test_a_log_without_sections_is_shown_whole_beside_a_step_that_failed(built: Dashboard) -> None:
    path = planned(built, (INSTALL,), (BUILD,))
    page = text(built.get(path))
    say("x-plan", "one", "two")
    assert lines(built, path) == ["one", "two"]
    poll = _log_poll(built, page)
    for answer in (poll, part(built, path, "log")):
        assert "does not say which lines are of which step" in answer
    only = planned(built, (BUILD,), key="x-only")
    say("x-only", "one")
    assert lines(built, only) == ["one"]
    assert "does not say" not in part(built, only, "log")  # whose else should they be
    say("x-plan", "three")
    assert [">one<" in (more := _log_poll(built, poll)), ">three<" in more] == [False, True]
    say("x-plan", *section("s-2", "Build", "four"))
    assert lines(built, path) == ["four"]
    assert "innerHTML" in _log_poll(built, poll)


def test_no_section_takes_for_ever(built: Dashboard) -> None:
    path = planned(built, (INSTALL,), (BUILD,))
    for seconds in (1e308, 1e308, float("inf"), float("nan")):
        say("x-plan", *section("s-2", "Build", "oh no", seconds=seconds))
    assert "how long is not known" in part(built, path, "step")
    say("x-plan", *section("s-2", "Build", "oh no", seconds=4))
    assert "took 4.0 s" in part(built, path, "step")
    assert 'width="inf"' not in part(built, f"{path}?step=all", "plan")


def test_a_step_keeps_its_log_however_many_sections_follow(
    built: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_sections, "MOST_SECTIONS", 5)
    path = planned(built, (INSTALL,), (BUILD,))
    inner = [entry for n in range(9) for entry in section(f"i-{n}", "Inner", f"line {n}")]
    say("x-plan", *section("s-1", "Install", "fetched"), Entry(OPEN, "Build", source="s-2"), *inner)
    for _writer in range(2):
        assert lines(built, f"{path}?step=s-1") == ["fetched"]
        assert lines(built, f"{path}?step=s-2") == [f"line {n}" for n in range(9)]
        say("x-plan", state=FOLLOWING)


def test_a_step_that_is_not_in_the_plan_is_the_whole_log(built: Dashboard) -> None:
    path = planned(built, (INSTALL,), (BUILD,))
    said = [*section("s-1", "Install", "fetched"), *section("s-2", "Build", "oh no")]
    say("x-plan", *said)
    for way in (path, f"{path}log/"):
        page = text(built.get(f"{way}?step=nope"))
        assert re.findall(r'<div class="line">([^<]*)', page) == ["fetched", "oh no"]
        assert "Log of <bdi>" not in page.split('id="log-title"')[1].split("</h2>")[0]
    assert built.get(_log_poll_of(page), **HTMX).status_code == 204


def test_what_a_step_does_not_show_is_counted_without_the_lines_of_others(
    built: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_store, "LOG_ENTRIES", 6)
    path = planned(built, (INSTALL,), (BUILD,))
    say("x-plan", *section("s-1", "Install", *"abcdef"))
    opened = Entry(OPEN, "Build", source="s-2")
    say("x-plan", opened, *(f"line {n}" for n in range(9)), state=FOLLOWING)
    log = part(built, path, "log")
    assert "3 earlier lines are not shown.<" in log
    monkeypatch.setattr(logs, "SHOWN", 2)
    assert "7 earlier lines are not shown. The download has more." in part(built, path, "log")
    assert "6 earlier lines are not shown.<" in part(built, f"{path}?step=s-1", "log")


def test_a_poll_of_a_step_loses_nothing_that_is_written_meanwhile(
    built: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planned(built, (INSTALL,), (Step("s-2", "Build", "task", "t-1", "running"),), phase="running")
    say("x-plan", Entry(OPEN, "Build", source="s-2"), "compiling", state=FOLLOWING)
    page = text(built.get(f"{path}?step=s-2"))
    say("x-plan", "compiled", state=FOLLOWING)
    read = LogStore.sections

    def read_and_written(self: LogStore, kind: Kind, key: str) -> list[Section]:
        found = read(self, kind, key)
        monkeypatch.setattr(LogStore, "sections", read)
        say("x-plan", Entry(OPEN, "Linking", source="l"), "ld", state=FOLLOWING)
        return found

    monkeypatch.setattr(LogStore, "sections", read_and_written)
    first = _log_poll(built, page)
    second = _log_poll(built, first)
    assert [first.count(word) + second.count(word) for word in ("compiled", "Linking", ">ld<")] == [1, 1, 1]


def test_a_poll_of_a_step_brings_its_lines_only(built: Dashboard) -> None:
    path = planned(built, (INSTALL,), (Step("s-2", "Build", "task", "t-1", "running"),), phase="running")
    say("x-plan", *section("s-1", "Install", "fetched"), state=FOLLOWING)
    page = text(built.get(f"{path}?step=s-2"))
    assert "fetched" not in page
    say("x-plan", Entry(OPEN, "Build", source="s-2"), "compiling", state=FOLLOWING)
    first = _log_poll(built, page)
    assert "innerHTML" in first
    assert "compiling" in first
    say("x-plan", Entry(OPEN, "Linking", source="l"), "ld", state=FOLLOWING)
    inner = Entry(CLOSE, "", source="l", outcome="success", seconds=1)
    second = _log_poll(built, first)
    assert ("ld" in second, "compiling" in second) == (True, False)
    end = Entry(CLOSE, "", source="s-2", outcome="success", seconds=7)
    say("x-plan", inner, end, *section("s-9", "Else", "not mine"), state=FOLLOWING)
    third = _log_poll(built, second)
    assert "success, 1.0 s" in third
    assert "not mine" not in third
    assert "7.0 s" in part(built, path, "plan")


def _log_poll(dashboard: Dashboard, page: str) -> str:
    return text(dashboard.get(_log_poll_of(page), **HTMX))


def _log_poll_of(page: str) -> str:
    poller = page[page.index('id="log-poll"') :]
    url = html.unescape(re.search(r'hx-get="([^"]*)"', poller)[1])
    seen = html.unescape(re.search(r"hx-vals='([^']*)'", poller)[1]).split('"')[3]
    return f"{url}{'&' if '?' in url else '?'}seen={seen}"


def test_a_plan_of_three_hundred_steps_shows_what_matters_and_folds_the_rest(built: Dashboard) -> None:
    steps = [Step(f"s-{n}", f"Step {n}", "task", "", "succeeded") for n in range(300)]
    steps[299] = Step("s-299", "Step 299", "task", "", "failed", "too late")
    plan = part(built, planned(built, tuple(steps)), "plan")
    assert "299 more steps: 299 succeeded" in plan
    assert plan.index("Step 299") < plan.index("Step 0<")
    assert "300 steps together" in plan
    assert '<details id="group-1">' in plan
    assert '<details id="group-1" open>' in part(built, "/executions/x-plan/?step=s-200", "plan")

    # each in a group of its own
    steps = [Step(f"s-{n}", f"Step {n}", "task", "", "succeeded" if n < 200 else "") for n in range(300)]
    steps[200] = Step("s-200", "Step 200", "task", "", "failed", "stuck")
    plan = part(built, planned(built, *((step,) for step in steps), key="x-long"), "plan")
    assert "Groups 1 to 200: 200 succeeded" in plan
    assert "Groups 202 to 300: 99 not started" in plan
    assert plan.count("<details") == 2


def test_an_execution_that_failed_leads_to_the_steps_that_did(built: Dashboard) -> None:
    def header(failure: str, *steps: Step) -> str:
        built.put(run(built, "x-bad", 1, "failed", failure=failure))
        if steps:
            built.simulated.store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-bad", 1.0, (steps,)))
        page = text(built.get("/executions/x-bad/"))
        return page[page.index('<div id="header"') : page.index('<section id="plan"')]

    assert "The steps are being read" in header("Build: it burns")
    one = header(
        "Build: it burns", Step("a b", "Build", phase="failed", failure="it burns"), Step("c", "Test")
    )
    assert 'Step that failed: <a href="/executions/x-bad/?step=a+b#log"' in one
    assert '<li id="step-a%20b"' in text(built.get("/executions/x-bad/"))
    many = header("", *(Step(f"s-{n}", HOSTILE, phase="failed", failure=HOSTILE) for n in range(40)))
    assert many.count('href="/executions/x-bad/?step=s-') == 3
    assert "and 37 more" in many
    assert "<img" not in many


def test_a_step_without_a_name_is_called_what_it_is_in_the_language_of_the_page(built: Dashboard) -> None:
    built.simulated.store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-0", 1.0, ((INSTALL,),)))
    service = Step("s-2", "", "service", "v-1", "failed", "port taken")
    path = planned(built, (service, replace(service, id="s-3", kind="", target="")))
    page = text(built.get(path, **GERMAN))
    assert "Log von <bdi>Dienst</bdi>" in page
    assert "Sie trennen sich bei <bdi>Dienst</bdi>" in page
    assert "<bdi>Schritt</bdi>" in page
    assert "<bdi>service</bdi>" not in page
    assert "<bdi></bdi>" not in page


def test_how_far_the_steps_came_is_said_in_words(built: Dashboard) -> None:
    cases = (
        ("failed", 1, 1, 1, "its only step failed"),
        ("failed", 2, 3, 5, "2 of 5 steps failed"),
        ("stopped", 0, 1, 3, "stopped early, 1 of 3 steps had begun"),
        ("succeeded", 0, 3, 3, "all 3 steps succeeded"),
        ("running", 0, 1, 3, "1 of 3 steps done"),
    )
    for place, (phase, failed, done, total, words) in enumerate(cases):
        key = f"x-w{place}"
        built.put(run(built, key, 1, phase, steps_total=total, steps_done=done, steps_failed=failed))
        assert words in part(built, f"/executions/{key}/", "facts")
        assert (words in text(built.get(f"/executions/?q={key}"))) is (total > 1)
