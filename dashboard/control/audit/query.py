"""The filter language over the audit: `act:refused who:ada -from:10.0.0.9 age:<7d "free text"`.

The grammar is that of the lists; the database answers, because the audit is longer than anything in memory.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext_noop as _

from dashboard.control.audit.models import AuditEntry, AuditQuerySet
from dashboard.fleet.query.language import Problem, Term, Value, parse
from dashboard.fleet.query.values import Wrong, nearest, seconds
from dashboard.fleet.sentences import sentence

ACTS = {
    "asked": _("asked for"),
    "ended": _("ended"),
    "sign-in": _("signed in"),
    "sign-in-failed": _("could not sign in"),
    "sign-out": _("signed out"),
    "confirmed": _("who it is confirmed"),
    "session-ended": _("session ended"),
    "message-again": _("message tried again"),
    "webhook-made": _("webhook made"),
    "webhook-changed": _("webhook changed"),
    "webhook-deleted": _("webhook deleted"),
    "token-made": _("token made"),
    "token-revoked": _("token revoked"),
    "refused": _("refused"),
    "role": _("role given"),
    "project-roles": _("roles in projects given"),
    "price": _("price set"),
    "view-shared": _("view shared"),
    "view-withdrawn": _("view withdrawn"),
    "exported": _("audit exported"),
    "checkpoint": _("old entries deleted"),
    "anchor-forgotten": _("anchor forgotten"),
}
"""What an entry can tell of, and how it reads."""
TEXTS = {
    "who": ("person",),
    "role": ("role",),
    "from": ("address", "session"),
    "kind": ("kind",),
    "target": ("target_name", "target_id"),
    "verb": ("details__verb",),
    "state": ("details__state",),
    "why": ("reason",),
    "outcome": ("outcome",),
}
"""Field → the columns in which a text is looked for."""
FIELDS = ("act", *TEXTS, "age", "number")
EVERYWHERE = ("act", "person", "address", "target_name", "target_id", "reason", "outcome", "details__verb")
SIGNS = {"": "", "=": "", "<": "__lt", "<=": "__lte", ">": "__gt", ">=": "__gte"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The entries that a filter names, newest first; `problems` are the parts of it that could not be read."""

    entries: AuditQuerySet
    problems: tuple[Problem, ...] = ()


def ask(text: str, now: datetime) -> Asked:
    """Never raises: what cannot be read is named, and the rest of the filter counts."""
    parsed = parse(text)
    chosen, problems = AuditEntry.objects.newest_first(), list(parsed.problems)
    for term in parsed.terms:
        try:
            wanted = _term(term, now)
        except _Mistake as mistake:
            problems.append(mistake.problem)
            continue
        chosen = chosen.exclude(wanted) if term.negated else chosen.filter(wanted)
    return Asked(chosen, tuple(problems))


class _Mistake(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _term(term: Term, now: datetime) -> Q:
    if term.field and term.field not in FIELDS:
        end = term.start + term.negated + len(term.field)
        known = sentence(
            "There is no field {field}. Known: {fields}.", field=term.field, fields=", ".join(FIELDS)
        )
        raise _Mistake(Problem(term.start + term.negated, end, known, nearest(term.field, FIELDS)))
    wanted = Q(pk__in=[])
    for value in term.values:
        try:
            wanted |= _value(term.field, value, now)
        except Wrong as wrong:
            raise _Mistake(Problem(value.start, value.end, wrong.message, wrong.instead)) from None
    return wanted


def _value(field: str, value: Value, now: datetime) -> Q:
    if field == "act":
        if value.text not in ACTS:
            raise Wrong(
                sentence("There is no {text}. Known: {acts}.", text=value.text, acts=", ".join(ACTS)),
                nearest(value.text, ACTS),
            )
        return Q(act=value.text)
    if field == "age":
        return _age(value, now)
    if field == "number":
        if not value.text.isascii() or not value.text.isdigit() or len(value.text) > 18:
            raise Wrong(sentence("This takes a whole number, such as 3 or >100."))
        return Q(**{f"number{SIGNS[value.operator]}": int(value.text)})
    if value.operator not in {"", "="}:
        raise Wrong(sentence("This takes a text, without < or >."), value.text)
    columns, how = TEXTS.get(field, EVERYWHERE), "iexact" if value.operator else "icontains"
    found = Q(pk__in=[])
    for column in columns:
        found |= Q(**{f"{column}__{how}": value.text})
    return found


def _age(value: Value, now: datetime) -> Q:
    """Younger than (`<`) or, without a sign too, at least so old."""
    if value.operator == "=":
        raise Wrong(sentence("Times are compared with < or >."), f">{value.text}")
    try:
        then = now - timedelta(seconds=seconds(value.text))
    except OverflowError:
        raise Wrong(sentence("Nothing is that old.")) from None
    return Q(at__gt=then) if value.operator.startswith("<") else Q(at__lte=then)
