"""The ledger of actions: request → claim → perform → confirm. Nothing lost, nothing twice.

    queued ──claim──▶ sending ──accepted──▶ requested ──seen──▶ confirmed
       ▲                 │                      └──not seen in time──▶ unconfirmed
       └──may repeat─────┤
                         ├──the API refused──▶ failed
                         └──nobody knows whether it arrived, and it must not be repeated──▶ unknown

The row is written before anything is sent. Claiming is one conditional update: the loser moves on, so a
message delivered twice or a worker that died costs nothing but time. `left_behind` drives on what was.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _

from dashboard import trail
from dashboard.control.models import Action, State, User
from dashboard.control.permissions import Forbidden, refusal
from dashboard.control.verbs import RULES, Outcome, Params, Rule, Verb, pointless
from dashboard.fleet.details import CurrentFile
from dashboard.fleet.entities import Environment, Listed, Row
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet
from dashboard.ona import errors

if TYPE_CHECKING:
    from dashboard.ona import Ona

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
PERSISTENCE = timedelta(minutes=10)
LONGEST_DELAY = 60.0
JUST_MADE = timedelta(seconds=30)
"""The API may answer "not found" for a moment right after it made something."""

PERHAPS = _("Ona may have received it: {why}")
PERHAPS_SENT = PERHAPS.partition("{")[0]
"""How the outcome of a waiting action begins when a try before may have done what it asks for."""

ONE_KEY = (
    "Actions use the key that reads; if that one may only read, set ONA_ACTION_API_KEY to a read-write key. "
    "`manage.py doctor` says what it may do."
)

Enqueue = Callable[[UUID], object]
Observed = Row | CurrentFile
"""What shows how an action goes."""
Send: TypeAlias = "Callable[[Ona, str, Params], str]"


@dataclass(frozen=True, slots=True)
class Request:
    """What came of asking: the action, and whether this request made it (False: the same wish was open already)."""

    action: Action
    new: bool


def request(  # noqa: PLR0913 - an action is who, what, on what, when and why
    user: User,
    verb: Verb,
    row: Listed,
    fleet: Fleet,
    *,
    now: datetime,
    enqueue: Enqueue,
    reason: str = "",
    params: Params | None = None,
) -> Request:
    """Write the action and hand it to the workers once it is committed.

    Raises Forbidden, without a row, when `user` may not. A wish that makes no sense is recorded as skipped;
    one that is open already is returned as it is. `enqueue` may fail: the sweep finds the row.
    """
    if why_not := refusal(user, verb, row, fleet):
        raise Forbidden(why_not)
    action = new_action(user, verb, row, now, pointless(verb, row, fleet))
    action.reason, action.params = reason[:500], dict(params or {})
    try:
        with transaction.atomic():
            action.save(force_insert=True)
    except IntegrityError:
        return Request(_same_wish(action), new=False)
    logger.info("action %s: %s was asked for", action.id, action.verb)
    if action.state == State.QUEUED:
        transaction.on_commit(lambda: hand_over(action.id, enqueue))
    return Request(action, new=True)


def _same_wish(action: Action) -> Action:
    same = Action.objects.filter(verb=action.verb, target_id=action.target_id)
    return same.open().first() or same.order_by("-created")[0]


def new_action(user: User, verb: Verb, row: Listed, now: datetime, pointless: str) -> Action:
    """The row of a wish, not saved yet: waiting, or skipped because it is `pointless`."""
    rule = RULES[verb]
    return Action(
        verb=verb.value,
        kind=rule.kind.value,
        target_id=row.id,
        target_name=row.name[:200],
        environment_id=row.environment_id,
        actor=user,
        actor_name=str(user)[:200],
        state=State.SKIPPED if pointless else State.QUEUED,
        outcome=pointless,
        phase_before=row.phase[:64],
        failure_before=_failure(row),
        created=now,
        not_before=now,
        ended=now if pointless else None,
        trail=trail.current(),
    )


def hand_over(action_id: UUID, enqueue: Enqueue) -> None:
    """Give an action to the workers; a broker that does not take it costs only time."""
    try:
        enqueue(action_id)
    except Exception as error:  # noqa: BLE001  whatever the broker's client raises, the row is safe and the sweep will find it
        logger.warning(
            "action %s waits for the sweep: the broker did not take it (%s)", action_id, type(error).__name__
        )


def claim(action_id: UUID, now: datetime, sender: str = "") -> Action | None:
    """The action, if it was waiting and now is this worker's to send; None for everybody else.

    `sender` names the worker's process, so that its death is noticed before the longest call could be over. A verb of a
    newer version is left to a worker of that version.
    """
    waiting = Action.objects.filter(id=action_id, state=State.QUEUED, not_before__lte=now, verb__in=Verb)
    if waiting.update(state=State.SENDING, sent=now, sender=sender, attempts=F("attempts") + 1) != 1:
        return None
    return Action.objects.get(id=action_id)


def perform(action: Action, ona: "Ona", now: Callable[[], datetime], send: "Send | None" = None) -> None:
    """Send a claimed action and write down what came of it. Never raises for what the API does.

    `send` replaces the rule's own: for an answer that somebody waits for and that must not be kept.
    """
    rule = RULES[Verb(action.verb)]
    with trail.following(action.trail):
        logger.info("action %s: %s is sent", action.id, action.verb)
        try:
            result_id = (send or rule.send)(ona, action.target_id, action.params)
        except errors.OnaError as error:
            refused(action, error, now())
            return
    if rule.console:
        _move(action, State.CONFIRMED, requested=now(), ended=now(), outcome="")
    else:
        _move(action, State.REQUESTED, requested=now(), result_id=result_id, outcome="")


def skip(action: Action, why: str, now: datetime) -> bool:
    """End what turned out to make no sense before it was sent; True when it did."""
    return _move(action, State.SKIPPED, ended=now, outcome=why[:1000])


def sent_before(action: Action, row: Environment, now: datetime) -> bool:
    """Follow up, instead of sending it again, what a try before seems to have brought about, whose answer nobody has
    read; True when that is so.
    """
    if not action.outcome.startswith(PERHAPS_SENT) or row.phase not in RULES[Verb(action.verb)].brings:
        return False
    return _move(action, State.REQUESTED, requested=now, outcome="")


def refused(action: Action, error: errors.OnaError, now: datetime, *, sent: bool = True) -> None:
    """A call that brought no success: try again later, or end it in a state that says what is known.

    `sent` is False for a question that was asked before sending: then the action itself has certainly not arrived.
    """
    rule = RULES[Verb(action.verb)]
    if not rule.console and _may_repeat(rule, error) and _worth_another_try(action, error, now):
        delay = timedelta(seconds=_delay(action.attempts, error))
        perhaps = action.outcome.startswith(PERHAPS_SENT) or (sent and _may_have_arrived(error))
        words = sentence(PERHAPS, why=str(error)) if perhaps else str(error)
        _move(action, State.QUEUED, not_before=now + delay, outcome=words[:1000])
    elif not rule.repeatable and _may_have_arrived(error):
        words = sentence(
            "Nobody knows whether Ona received this: {trouble} {what}",
            trouble=str(error),
            what=rule.look_first,
        )
        _move(action, State.UNKNOWN, ended=now, outcome=words[:1000])
    else:
        _move(action, State.FAILED, ended=now, outcome=_told(error)[:1000])


def _told(error: errors.OnaError) -> str:
    """The API's words; where the key may be what is wrong, also which setting that is."""
    one_key = settings.ONA_ACTION_API_KEY == settings.ONA_API_KEY
    if isinstance(error, errors.PermissionDenied) and one_key:
        return f"{error}. {ONE_KEY}"
    return str(error)


