"""An access token for one environment: asked for by an admin through `manage.py`, seen once, never kept.

From the API's documentation: a bearer token for acting within that environment, good for an hour.
"""

from django.utils.translation import gettext_noop as _

from dashboard.control.rule import Rule, Verb
from dashboard.control.rules.environments import GOING
from dashboard.fleet.entities import Kind
from dashboard.fleet.sentences import sentence
from dashboard.ona.errors import Unsendable

RULES = (
    Rule(
        verb=Verb.MAKE_ACCESS_TOKEN,
        kind=Kind.ENVIRONMENT,
        label=_("Make an access token"),
        send=lambda *_: _nobody_would_see_it(),
        pointless=lambda row: GOING.get(row.phase, ""),
        ended=lambda *_: None,
        patience=60,
        repeatable=False,
        console=True,
        look_first=_("If a token was made, nobody has seen it, and it ends within an hour."),
    ),
)


def _nobody_would_see_it() -> str:
    """What a worker would do; the command sends it itself, because it has somebody to show the token to."""
    raise Unsendable("token", sentence("is made only by manage.py access_token"))
