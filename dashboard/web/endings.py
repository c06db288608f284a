"""How the actions of a batch ended, in words."""

from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.models import State
from dashboard.web.templatetags.words import count

WORDS = {
    State.FAILED: _("{count} failed"),
    State.UNCONFIRMED: _("{count} accepted and never seen"),
    State.UNKNOWN: _("{count} not known"),
    State.SKIPPED: _("{count} skipped"),
}


def endings(counts: Mapping[str, int], *, stops: bool) -> str:
    """All of them, from how many actions are in each state: "2 stopped, 1 failed"; "" while none has ended."""
    done = _("{count} stopped") if stops else _("{count} started")
    words = {State.CONFIRMED: done, **WORDS}
    return ", ".join(gettext(words[one]).format(count=count(counts[one])) for one in words if counts.get(one))
