"""One wish for many environments: asked, begun, worked off in order, cancelled, tried again, undone.

The targets are fixed when the question is put. Each is authorised on its own and becomes an `Action` of the ledger;
before one is sent it is looked at again, so that an environment which is in use by then is skipped.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction

from dashboard.control import ledger
from dashboard.control.idle import Decision, Evidence, Limits, decide
from dashboard.control.idleness import exemptions
from dashboard.control.idleness.evidence import earlier_clock, names_of, unknown_clock
from dashboard.control.models import WORTH_A_RETRY, Action, Batch, IdlePolicy, State, User
from dashboard.control.permissions import Forbidden, batch_refusal, bulk_refusal, refusal
from dashboard.control.policies.verdicts import why_not_now
from dashboard.control.verbs import RULES, Verb
from dashboard.fleet.entities import Environment
from dashboard.fleet.sentences import number, sentence
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.spans import length

if TYPE_CHECKING:
    from dashboard.fleet.look import Look

T = TypeVar("T")
MOST_TARGETS = 2_000
QUESTIONS_KEEP = timedelta(days=1)
TRIES = 3
GONE = sentence("it is no longer there, or not visible to this key")
RAN = frozenset({"creating", "starting", "running", "updating"})
STOPPED = (State.CONFIRMED, State.UNCONFIRMED)
"""States of a stop that Ona accepted."""


class TooMany(Exception):
    """More targets than one batch takes; the message says so."""


def ask(  # noqa: PLR0913 - a question is who, what, of whom, with which check, and when
    user: User,
    verb: Verb,
    rows: Iterable[Environment],
    *,
    now: datetime,
    idle_limit: float | None = None,
    undoes: Batch | None = None,
    policy: IdlePolicy | None = None,
    because: Mapping[str, str] | None = None,
) -> Batch:
    """The question: a batch that has not begun, with its targets fixed. Questions of yesterday are forgotten.

    `because` is by environment id what each action says besides the reason of the batch. What a policy asks for is
    asked in the name of `user`.

    Raises Forbidden when `user` may ask for nothing at all, TooMany.
    """
    if why_not := bulk_refusal(user):
        raise Forbidden(why_not)
    targets = [{"id": row.id, "name": row.name[:200]} for row in rows]
    for target in targets if because else ():
        target["because"] = (because or {}).get(target["id"], "")
    if len(targets) > MOST_TARGETS:
        raise TooMany(
            sentence(
                "One batch takes {most} environments; {asked} are too many.",
                most=number(MOST_TARGETS),
                asked=number(len(targets)),
            )
        )
    Batch.objects.filter(started=None, created__lt=now - QUESTIONS_KEEP).delete()
    return Batch.objects.create(
        verb=verb.value,
        actor=user,
        actor_name=_name(user, policy),
        targets=targets,
        idle_limit=idle_limit,
        policy=policy,
        undoes=undoes,
        created=now,
    )


def _name(user: User, policy: IdlePolicy | None) -> str:
    """Whose wish it is: a policy's, and who answers for it."""
    return str(user)[:200] if policy is None else f"Policy {policy.name} ({user})"[:200]


def begin(batch: Batch, user: User, fleet: Fleet, *, reason: str, now: datetime) -> bool:
    """Write one action a target; False when the batch had begun already. Nothing is sent yet: see `claim_next`."""
    if why_not := bulk_refusal(user):
        raise Forbidden(why_not)
    return _as_one(lambda: _begin(batch, user, fleet, reason, now))


def _as_one(write: Callable[[], T]) -> T:
    """`write` in a transaction; again where somebody asked for the same of one target just then."""
    for _ in range(TRIES - 1):
        with suppress(IntegrityError), transaction.atomic():
            return write()
    with transaction.atomic():
        return write()


def _begin(batch: Batch, user: User, fleet: Fleet, reason: str, now: datetime) -> bool:
    waiting = Batch.objects.filter(id=batch.id, started=None)
    name = _name(user, batch.policy)
    if waiting.update(started=now, reason=reason[:500], actor=user, actor_name=name) != 1:
        return False
    batch.refresh_from_db()
    places = enumerate(batch.targets)
    _write(batch, user, fleet, now, [(place, target["id"], target["name"]) for place, target in places])
    return True


def _write(
    batch: Batch, user: User, fleet: Fleet, now: datetime, wanted: Iterable[tuple[int, str, str]]
) -> None:
    """One action for each (place, environment id, name at that time)."""
    open_wishes = dict(Action.objects.open().filter(verb=batch.verb).values_list("target_id", "actor_name"))
    because = {target["id"]: f": {target['because']}" for target in batch.targets if target.get("because")}
    actions = []
    for place, identifier, name in wanted:
        row = fleet.environments.get(identifier)
        target, verb = row or Environment(identifier, name), Verb(batch.verb)
        action = ledger.new_action(user, verb, target, now, RULES[verb].pointless(target))
        why_not = _why_not(user, Verb(batch.verb), row, fleet, open_wishes.get(identifier))
        if why_not:
            action.state, action.outcome, action.ended = State.SKIPPED, why_not, now
        action.batch, action.place = batch, place
        action.reason = f"{batch.reason}{because.get(identifier, '')}"[:500]
        if batch.policy is not None and user == batch.actor:
            action.actor_name = batch.actor_name
        action.params = {} if row is None else {"started": row.started}
        actions.append(action)
    Action.objects.bulk_create(actions, batch_size=400)


