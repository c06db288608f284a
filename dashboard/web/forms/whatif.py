"""What if: a filter and a limit as somebody typed them, or a saved policy with perhaps another limit."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext

from dashboard.control.models import IdlePolicy
from dashboard.control.whatif.run import DAYS, Question
from dashboard.control.whatif.sums import LIMITS
from dashboard.fleet.entities import Kind
from dashboard.fleet.query import Context, select
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.fleet.query.values import Wrong, seconds
from dashboard.fleet.sentences import looked_up
from dashboard.fleet.snapshot import Fleet
from dashboard.web.forms.policies import LONGEST, SHORTEST, as_typed
from dashboard.web.http import text_of

USUAL = 14
TYPED = 7_200.0
"""Seconds: the limit of what is typed, until another is."""


@dataclass(frozen=True)
class Asked:
    """What the address asks for. `limit` is the one that is looked at (seconds); `mistakes` says by field what made no
    sense; `named` whether the address asks for anything.
    """

    policy: IdlePolicy | None
    scope: str
    limit: float
    days: int
    show: str
    mistakes: dict[str, str]
    named: bool
    raw_limit: str = ""

    @property
    def question(self) -> Question:
        """A limit of the curve is answered with the others, so it is no question of its own."""
        if self.policy is None:
            return Question(self.days, TYPED if self.limit in LIMITS else self.limit, self.scope)
        own = Question.of(self.policy, self.days)
        return own if self.limit in {own.idle, *LIMITS} else replace(own, idle=self.limit)

    @property
    def typed(self) -> str:
        """The limit as one types it, or as somebody did who mistyped it."""
        return self.raw_limit if "idle" in self.mistakes else as_typed(self.limit)

    def pairs(self, **changes: Any) -> dict[str, str]:
        """What the address says, with something else."""
        if self.policy is not None:
            own = {"policy": str(self.policy.pk)}
            own |= {"idle": self.typed} if self.limit != self.policy.idle else {}
        else:
            own = {"scope": self.scope, "idle": self.typed}
        own |= {"days": str(self.days), "show": self.show if self.show != "longest" else ""}
        own |= {name: str(value) for name, value in changes.items()}
        return {name: value for name, value in own.items() if value or name == "scope"}

    def url(self, **changes: Any) -> str:
        return f"{reverse('idle-what-if')}?{urlencode(self.pairs(**changes))}"


def asked(sent: QueryDict, fleet: Fleet, now: float) -> Asked:
    """Whatever was sent ends in something that can be asked, or in a mistake that is named."""
    policy, mistakes = _policy(sent.get("policy", "")), {}
    if policy is None and sent.get("policy"):
        mistakes["policy"] = gettext("There is no such policy any more.")
    if policy is not None and policy.of_stopped:
        mistakes["policy"] = gettext(
            "{name} is about what is stopped already; what if is about stops."
        ).format(name=policy.name)
    scope = " ".join(text_of(sent.get("scope", "")).split()) if policy is None else policy.scope
    if policy is None and (wrong := _wrong(scope, fleet, now)):
        mistakes["scope"] = wrong
    limit = TYPED if policy is None else policy.idle
    if sent.get("idle"):
        try:
            limit = _limit(text_of(sent.get("idle", "")))
        except Wrong as error:
            mistakes["idle"] = looked_up(error.message)
    days = sent.get("days", "")
    chosen = int(days) if days in {str(known) for known in DAYS} else USUAL
    show = "regrets" if sent.get("show") == "regrets" else "longest"
    named = bool({"policy", "scope", "idle"} & set(sent))
    raw = text_of(sent.get("idle", ""))[:20]
    return Asked(policy, scope[:LONGEST_TEXT], limit, chosen, show, mistakes, named, raw)


def _policy(identifier: str) -> IdlePolicy | None:
    try:
        return IdlePolicy.objects.filter(pk=UUID(identifier)).first()
    except ValueError:
        return None


def _wrong(scope: str, fleet: Fleet, now: float) -> str:
    selection = select(fleet, Kind.ENVIRONMENT, scope, Context(now))
    if not selection.problems:
        return ""
    first = selection.problems[0]
    hint = gettext(" Perhaps {instead}?").format(instead=first.instead) if first.instead else ""
    return gettext("{wrong} (letter {at}): {words}{hint}").format(
        wrong=scope[first.start : first.end][:60],
        at=first.start + 1,
        words=looked_up(first.message),
        hint=hint,
    )


def _limit(text: str) -> float:
    """Raises Wrong."""
    limit = float(seconds(text.strip()))
    if not SHORTEST <= limit <= LONGEST:
        raise Wrong(gettext("A limit is between 10 minutes and a year."))
    return limit
