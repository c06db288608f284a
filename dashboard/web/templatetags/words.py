"""How values read on a page: phases, times, durations, counts. Everything from the API is text and is escaped
as such.
"""

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, npgettext, pgettext
from django.utils.translation import gettext_noop as _

from dashboard.control.models import Action, Batch
from dashboard.control.verbs import RULES, Rule, Verb
from dashboard.fleet import sentences
from dashboard.fleet.details import Step
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.entities import short_id as last_letters
from dashboard.fleet.query.values import seconds
from dashboard.fleet.sentences import Counted, Sentence, looked_up
from dashboard.fleet.spans import TimeOfDay
from dashboard.fleet.spans import spoken_length as length
from dashboard.fleet.spans import spoken_time_of_day as time_of_day
from dashboard.web.kept import ago, grown
from dashboard.web.looks import look_of
from dashboard.web.offers import SECTIONS, address

register = template.Library()
SPELT = {"organization": _("the organisation")}
"""Words of the API that pages say in other words."""
HUMPS = re.compile("[a-z]+(?:[A-Z][a-z]+)+")


@register.simple_tag
def badge(phase: str) -> SafeString:
    look = look_of(phase)
    return format_html(
        '<span class="badge tone-{}">{}{}</span>', look.tone, shape(phase), gettext(look.label)
    )


@register.simple_tag
def shape(phase: str) -> SafeString:
    name = look_of(phase).shape
    return format_html(
        '<svg class="shape shape-{}" aria-hidden="true"><use href="#shape-{}"/></svg>', name, name
    )


@register.simple_tag
def strip_of(phases: tuple[str, ...]) -> SafeString:
    """The last runs as small bars, oldest first: of failures the bars are full, so that colour is not needed."""
    failed = phases.count("failed")
    words = gettext("The last {runs} runs: {failed} failed").format(
        runs=len(phases), failed=failed or pgettext("of runs", "none")
    )
    bars = format_html_join(
        "",
        '<rect class="tone-{}" x="{}" y="{}" width="5" height="{}"/>',
        (
            (look_of(phase).tone, place * 7, 0 if phase == "failed" else 5, 12 if phase == "failed" else 7)
            for place, phase in enumerate(phases)
        ),
    )
    return format_html(
        '<svg class="run-strip" viewBox="0 0 {} 12" width="{}" height="12" role="img" aria-label="{}">{}</svg>',
        len(phases) * 7,
        len(phases) * 7,
        words,
        bars,
    )


@register.filter
def phase_label(phase: str) -> str:
    return gettext(look_of(phase).label)


@register.filter
def phase_tone(phase: str) -> str:
    return look_of(phase).tone


def moment_of(value: float | datetime | None) -> datetime | None:
    """None also for what no calendar holds."""
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


@register.simple_tag
def when(value: float | datetime | None, empty: str = "—") -> SafeString | str:
    """A time: relative in words, absolute on hover; the browser keeps it ticking."""
    moment = moment_of(value)
    if moment is None:
        return format_html('<span class="none">{}</span>', empty)
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.isoformat(timespec="seconds"),
        absolute(local),
        relative(moment),
    )


@register.filter
def clock(at: float) -> str:
    """An epoch second by the clock on the wall: 10:02, on another day Fri 20 Nov 10:02."""
    return time_of_day(at, timezone.localtime())


@register.simple_tag
def at(moment: datetime) -> SafeString:
    """A time as a clock shows it, such as a deadline: 18:40, on another day Mon 23 Nov 18:40. The browser puts it into
    the time zone of who reads.
    """
    local = timezone.localtime(moment)
    return _clock(local, time_of_day(local.timestamp(), timezone.localtime()))


def _clock(local: datetime, words: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}" data-clock>{}</time>',
        local.isoformat(timespec="seconds"),
        absolute(local),
        words,
    )


@register.filter
def timed(text: str) -> str:
    """What `said` says, with each time of day in it as `at` shows one."""
    shown: str = _timed(text) if isinstance(text, Sentence) else said(text)
    return shown


def _timed(value: Any) -> Any:
    if isinstance(value, TimeOfDay):
        return _clock(timezone.localtime(datetime.fromtimestamp(value.at, UTC)), value.said())
    if not isinstance(value, Sentence) or isinstance(value, Counted) or not value.values:
        return sentences.said(value)
    parts = {name: _timed(inner) for name, inner in value.values.items()}
    return format_html(escape(gettext(value.template)), **parts)


@register.simple_tag
def zone() -> str:
    """The dashboard's, in which days begin and times of day are written: Europe/Berlin."""
    return timezone.get_current_timezone_name()


@register.simple_tag
def day_of(moment: datetime) -> SafeString:
    """A day of the calendar with its year: 20 Feb 2027."""
    local = timezone.localtime(moment)
    words = date_format(local, pgettext("format of a date", "j M Y"))
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        absolute(local),
        words,
    )


def absolute(local: datetime) -> str:
    """A time to the second, with its zone."""
    return f"{date_format(local, pgettext('format of a date', 'j M Y, H:i:s'))} {local.tzname() or ''}"


def relative(moment: datetime) -> str:
    """How long ago that was, in words."""
    return ago(moment.timestamp(), time.time())


@register.filter
def said(text: str) -> str:
    """In the language of the page, what is kept in English; text that no catalogue knows stays as it is."""
    return looked_up(text)


