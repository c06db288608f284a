"""A service's last runs on its page: a strip, how often it failed, how long it usually lasts."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Subquery
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.models import Recording, ServiceSpell
from dashboard.control.record.spells import spell_of
from dashboard.fleet.entities import Kind, Service
from dashboard.fleet.runs import ENOUGH, FLAKY, LOOKED_AT
from dashboard.fleet.spans import spoken_length as length
from dashboard.fleet.spells import Outcome, Spell, past_of
from dashboard.web.details import Subject
from dashboard.web.live import Block
from dashboard.web.records import edited
from dashboard.web.runs import LEAST, STRIP
from dashboard.web.templatetags.words import clock, moment_of, phase_label, phase_tone

STEP = 300.0
"""The bar of a run that goes on grows every so many seconds."""
POLLS = 6
"""A start is seen by polls: a shorter one than so many of them take has a length that says little."""
WORDS: dict[str, str] = {
    Outcome.FAILED: _("Failed {time}"),
    Outcome.STOPPED: _("Stopped {time}"),
    Outcome.RESTARTED: _("Started again {time}"),
    Outcome.GONE: _("Removed {time}"),
    Outcome.UNSEEN: _("Ended after {time}, while nobody looked"),
}
ENDED = _("Ended {time}")
"""In a way that a newer version has written."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One run in the strip; `height` in percent of the longest."""

    tone: str
    words: str
    height: int

    @property
    def top(self) -> int:
        return 100 - self.height


def spells_block(subject: Subject) -> Block:
    """The last runs of a service of the team. They are asked for in one question, with when their record began."""
    row: Service = subject.row
    recorded = Subquery(Recording.objects.values("services_since")[:1])
    kept = ServiceSpell.objects.filter(service_id=row.id).order_by("-start").annotate(recorded=recorded)
    found = list(kept[:LOOKED_AT])
    spells = [spell_of(one) for one in found]
    past = past_of(spells)
    turns = _turns(spells, edited(Kind.SERVICE, row.id)) if past.flaky else past.turns
    flaky = turns >= FLAKY
    heights = _heights(spells[:STRIP])
    state = (found[0].recorded if found else None, spells, heights, row.phase, turns, timezone.localdate())
    current = spells[0] if spells and spells[0].end is None else None
    failed = next((one for one in spells if one.failed), None)
    context = {
        "spells": spells,
        "past": past,
        "bars": lambda: [_bar(*one, row.phase) for one in zip(spells[:STRIP], heights, strict=True)][::-1],
        "turns": turns,
        "flaky": flaky,
        "failed": failed,
        "failed_words": lasted(failed) if failed else "",
        "current": current,
        "began": moment_of(current.start) if current else None,
        "comes_up": past.comes_up if (past.comes_up or 0.0) >= POLLS * settings.POLL_HOT_SECONDS else None,
        "since": found[0].recorded if found and past.ended < ENOUGH else None,
    }
    return Block("spells", state, "services/spells.html", context)


def _turns(spells: Sequence[Spell], edit: float | None) -> int:
    """How often it failed and then stayed up, since it was last edited from here."""
    return past_of([one for one in spells if edit is None or one.start >= edit]).turns


def _heights(spells: Sequence[Spell]) -> tuple[int, ...]:
    now = math.floor(time.time() / STEP) * STEP
    lengths = [max(0.0, (now if one.end is None else one.end) - one.start) for one in spells]
    most = max(lengths, default=0.0)
    return tuple(max(LEAST, round(100 * seconds / most)) if most else 100 for seconds in lengths)


def _bar(spell: Spell, height: int, phase: str) -> Bar:
    """`phase` is the service's now, in which a run that goes on is."""
    if spell.end is None:
        began = gettext("began before {time}") if spell.cut else gettext("began {time}")
        words = f"{phase_label(phase or 'not_started')}, {began.format(time=clock(spell.start))}"
        return Bar(phase_tone(phase), words, height)
    words = gettext(WORDS.get(spell.outcome, ENDED)).format(time=clock(spell.end))
    return Bar("bad" if spell.failed else "rest", ", ".join(filter(None, (words, lasted(spell)))), height)


def lasted(spell: Spell) -> str:
    """How long it had lasted, as far as that is known."""
    if spell.end is None or spell.outcome == Outcome.UNSEEN:
        return ""
    seconds = spell.end - spell.start
    words = gettext("after {length}")
    if spell.cut:
        words = gettext("after {length} or more") if seconds else gettext("or before")
    elif not seconds:
        words = gettext("at once")
    elif spell.up is None:
        words = gettext("after {length}, never up")
    return words.format(length=length(seconds))
