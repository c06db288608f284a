"""The daily report as a message: plain text, short, with the texts of others made harmless."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.formats import date_format

from dashboard.control.models import FleetReport
from dashboard.control.notify.notices import link, plain
from dashboard.fleet.spans import length

SHOWN = 5
"""Lines of each list; the page has more."""


def subject(report: FleetReport) -> str:
    told = report.figures
    head = f"Ona fleet, {date_format(report.day, 'D j M Y')}"
    return f"{head}: {_hours(told['idle'])} idle of {_hours(told['running'])}, {told['stopped']:,} stopped"


def body(report: FleetReport) -> str:
    told = report.figures
    lines = [*_head(told), *_policies(told), *_lists(told)]
    address = link("idle-report", str(report.day))
    return "\n".join([*lines, *(["", f"The whole report: {address}"] if address else [])])


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h"


def _head(told: dict[str, Any]) -> Iterator[str]:
    before = {name: f"the day before: {_hours(seconds)}" for name, seconds in told["before"].items()}
    yield f"Running: {_hours(told['running'])} of {told['ran']:,} environments ({before['running']})"
    yield f"Idle: {_hours(told['idle'])} ({before['idle']})"
    if "money" in told:
        yield f"Estimate: {told['money']} {told['currency']}, of it idle {told['idle_money']} {told['currency']}"


def _policies(told: dict[str, Any]) -> Iterator[str]:
    yield f"Stopped by policies: {told['stopped']:,}"
    for one in told["policies"][:SHOWN]:
        yield f"  {plain(one['name'])}: {one['stopped']:,} of {one['asked']:,} asked for"
    if told.get("deleting"):
        yield f"Deleted by policies: {told['deleted']:,}"


def _lists(told: dict[str, Any]) -> Iterator[str]:
    yield from _list("Regrets (started again within 15 minutes)", "regretted", "regrets", told, _regret)
    yield from _list("Running for more than a day", "long", "longest", told, _since)
    yield from _list("Kept awake in one way only", "single", "awake", told, _awake)
    yield from _list("Without a timeout", "without_timeout", "never", told, lambda one: plain(one["name"]))
    yield from _list("Failing services", "failed_services", "failing", told, _failing)


def _list(
    head: str, count: str, name: str, told: dict[str, Any], words: Callable[[dict[str, Any]], str]
) -> Iterator[str]:
    if count not in told:
        return
    yield f"{head}: {told[count]:,}"
    yield from (f"  {words(one)}" for one in told[name][:SHOWN])


def _regret(one: dict[str, Any]) -> str:
    return f"{plain(one['name'])}: {length(one['after'])} after the stop"


def _since(one: dict[str, Any]) -> str:
    return f"{plain(one['name'])}: {length(one['for'])}"


def _awake(one: dict[str, Any]) -> str:
    return f"{plain(one['name'])}: {plain(one['source']) or 'an unnamed source'}, for {length(one['for'])}"


def _failing(one: dict[str, Any]) -> str:
    return f"{plain(one['name'])} in {plain(one['environment'])}"
