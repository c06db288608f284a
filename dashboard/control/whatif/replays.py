"""Asking what a policy would have done: one row for each question, worked off by a job, one after another."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from dashboard.control.models import Progress, Replay, Role, User
from dashboard.control.whatif.models import UNFINISHED
from dashboard.control.whatif.run import Impossible, Question, answer
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet

LOST = timedelta(minutes=2)
"""Of a replay that was not heard of for so long, the worker has died."""
MOST_WAITING = 20
MOST_OF_ONE = 3
"""Unfinished replays of one person."""
KEPT = timedelta(days=7)
MOST_KEPT = 100
MOST_TRIES = 3
Clock = Callable[[], datetime]


class Busy(Exception):
    """There are too many already; the message says so."""


class Cancelled(Exception):
    """Somebody no longer wants to know."""


def key_of(question: Question) -> str:
    """The same for the same question."""
    return hashlib.sha256(json.dumps(question.to_json(), sort_keys=True).encode()).hexdigest()


def known(question: Question) -> Replay | None:
    """The last replay of it, without its result."""
    return Replay.objects.light().filter(key=key_of(question)).first()


def ask(question: Question, user: User, now: datetime) -> Replay:
    """Put it in line, once: who asks for what waits or runs already gets that. Raises Busy."""
    found = known(question)
    if found is not None and found.unfinished:
        return found
    waiting = Replay.objects.filter(state__in=UNFINISHED)
    if waiting.count() >= MOST_WAITING:
        raise Busy(sentence("{most} replays wait already. Ask again when some are done.", most=MOST_WAITING))
    if waiting.filter(asker=user).count() >= MOST_OF_ONE:
        raise Busy(
            sentence(
                "{most} of your replays wait already. Cancel one, or ask again when they are done.",
                most=MOST_OF_ONE,
            )
        )
    fresh = {"question": question.to_json(), "state": Progress.WAITING, "asked": now}
    fresh |= {"asker": user, "begun": None, "beat": None, "ended": None, "tries": 0}
    fresh |= {"done": 0, "total": 0, "trouble": "", "result": {}}
    if found is not None:
        Replay.objects.filter(pk=found.pk).exclude(state__in=UNFINISHED).update(**fresh)
        return Replay.objects.light().get(pk=found.pk)
    try:
        with transaction.atomic():
            return Replay.objects.create(key=key_of(question), **fresh)
    except IntegrityError:  # two tabs at once
        return Replay.objects.light().get(key=key_of(question))


def cancel_refusal(replay: Replay, user: User) -> str:
    """Why `user` may not cancel it; "" when they may."""
    if user.role == Role.ADMIN or replay.asker_id == user.pk:
        return ""
    return sentence("Only who asked for it and admins cancel a replay.")


def cancel(replay: Replay, now: datetime) -> bool:
    """False when it was over."""
    waiting = Replay.objects.filter(pk=replay.pk, state__in=UNFINISHED)
    return waiting.update(state=Progress.CANCELLED, ended=now) == 1


def waiting(now: datetime) -> bool:
    """Whether there is something to answer."""
    return Replay.objects.next_up(now - LOST).exists()


def work_off(fleet: Callable[[], Fleet], zone: ZoneInfo, clock: Clock) -> int:
    """Answer what waits, oldest first; returns how many were begun."""
    begun = 0
    while (replay := _claim(clock())) is not None:
        begun += 1
        _answer(replay, fleet(), zone, clock)
    return begun


def _claim(now: datetime) -> Replay | None:
    for replay in Replay.objects.next_up(now - LOST):
        mine = Replay.objects.filter(pk=replay.pk, state=replay.state, beat=replay.beat)
        if replay.tries >= MOST_TRIES:
            trouble = sentence("It was begun three times, and each time the worker ended in the middle.")
            mine.update(state=Progress.FAILED, ended=now, trouble=trouble)
        elif mine.update(state=Progress.RUNNING, begun=now, beat=now, tries=replay.tries + 1, done=0):
            replay.tries += 1
            return replay
    return None


def _answer(replay: Replay, fleet: Fleet, zone: ZoneInfo, clock: Clock) -> None:
    mine = Replay.objects.filter(pk=replay.pk, state=Progress.RUNNING, tries=replay.tries)

    def told(done: int, total: int) -> None:
        if not mine.update(done=done, total=total, beat=clock()):
            raise Cancelled

    try:
        result = answer(Question.from_json(replay.question), fleet, zone, told)
    except Cancelled:
        return
    except Impossible as why:
        mine.update(state=Progress.FAILED, trouble=str(why)[:500], ended=clock())
    except Exception:
        mine.update(
            state=Progress.FAILED,
            trouble=sentence("It failed; the log of the worker says how."),
            ended=clock(),
        )
        raise
    else:
        mine.update(state=Progress.DONE, result=result, ended=clock())


def prune(now: datetime) -> int:
    """Forget old ones, and more than are kept; returns how many."""
    newest = Replay.objects.order_by("-asked", "-id").values_list("pk", flat=True)[:MOST_KEPT]
    ended = Replay.objects.exclude(state__in=UNFINISHED)
    gone = ended.exclude(pk__in=list(newest)).delete()[0]
    return gone + ended.filter(asked__lt=now - KEPT).delete()[0]