def _worth_another_try(action: Action, error: errors.OnaError, now: datetime) -> bool:
    """Five tries, and as many as fit into ten minutes while the API only says "later" or cannot be reached."""
    never_sent = isinstance(error, errors.NoAnswer) and not error.maybe_received
    if never_sent or isinstance(error, errors.RateLimited):
        return now - action.created < PERSISTENCE
    return action.attempts < MOST_ATTEMPTS


def _may_have_arrived(error: errors.OnaError) -> bool:
    if isinstance(error, errors.NoAnswer | errors.BadAnswer):
        return error.maybe_received
    return isinstance(error, errors.Unavailable | errors.ServerError)


def _may_repeat(rule: Rule, error: errors.OnaError) -> bool:
    if isinstance(error, errors.ApiError) and error.told_not_to_retry:
        return False
    if isinstance(error, errors.RateLimited):
        return True
    passing = isinstance(error, errors.NoAnswer | errors.BadAnswer | errors.Unavailable | errors.ServerError)
    return passing and (rule.repeatable or not _may_have_arrived(error))


def _delay(attempts: int, error: errors.OnaError) -> float:
    """Seconds until the next try: what the API asked for, else 1, 2, 4, 8."""
    asked = error.retry_after if isinstance(error, errors.RateLimited) else None
    return min(asked or 2.0 ** min(attempts - 1, 6), LONGEST_DELAY)


