"""Runs it: see the package."""

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from scripts import postgres
from scripts.rolling import checks
from scripts.rolling.checks import ENDED, Check
from scripts.rolling.front import Front
from scripts.rolling.people import Crowd, Person, act
from scripts.rolling.stack import Stack, running, until
from scripts.rolling.wire import Api, api
from scripts.rolling.witness import Witness

QUEUE = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
django.setup()
from django.contrib.auth import get_user_model
from dashboard import jobs
from dashboard.control import ledger
from dashboard.control.verbs import Verb
from dashboard.fleet.snapshot import load
admin, fleet = get_user_model().objects.get(username="admin"), load(jobs.parts.store())
for word in sys.argv[1:]:
    verb, key = word.split("/")
    row = fleet.tasks[key] if verb.startswith("task.") else fleet.environments[key]
    ledger.request(admin, Verb(verb), row, fleet, now=ledger.utc_now(), enqueue=jobs.enqueue_action, reason="rolling")
"""
"""What is queued at one go: words `verb/id`."""
FORMS = 180
"""Of the actions, those that an admin asks for one by one; the others are queued at once."""
EVERY = 0.52
"""Seconds between two of them: a person may send 120 forms a minute."""
APART = 8.0
"""Seconds between the restarts of Valkey and of PostgreSQL: what is refused belongs to one of them."""


def address(word: str) -> str:
    verb, key = word.split("/")
    kind, deed = verb.split(".")
    return f"/{kind}s/{key}/{deed}/"


def ledger(stack: Stack) -> dict[tuple[str, str], str]:
    """(verb, id) → state."""
    where = f"host={stack.folder / 'pg'} port={stack.database.server.port} user=dashboard dbname=dashboard"
    with psycopg.connect(where) as database:
        rows = database.execute("SELECT verb, target_id, state FROM control_action").fetchall()
    return {(verb, target): state for verb, target, state in rows}


def lived(stack: Stack, wire: Api, wish: argparse.Namespace) -> Iterator[Check]:
    witness, front = Witness(stack.redis_url), Front(stack.web)
    for watch in (witness.watch, front.watch):
        threading.Thread(target=watch, daemon=True).start()
    began = time.time()
    until(lambda: all(front.ready[node.name] for node in stack.web), "both nodes are ready")
    passwords = dict(line.split() for line in stack.run("web", "ona-dashboard", "accounts").splitlines())
    people = {name: Person(front).sign_in(name, passwords[name]) for name in ("admin", "operator", "viewer")}
    until(lambda: "full" in {name for name, _, _ in witness.sweeps}, "the first sweep")
    calls = {f"{verb}/{key}": (method, key) for verb, method, key in wire.targets(wish.actions)}
    crowd = Crowd()
    crowd.open(list(people.values()), wish.pages)
    until(lambda: crowd.looked > 2 * wish.pages, "the pages have polled")
    forms = min(FORMS, wish.actions // 2)
    stack.run("web", sys.executable, "-c", QUEUE, *list(calls)[forms:])
    acting = threading.Thread(
        target=act, args=(people["admin"], [address(word) for word in list(calls)[:forms]], EVERY)
    )
    acting.start()
    _restart_one_after_another(stack)
    acting.join()
    rolled, said = time.monotonic(), stack.said()
    for part in (stack.valkey, stack.database):
        time.sleep(APART)
        part.restart()
        print(f"restarted {part.name} in {part.restarts[0][1] - part.restarts[0][0]:.1f} s", flush=True)
        until(lambda: all(front.ready[node.name] for node in stack.web), "both nodes are ready again")
    until(lambda: all(state in ENDED for state in ledger(stack).values()), "every action has ended")
    time.sleep(5)
    crowd.close()
    ended = time.time()
    witness.end()
    front.end()
    print(
        f"{crowd.looked:,} polls of {wish.pages} pages, {crowd.changed:,} brought something; {ended - began:.0f} s"
    )
    yield from checks.of_pages(stack, front, rolled)
    yield from checks.of_actions(ledger(stack), calls, wire.calls())
    yield from checks.of_beats(witness, began, ended)
    yield from checks.of_ends(stack, said)


def _restart_one_after_another(stack: Stack) -> None:
    for part in stack.several:
        open_now = sum(state not in ENDED for state in ledger(stack).values())
        part.restart()
        seconds = part.restarts[-1][1] - part.restarts[-1][0]
        print(f"restarted {part.name} in {seconds:.1f} s; {open_now} actions were open", flush=True)


def main() -> int:
    wish = argparse.ArgumentParser(description=__doc__)
    wish.add_argument("--pages", type=int, default=100)
    wish.add_argument("--actions", type=int, default=500)
    wish.add_argument("--keep", action="store_true", help="leave the logs where they are")
    told = wish.parse_args()
    if postgres.programs() is None:
        postgres.install()
    where = postgres.programs()
    if where is None:
        print("=== NOT RUN: there is no PostgreSQL on this machine", file=sys.stderr)
        return postgres.NONE
    folder = Path(tempfile.mkdtemp(prefix="ona-rolling-"))
    folder.chmod(0o755)
    try:
        with (
            api(round(told.actions * 2.2) + 30) as wire,
            running(folder, where, wire.address) as stack,
        ):
            found = []
            for check in lived(stack, wire, told):
                print(check, flush=True)
                found.append(check)
    finally:
        print(f"Logs: {folder}") if told.keep else shutil.rmtree(folder, ignore_errors=True)
    failed = sum(not check.passed for check in found)
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
