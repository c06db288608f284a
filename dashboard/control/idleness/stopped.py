"""Has an environment been stopped for so long that its owner is told, or that it is deleted? Pure, like `control.idle`.

Whatever is not known means keep: since when it is stopped, and before a delete whether it holds work that is nowhere
else. Archived ones are left to Ona.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.utils.translation import gettext_noop as _

from dashboard.control.idle import AHEAD, ORDINARY_ROLES, Decision, Evidence, Limits, last_activity
from dashboard.control.models import Act, IdlePolicy, RecordedEnvironment
from dashboard.fleet.entities import Environment
from dashboard.fleet.sentences import Said, counted_sentence, joined, sentence
from dashboard.fleet.spans import length, time_of_day

UNKNOWN_WORK = _("whether it holds unsaved work is not known")


def stopped_since(among: Iterable[str] | None = None) -> dict[str, float]:
    """Environment id → since when the record knows it as stopped; never earlier than it really was."""
    stopped = RecordedEnvironment.objects.filter(phase="stopped", gone=None)
    if among is not None:
        stopped = stopped.filter(pk__in=list(among))
    return dict(stopped.values_list("id", "phase_since"))


def judge_stopped(  # noqa: PLR0913, PLR0917 - what is judged, by whom, when, and what is known of it
    row: Environment, policy: IdlePolicy, limits: Limits, at: float, evidence: Evidence, since: float | None
) -> tuple[Decision, str]:
    """The decision, and the reason to keep it, "" when there is none."""
    why = next(_reasons_to_keep(row, policy, at, evidence, since), "")
    if why or since is None:
        return Decision.KEEP, why
    if at - since >= limits.idle:
        return Decision.STOP, ""
    if limits.warn and at - since >= limits.idle - limits.warn:
        return Decision.WARN, ""
    return Decision.KEEP, sentence("stopped within the last {length}", length=length(limits.idle))


def _reasons_to_keep(
    row: Environment, policy: IdlePolicy, at: float, evidence: Evidence, since: float | None
) -> Iterator[str]:
    yield from _as_it_is(row)
    if evidence.doubt:
        yield evidence.doubt
    if row.role not in ORDINARY_ROLES and row.role not in policy.roles:
        yield sentence(
            "it is a {role}, left alone unless a policy includes those", role=Said(row.role.replace("_", " "))
        )
    yield from _of_its_times(row, at, since)
    if evidence.hold:
        yield evidence.hold
    if policy.act == Act.DELETE and not policy.unsaved:
        yield from _unsaved(row)


def _as_it_is(row: Environment) -> Iterator[str]:
    if row.phase != "stopped":
        yield sentence("it is {phase}", phase=Said(row.phase or _("in no known phase")))
    if row.desired not in {"", "stopped"}:
        yield sentence("it is to be {desired}", desired=Said(row.desired))
    if row.archived is not None:
        yield sentence("it is archived")


def _of_its_times(row: Environment, at: float, since: float | None) -> Iterator[str]:
    if since is None:
        yield sentence("since when it is stopped is not known")
    elif max(row.signal_at or 0.0, row.started or 0.0, since) > at + AHEAD:
        yield sentence("its last activity lies in the future, so a clock is wrong")
    elif (row.started or 0.0) > since + AHEAD:
        yield sentence("it was started since")


def _unsaved(row: Environment) -> Iterator[str]:
    """What a delete would lose for good."""
    if row.unpushed or row.changed:
        commits = counted_sentence(
            "{count} unpushed commit", "{count} unpushed commits", row.unpushed, count=row.unpushed
        )
        files = counted_sentence(
            "{count} changed file", "{count} changed files", row.changed, count=row.changed
        )
        if row.unpushed and row.changed:
            yield sentence("it holds {commits} and {files}", commits=commits, files=files)
        else:
            yield sentence("it holds {work}", work=commits if row.unpushed else files)
    elif not row.git_seen:
        yield UNKNOWN_WORK


def because(row: Environment, policy: IdlePolicy, now: datetime, since: float | None) -> str:
    """The evidence in words."""
    stopped = since if since is not None else now.timestamp()
    last, source = last_activity(row)
    if not last:
        activity = sentence("last activity not known")
    elif source:
        activity = sentence("last active {when} ({source})", when=time_of_day(last, now), source=source)
    else:
        activity = sentence("last active {when}", when=time_of_day(last, now))
    saved = sentence("no unsaved work reported") if row.git_seen else sentence("unsaved work not known")
    work = next(_unsaved(row), saved) if row.unpushed or row.changed else saved
    allowed = sentence("policy {name} allows {length}", name=policy.name, length=length(policy.idle))
    head = sentence("stopped for {length}", length=length(now.timestamp() - stopped))
    return joined(": ", (head, joined("; ", (activity, work, allowed))))