@register.filter
def beginning(text: str) -> str:
    """Where something goes or runs, as `fleet.intake_details` puts it: our words first, then a name."""
    fits = next((words for words in BEGINNINGS if text.startswith(words)), "")
    return f"{gettext(fits.rstrip())} {text[len(fits) :]}" if fits else looked_up(text)


BEGINNINGS = tuple(
    f"{words} "
    for words in (_("variable"), _("file"), _("git credential for"), _("registry login for"), _("container"))
)
ALONE = (_("API only"), _("machine"), _("dev container"))


@register.filter
def said_each(texts: Iterable[str]) -> str:
    """Several such texts, with commas between them."""
    return ", ".join(map(looked_up, texts))


@register.filter
def within(text: str) -> str:
    """A heading as it stands within a sentence; German keeps its capitals."""
    return text[:1].lower() + text[1:] if _is_english() else text


def _is_english() -> bool:
    return (get_language() or "en").startswith("en")


@register.filter
def kind_title(kind: str) -> str:
    """The heading over all of a kind."""
    return gettext("Task executions") if kind == "execution" else gettext(f"{kind.capitalize()}s")


@register.filter
def length_of_time(seconds: float | None) -> str:
    """A duration to two units: 1 h 20 min, 3 min 5 s, 0.8 s."""
    return "—" if seconds is None else length(seconds)


@register.simple_tag
def running_time(started: float | None, completed: float | None) -> SafeString | str:
    """A duration; one that still grows is kept ticking by the browser."""
    first, last = moment_of(started), moment_of(completed)
    if first is None:
        return format_html('<span class="none">{}</span>', "—")
    if last is not None:
        return length_of_time(max(0.0, (last - first).total_seconds()))
    return format_html(
        '<span data-since="{}">{}</span>',
        first.isoformat(timespec="seconds"),
        grown(first.timestamp(), time.time()),
    )


@register.filter
def short_id(identifier: str) -> str:
    return last_letters(identifier)


@register.filter
def words(text: str) -> str:
    """A word of the API as people write it: `creator_only` → creator only, `organization` → the organisation, and
    `postMachineStart` as `post_machine_start`.
    """
    if HUMPS.fullmatch(text):
        text = re.sub("[A-Z]", lambda hump: f"_{hump[0].lower()}", text)
    return gettext(SPELT.get(text, text.replace("_", " ")))


@register.filter
def step_name(step: Step) -> str:
    """How a plan calls one of its steps: one that has no name by what it is."""
    return step.label or words(step.kind) or gettext("step")


@register.filter
def count(number: int) -> str:
    return str(intcomma(number))


@register.filter
def many(number: int, nouns: str) -> str:
    """`{{ 3|many:"commit,commits" }}` → 3 commits, as the catalogue has them under the context `counted`."""
    one, _comma, more = nouns.partition(",")
    return f"{intcomma(number)} {npgettext('counted', one, more, number)}"


def counted(nouns: str) -> str:
    """Marks what `many` is given elsewhere than beside it."""
    return nouns


@register.filter
def unsaved(row: Environment) -> str:
    """2 unpushed commits and 1 changed file; "" for neither."""
    commits = many(row.unpushed, "unpushed commit,unpushed commits") if row.unpushed else ""
    files = many(row.changed, "changed file,changed files") if row.changed else ""
    return gettext(" and ").join(part for part in (commits, files) if part)


@register.filter
def web_address(address: str) -> str:
    """The address if a browser may be sent there, else nothing: `javascript:` and its like end here."""
    return address if address.startswith(("https://", "http://")) else ""


@register.filter
def target_url(action: Action) -> str:
    """The page of an action's target, "" for a kind this version does not know and for what is yet to be made."""
    rule = _rule(action)
    if rule is not None and rule.rowless:
        return made_url(action)
    if action.kind == "policy" and action.deed != "delete":
        return resolve_url("idle-policy", action.target_id)
    return address(Kind(action.kind), action.target_id) if action.kind in SECTIONS else ""


@register.filter
def made_url(action: Action) -> str:
    """The page of what an action made, "" while it has made nothing."""
    rule = _rule(action)
    made = rule.makes if rule is not None and action.result_id else None
    return address(made, action.result_id) if made is not None else ""


@register.filter
def made_kind(action: Action) -> str:
    """environment, service, task or execution."""
    rule = _rule(action)
    return gettext(rule.makes.value) if rule is not None and rule.makes is not None else ""


def _rule(action: Action) -> Rule | None:
    """None for a verb that this version does not know."""
    return next((rule for verb, rule in RULES.items() if verb == action.verb), None)


@register.filter
def get(mapping: Any, key: str) -> Any:
    return mapping.get(key)


@register.filter
def deed(action: Action) -> str:
    """Start, Keep awake… What begins a task execution is called as its button is."""
    if action.verb == Verb.START_TASK.value:
        return gettext(RULES[Verb.START_TASK].label)
    return gettext(action.deed.replace("-", " ").capitalize())


@register.filter
def wanted(action: Action) -> str:
    """What was asked for beyond the deed, "" for nothing and for verbs that this version does not know."""
    rule = _rule(action)
    return "" if rule is None else rule.words(action.params)


@register.filter
def batch_title(batch: Batch) -> str:
    """Stop of 12 environments."""
    deed = gettext(batch.verb.partition(".")[2].replace("-", " ").capitalize())
    many_of_them = many(len(batch.targets), "environment,environments")
    return gettext("{deed} of {environments}").format(deed=deed, environments=many_of_them)


@register.filter
def limit_words(limit: str) -> str:
    """A limit of an address as people read it: 2h → 2 h."""
    return length(seconds(limit))