def _why_not(user: User, verb: Verb, row: Environment | None, fleet: Fleet, asked_by: str | None) -> str:
    """Why nothing is sent for this target; what makes no sense has said so already."""
    if row is None:
        return GONE
    if why_not := refusal(user, verb, row, fleet):
        return why_not
    return "" if asked_by is None else sentence("{name} has asked for this already", name=asked_by)


# Working it off


def waiting(now: datetime) -> bool:
    """Whether any batch has something to send."""
    return Action.objects.waiting_in_batches(now).exists()


def claim_next(now: datetime, sender: str) -> Action | None:
    """The next action to send, now this worker's; None when nothing waits."""
    while (identifier := _next(now)) is not None:
        action = ledger.claim(identifier, now, sender)
        if action is not None:
            return action
    return None


def _next(now: datetime) -> UUID | None:
    known = Action.objects.waiting_in_batches(now).filter(verb__in=Verb)
    return known.values_list("id", flat=True).first()


def looked_at(action: Action) -> tuple[str, bool]:
    """The environment to look at before an action is sent, and whether what runs in it matters."""
    return action.target_id, action.batch is not None and action.batch.idle_limit is not None


def why_skip(action: Action, seen: "Look", now: datetime, fleet: Fleet) -> str:
    """Why an action is not sent after all, judged by what was read just now; "" when it is. `fleet` has the names that
    the filters of exemptions speak of.
    """
    if seen.row is None:
        return GONE
    if pointless := RULES[Verb(action.verb)].pointless(seen.row):
        return pointless
    batch = action.batch
    if batch is None or batch.idle_limit is None:
        return ""
    hold = exemptions.holds(fleet, now, [seen.row]).get(seen.row.id, "")
    doubtful = (
        sentence("some of its task executions cannot be read") if seen.skipped else unknown_clock(seen.ahead)
    )
    known = Evidence(doubtful, names_of(seen.executions), hold)
    limits = Limits(batch.idle_limit) if batch.policy is None else batch.policy.limits
    at = earlier_clock(now, seen.ahead)
    if batch.policy is not None and batch.policy.of_stopped:
        return why_not_now(batch, seen.row, fleet, at, known)
    return _why_not_idle(seen.row, limits, at, known) or why_not_now(batch, seen.row, fleet, at, known)


def _why_not_idle(row: Environment, limits: Limits, at: datetime, known: Evidence) -> str:
    verdict = decide(row, limits, at, known)
    if verdict.decision is Decision.STOP:
        return ""
    if not verdict.why.startswith("active") or verdict.since is None:
        return verdict.why
    ago = length(max(0.0, at.timestamp() - verdict.since))
    return sentence(
        "active again {ago} ago ({source})", ago=ago, source=verdict.source or sentence("started")
    )


def cancel(batch: Batch, user: User, now: datetime) -> int:
    """Skip what has not been sent; returns how many. What is on its way goes on. Raises Forbidden."""
    if why_not := batch_refusal(user, batch):
        raise Forbidden(why_not)
    Batch.objects.filter(id=batch.id, cancelled=None).update(cancelled=now, cancelled_by=str(user)[:200])
    return end_cancelled(now)


def end_cancelled(now: datetime) -> int:
    """Skip what waits in a cancelled batch, also what came back to the queue since."""
    left = Action.objects.filter(state=State.QUEUED, batch__cancelled__isnull=False)
    names = dict(left.values_list("batch_id", "batch__cancelled_by"))
    return sum(
        left.filter(batch_id=identifier).update(
            state=State.SKIPPED,
            ended=now,
            outcome=sentence("{name} cancelled the rest of the batch", name=name)[:1000],
        )
        for identifier, name in names.items()
    )


# Afterwards


def retry(batch: Batch, user: User, fleet: Fleet, now: datetime) -> int:
    """Ask again for what failed or was not confirmed; returns how many. Raises Forbidden."""
    if why_not := batch_refusal(user, batch):
        raise Forbidden(why_not)
    return _as_one(lambda: _retry(batch, user, fleet, now))


def _retry(batch: Batch, user: User, fleet: Fleet, now: datetime) -> int:
    failed = list(Action.objects.of_batch(batch).filter(state__in=WORTH_A_RETRY).select_for_update())
    if Action.objects.filter(id__in=[one.id for one in failed], retried=False).update(retried=True):
        Batch.objects.filter(id=batch.id).update(cancelled=None, cancelled_by="", told=None)
        _write(batch, user, fleet, now, [(one.place, one.target_id, one.target_name) for one in failed])
    return len(failed)


@dataclass(frozen=True, slots=True)
class Undo:
    """What undoing a batch of stops would start again, and why it leaves alone what it does not."""

    rows: tuple[Environment, ...]
    left_out: tuple[tuple[str, str], ...]
    """(name, why)"""


def undo_of(batch: Batch, fleet: Fleet) -> Undo:
    """What it stopped, what was running before, and nothing that anybody has started or deleted since."""
    rows, left_out = [], []
    stopped = Action.objects.of_batch(batch).filter(verb=Verb.STOP_ENVIRONMENT.value, state__in=STOPPED)
    for action in stopped:
        row = fleet.environments.get(action.target_id)
        if row is not None and not (why_not := _why_not_again(action, row)):
            rows.append(row)
        else:
            left_out.append((action.target_name, GONE if row is None else why_not))
    return Undo(tuple(rows), tuple(left_out))


def _why_not_again(action: Action, row: Environment) -> str:
    if action.phase_before not in RAN:
        return sentence("it did not run before")
    known: Mapping[str, Any] = action.params
    if "started" not in known or row.started != known["started"]:
        return sentence("it was started since")
    return RULES[Verb.START_ENVIRONMENT].pointless(row)
