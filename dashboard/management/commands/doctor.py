"""`manage.py doctor`: what works, what does not, and what to do about it. One line each."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from dashboard.celery import app
from dashboard.fleet.entities import Kind
from dashboard.fleet.freshness import freshness
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.store import Store, StoreError, connect, namespace_of
from dashboard.management.abilities import ACTIONS, EVENTS, LISTS, NAMES, refusals
from dashboard.management.target import NoTarget, acting_target, api_target
from dashboard.ona import Ona, errors
from dashboard.web.sso.oidc import provider
from dashboard.web.sso.provider import ProviderDown, Refused, Untrusted

MOST_SKEW = 60.0
"""Seconds by which the clocks may differ: activity signals are rounded to five minutes anyway."""
PING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was checked, whether it is right, and what was found or what to do."""

    name: str
    good: bool
    words: str


class Command(BaseCommand):
    help = "Checks key, permissions, clock, Redis, database, worker and freshness; exit code 1 when one is wrong."
    requires_system_checks = []

    def handle(self, *_: Any, **__: Any) -> None:
        findings = []
        for finding in examine():
            mark = self.style.SUCCESS("ok  ") if finding.good else self.style.ERROR("BAD ")
            self.stdout.write(f"{mark} {finding.name:<12} {finding.words}")
            self.stdout.flush()
            findings.append(finding)
        if not all(finding.good for finding in findings):
            raise SystemExit(1)


def examine() -> Iterator[Finding]:
    """Every check, in the order in which one needs the other."""
    try:
        base_url, api_key = api_target()
    except NoTarget as trouble:
        yield Finding("key", False, str(trouble))
        base_url, api_key = settings.ONA_BASE_URL, ""
    else:
        yield from _api(base_url, api_key)
    yield from _sign_in()
    yield _database()
    redis = connect(settings.REDIS_URL)
    yield from _redis(Store(redis, namespace_of(redis, base_url, api_key)))


def _api(base_url: str, api_key: str) -> Iterator[Finding]:
    dates: list[str] = []
    hooks = {"response": [lambda response: dates.append(response.headers.get("date", ""))]}
    with httpx.Client(event_hooks=hooks, timeout=10) as http, Ona.open(base_url, api_key, http=http) as ona:
        reach = _reach(ona, base_url)
        yield reach
        if not reach.good:
            return
        yield _clock(dates[-1] if dates else "")
        yield from _reading(ona)
    with Ona.open(*acting_target()) as ona:
        yield _writing(ona)


def _reach(ona: Ona, base_url: str) -> Finding:
    try:
        next(ona.environments.pages(page_size=1))
    except errors.Unauthenticated as error:
        return Finding("key", False, f"{base_url} refuses the key: {error}; set ONA_API_KEY to a valid one.")
    except errors.NoAnswer as error:
        return Finding(
            "reach", False, f"{base_url} does not answer: {error}; check ONA_BASE_URL and the network."
        )
    except errors.OnaError as error:
        return Finding("reach", False, f"{base_url} answered: {error}")
    return Finding("reach", True, f"{base_url} answers and takes the key")


def _clock(date: str) -> Finding:
    """This machine's clock against the `Date` of the API's answer, which is exact to a second."""
    try:
        skew = time.time() - parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return Finding("clock", True, "not compared: the API's answer carries no date")
    if abs(skew) <= MOST_SKEW:
        return Finding("clock", True, f"within {max(1.0, abs(skew)):.0f} s of the API's")
    ahead = "ahead of" if skew > 0 else "behind"
    return Finding("clock", False, f"{abs(skew):.0f} s {ahead} the API's; set this machine's clock (NTP).")