def observe(action: Action, row: Observed | None, asked: float, now: datetime) -> bool:
    """Compare a requested action with what the API shows; True when that ended it.

    `row` is None when the target is gone. An answer to a question `asked` (epoch seconds) before the request
    says nothing.
    """
    if action.state != State.REQUESTED or action.requested is None or asked < action.requested.timestamp():
        return False
    outcome = _gone(action, now) if row is None else _news(action, row)
    if outcome is not None:
        return _move(action, State(outcome.state), ended=now, outcome=outcome.words[:1000])
    if now - action.requested > timedelta(seconds=RULES[Verb(action.verb)].patience):
        if late := RULES[Verb(action.verb)].late(row):
            return _move(action, State(late.state), ended=now, outcome=late.words[:1000])
        words = sentence("Ona accepted it, but after {time} {what}.", time=_minutes(action), what=_still(row))
        return _move(action, State.UNCONFIRMED, ended=now, outcome=words)
    return False


def _still(row: Observed | None) -> str:
    """How what has not become what was asked for reads."""
    if isinstance(row, CurrentFile):
        return sentence("the services and tasks are not all as the file says")
    return sentence("it still reads “{phase}”", phase=getattr(row, "phase", "") or "nothing")


def _news(action: Action, row: Observed) -> Outcome | None:
    """What `row` says of the action's end. A failure that was there before the action is no news until the
    target has moved.
    """
    if not action.moved and getattr(row, "phase", "") not in {"", action.phase_before}:
        action.moved = True
        Action.objects.filter(id=action.id).update(moved=True)
    rule = RULES[Verb(action.verb)]
    outcome = rule.ended(row, action.params) or (
        rule.since(row, action.phase_before) if action.moved else None
    )
    if outcome is None or outcome.state != State.FAILED or action.moved:
        return outcome
    return outcome if _failure(row) != action.failure_before else None


def _failure(row: Observed) -> str:
    """The first failure message of a row, "" when it has none."""
    messages = row.failures if isinstance(row, Environment) else (getattr(row, "failure", ""),)
    return messages[0][:1000] if messages else ""


def _minutes(action: Action) -> str:
    minutes = round(RULES[Verb(action.verb)].patience / 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _gone(action: Action, now: datetime) -> Outcome | None:
    """What is watched no longer exists: a stop has what it wanted, a start has not, unless it is too new to be
    found.
    """
    outcome = RULES[Verb(action.verb)].gone
    if outcome.state != State.CONFIRMED and action.requested and now - action.requested < JUST_MADE:
        return None
    return outcome


def overdue(action: Action, now: datetime) -> bool:
    """End a requested action that nothing could be learnt of in time, such as when the API cannot be asked;
    True if it ended.
    """
    if action.state != State.REQUESTED or action.requested is None:
        return False
    patience = timedelta(seconds=RULES[Verb(action.verb)].patience)
    if now - action.requested <= patience:
        return False
    words = sentence("Ona accepted it, but for {time} its state could not be read.", time=_minutes(action))
    return _move(action, State.UNCONFIRMED, ended=now, outcome=words)


def _move(action: Action, state: State, **fields: Any) -> bool:
    """Change state only from the state this process knows; True when it did."""
    moved = Action.objects.filter(id=action.id, state=action.state).update(state=state, **fields) == 1
    if moved:
        action.state = state
        for name, value in fields.items():
            setattr(action, name, value)
    return moved


def utc_now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
