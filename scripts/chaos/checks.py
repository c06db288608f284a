"""What must hold after all of it, judged by what the world received, by the database and by the pages' answers."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from dashboard.simulator.models import Call
from scripts.chaos.faults import Struck
from scripts.chaos.people import OTHERS, Look
from scripts.chaos.policies import LIMIT
from scripts.chaos.run import OPEN, Scene
from scripts.fortnight.witness import replay
from scripts.stack import Check

REPEATABLE = {
    "environment.start": "StartEnvironment",
    "environment.stop": "StopEnvironment",
    "service.start": "StartService",
    "service.stop": "StopService",
}
ONCE = {"task.start": "StartTask", "environment.create": "CreateEnvironmentFromProject"}
NOT_CARRIED_OUT = "resource_exhausted"
"""An answer after which anything may be sent again."""
LEAST_SHOWN = 3
COMES_BACK = 20.0
"""Seconds after which whatever died answers again."""
TOLD_AFTER = 3.0
"""Seconds after which a page says what is wrong."""
JUST_NOW = 900.0
"""Simulated seconds between the last look at an environment and the call, with room for a frozen worker."""


def judged(scene: Scene, left: list[tuple[str, str]], drift: list[str]) -> Iterator[Check]:
    """Every invariant; `left` are the actions that are still open, `drift` the fields that are not as in the world."""
    ledger = _Ledger(scene)
    yield from _accepted(scene, ledger, left)
    yield from _sent(scene, ledger)
    yield from _stopped(scene, ledger)
    yield Check("fields that differ from the world after two full sweeps", not drift, _few(drift))
    yield from _pages(scene)
    yield Check("all parts run at the end", *_parts(scene))


class _Ledger:
    """The actions of the database, and the calls that the world received, apart by what they are about."""

    def __init__(self, scene: Scene) -> None:
        question = (
            "select verb, target_id, target_name, state, outcome, attempts, reason, actor_id, batch_id, policy_id "
            "from control_action left join (select id as own, policy_id from control_batch) b on b.own = batch_id"
        )
        names = [
            "verb",
            "target",
            "name",
            "state",
            "outcome",
            "attempts",
            "reason",
            "actor",
            "batch",
            "policy",
        ]
        self.actions = [dict(zip(names, row, strict=True)) for row in scene.stack.ask(question)]
        self.calls: list[Call] = list(scene.world.calls)

    def of(self, verb: str) -> Iterator[dict[str, object]]:
        return (one for one in self.actions if one["verb"] == verb)

    def carried_out(self, method: str) -> Counter[str]:
        """Calls by target, but for those of which the answer said that nothing was done."""
        found = (call for call in self.calls if call.method == method and call.outcome != NOT_CARRIED_OUT)
        return Counter(call.target for call in found)

    def batches(self, scene: Scene) -> set[str]:
        return {
            str(row[0]).replace("-", "")
            for row in scene.stack.ask("select id from control_batch where started is not null")
        }


def _few(found: Iterable[object]) -> str:
    shown = [str(one) for one in found]
    return "; ".join([str(len(shown)), *shown[:LEAST_SHOWN]]) if shown else "none"


def _accepted(scene: Scene, ledger: _Ledger, left: list[tuple[str, str]]) -> Iterator[Check]:
    accepted = scene.people.accepted
    known = {(str(one["verb"]), str(one["target"])) for one in ledger.actions}
    begun = ledger.batches(scene)
    lost = [
        one
        for one in accepted
        if (
            one.target.replace("-", "") not in begun
            if one.verb == "batch"
            else (one.verb, one.target) not in known
        )
    ]
    seen = f"{len(accepted)} of {scene.people.sent} wishes were accepted, {len(lost)} are not there"
    yield Check("what a page accepted is in the ledger", bool(accepted) and not lost, seen)
    states = Counter(str(one["state"]) for one in ledger.actions)
    yield Check("every action has ended", not left, dict(states) if not left else _few(left))
    wordless = [
        one for one in ledger.actions if one["state"] not in {"confirmed", *OPEN} and not one["outcome"]
    ]
    yield Check("what did not succeed says why", not wordless, _few(wordless))


def _sent(scene: Scene, ledger: _Ledger) -> Iterator[Check]:
    lost, count = [], 0
    for verb, method in REPEATABLE.items():
        carried_out = ledger.carried_out(method)
        for one in ledger.of(verb):
            count += 1
            if one["state"] == "unknown" or (
                one["state"] in {"confirmed", "unconfirmed"} and not carried_out[str(one["target"])]
            ):
                lost.append(one)
    yield Check("no call that may be repeated was lost", not lost, f"{count} wishes, {_few(lost)} lost")
    for verb, method in ONCE.items():
        yield _once(scene, ledger, verb, method)


def _once(scene: Scene, ledger: _Ledger, verb: str, method: str) -> Check:
    """A task is run at most once by the people, a name is given once: so two of one are one too many."""
    asked, sent = list(ledger.of(verb)), ledger.carried_out(method)
    if verb == "task.start":
        twice = [key for key, times in sent.items() if times > 1]
    else:
        names = Counter(row.name for row in scene.world.environments.values())
        twice = [str(one["name"]) for one in asked if names[str(one["name"])] > 1]
    enough = sum(sent.values()) <= len(asked)
    words = f"{len(asked)} wishes, {sum(sent.values())} calls, twice: {_few(twice)}"
    return Check(f"{method} was never sent twice", enough and not twice, words)


def _stopped(scene: Scene, ledger: _Ledger) -> Iterator[Check]:
    wishes: dict[str, list[dict[str, object]]] = defaultdict(list)
    for one in ledger.of("environment.stop"):
        if one["attempts"]:
            wishes[str(one["target"])].append(one)
    calls = ledger.carried_out("StopEnvironment")
    unasked = [key for key in calls if not any(one["actor"] for one in wishes[key])]
    more = [
        key for key, times in calls.items() if times > sum(int(str(one["attempts"])) for one in wishes[key])
    ]
    policies = [one for key in wishes for one in wishes[key] if one["policy"]]
    verdicts = _verdicts(scene)
    unexplained = [one for one in policies if _plain(one["batch"], one["target"]) not in verdicts]
    unexplained += [one for one in policies if ": " not in str(one["reason"]).partition(": ")[2]]
    yield Check(
        "every stop has a person or a policy's verdict behind it",
        not unasked and not more and not unexplained,
        f"{calls.total()} stops, {len(policies)} of policies; without: {_few([*unasked, *more, *unexplained])}",
    )
    first, last = scene.struck[0].at - scene.began, scene.struck[-1].until - scene.began
    words = f"{len(policies)} stops of {len(scene.keeper.forgotten)} that were forgotten, {first:.0f} s to {last:.0f} s"
    yield Check("policies acted all the while", len(policies) >= scene.enough, words)
    alone = {key for key, found in wishes.items() if all(one["policy"] for one in found)}
    active = [
        f"{key}: active {at - was.active_at:.0f} s before, in it ran {sorted(was.runs)}"
        for at, key, was in replay(scene.witness)  # one after another: a state goes on with the replay
        if key in alone and (was.runs or at - LIMIT < was.active_at < at - JUST_NOW)
    ]
    yield Check("no policy stopped what somebody used", not active, _few(active))


def _verdicts(scene: Scene) -> set[tuple[str, str]]:
    """(batch, environment) of each stop that a run of a policy has on record with its evidence."""
    found = scene.stack.ask("select batch_id, decided from control_policyrun where batch_id is not null")
    decided = [(batch, json.loads(text) if isinstance(text, str) else text) for batch, text in found]
    return {
        _plain(batch, one["id"])
        for batch, those in decided
        for one in those
        if one["decision"] == "stop" and one["because"]
    }


def _plain(*identifiers: object) -> tuple[str, str]:
    """As both databases write them."""
    batch, target = (str(one).replace("-", "") for one in identifiers)
    return batch, target


def _pages(scene: Scene) -> Iterator[Check]:
    looks, struck = scene.people.looks, scene.struck

    def excused(look: Look, parts: set[str]) -> bool:
        return any(
            one.at - 1 <= look.until and look.at <= one.until + COMES_BACK
            for one in struck
            if one.fault.what in parts
        )

    def bad(holds: Callable[[Look], bool], parts: set[str]) -> list[str]:
        found = [one for one in looks if holds(one) and not excused(one, parts)]
        return [f"{one.path} {one.status} at {one.at - scene.began:.1f} s" for one in found]

    silent = bad(lambda one: one.status == 0, {"web", "everything"})
    yield Check(
        "no page was without an answer but while web was down",
        not silent,
        f"{len(looks)} looks, {_few(silent)}",
    )
    fleet = bad(lambda one: one.status >= 500 and one.path not in OTHERS, set())
    yield Check("pages of the fleet were always there", not fleet, _few(fleet))
    others = bad(lambda one: one.status >= 500 and one.path in OTHERS, {"database", "disk", "everything"})
    yield Check("other pages failed only while the database was down", not others, _few(others))
    odd = bad(lambda one: 0 < one.status < 500 and one.status not in {200, 204, 404}, set())
    yield Check("nobody was signed out", not odd, _few(odd))
    untold = [one for one in struck if _needs_words(one) and not _told(one, looks)]
    yield Check(
        "pages say what is wrong while Valkey or the API is away",
        not untold,
        _few(one.fault.name for one in untold),
    )


def _needs_words(one: Struck) -> bool:
    away = one.fault.name in {"SIGSTOP of valkey", "API cut"} or one.fault.name.endswith("of the database")
    return away and one.until - one.at > TOLD_AFTER + 1


def _told(one: Struck, looks: list[Look]) -> bool:
    """Whether a page said so in time; True when nobody could look."""
    meanwhile = [
        look
        for look in looks
        if one.at + TOLD_AFTER < look.at < one.until and look.status == 200 and "seen=" not in look.path
    ]
    return not meanwhile or any(look.banner for look in meanwhile)


def _parts(scene: Scene) -> tuple[bool, object]:
    names = ("worker", "beat", "watch", "web", "valkey")
    dead = [name for name in names if not scene.stack.pid(name)]
    return not dead, f"{len(names)}, of which dead: {_few(dead)}"