def _reading(ona: Ona) -> Iterator[Finding]:
    """What the key may read, by asking for each."""
    refused = refusals(ona, LISTS)
    for what, error in refused.items():
        yield Finding("reading", False, f"{what} cannot be read: {error}; use a key that may.")
    if not refused:
        yield Finding("reading", True, ", ".join(LISTS))
    unnamed = list(refusals(ona, NAMES))
    words = f"short ids instead of the names of {', '.join(unnamed)}" if unnamed else ", ".join(NAMES)
    yield Finding("names", True, words)
    silent = refusals(ona, EVENTS).get("events")
    heard = silent is None or isinstance(silent, errors.NoAnswer)
    yield Finding(
        "events", True, "may be heard" if heard else f"may not be heard, and are not needed: {silent}"
    )


def _writing(ona: Ona) -> Finding:
    """May the key act? Each action is asked of what does not exist: only a key that may is told so."""
    refused = refusals(ona, ACTIONS)
    denied = [what for what, error in refused.items() if isinstance(error, errors.PermissionDenied)]
    if len(denied) == len(ACTIONS):
        words = "the key may only read; to act and to read logs set ONA_ACTION_API_KEY to a read-write key."
        return Finding("acting", False, words)
    if denied:
        words = f"the key may not {', '.join(denied)}; set ONA_ACTION_API_KEY to a key that may."
        return Finding("acting", False, words)
    if refused:
        what, error = next(iter(refused.items()))
        return Finding("acting", False, f"not clear whether the key may {what}: {error}")
    return Finding("acting", True, f"the key may {', '.join(ACTIONS)}")


def _sign_in() -> Iterator[Finding]:
    """Nothing with local accounts; whether the provider can be asked, whom the proxy may be."""
    if settings.SSO_PROXY is not None:
        peers = [str(peer) for peer in settings.SSO_PROXY.peers] + ["unix"] * settings.SSO_PROXY.unix
        yield Finding("sign-in", True, f"a proxy at {', '.join(peers)} says who asks")
    if settings.SSO_OIDC is not None:
        name = settings.SSO_OIDC.issuer
        try:
            provider().check()
        except (ProviderDown, Refused, Untrusted) as trouble:
            yield Finding("sign-in", False, f"{name}: {trouble}; check OIDC_ISSUER and the network.")
        else:
            yield Finding("sign-in", True, f"{name} answers and publishes its keys")


def _project_roles(store: Store) -> Iterator[Finding]:
    """Nothing where no file grants one; an id that is in no fleet is most likely mistyped."""
    wanted = {grant.project for grant in settings.PROJECT_ROLES.grants}
    if not wanted:
        return
    known = {row.id for _, row in store.rows(Kind.PROJECT)}
    if known and (strange := wanted - known):
        words = f"no project {', '.join(sorted(strange))} is known; check the ids in PROJECT_ROLES."
        yield Finding("projects", False, words)
    else:
        count = len(settings.PROJECT_ROLES.grants)
        yield Finding("projects", True, f"{count} grants of roles in {len(wanted)} projects")


def _database() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Finding(
            "database", False, f"{(str(error) or repr(error)).splitlines()[0]}; check DATABASE_URL."
        )
    if waiting:
        return Finding("database", False, f"{len(waiting)} migrations have not run; run manage.py migrate.")
    return Finding("database", True, f"{connection.vendor}, up to date")


def _redis(store: Store) -> Iterator[Finding]:
    try:
        sweeps = store.sweeps()
    except StoreError as error:
        yield Finding(
            "redis", False, f"does not answer ({type(error).__name__}); check REDIS_URL, or start make run."
        )
        return
    yield Finding("redis", True, "answers")
    yield from _project_roles(store)
    yield _worker()
    fresh = freshness(Moment(sweeps=sweeps), time.time(), settings.POLL_INTERVALS)
    words = fresh.reason or f"last read {time.time() - (fresh.at or 0):.0f} s ago"
    yield Finding("freshness", fresh.state == "fresh", words)


def _worker() -> Finding:
    try:
        workers = app.control.ping(timeout=PING_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the answer is the same
        return Finding("worker", False, f"cannot be asked ({type(error).__name__})")
    if not workers:
        return Finding(
            "worker", False, "none answers; start one: celery -A dashboard.celery worker --pool threads"
        )
    return Finding("worker", True, f"{len(workers)} answering")
