"""Other organisations of this installation, for whoever may see them: links, and nothing else.

Each organisation decides by its own groups and asks anew; a link gives no right. With accounts of the dashboard
nobody is known elsewhere, so that each link leads to a sign-in.
"""

from django.conf import settings
from django.http import HttpRequest

from dashboard.control.people.identity import role_of
from dashboard.organisation import Here, Neighbour

SESSION = "neighbours"


def here() -> Here:
    return settings.ORGANISATION


def neighbours(request: HttpRequest) -> list[Neighbour]:
    """Those that the person who is signed in may see."""
    others = here().neighbours
    if not others or settings.SSO_MODE == "local":
        return list(others)
    behind_proxy = settings.SSO_PROXY is not None
    seen = getattr(request, SESSION, ()) if behind_proxy else request.session.get(SESSION, ())
    return [one for one in others if one.home in seen]


def seen_with(groups: frozenset[str]) -> list[str]:
    """Where the organisations begin that let somebody with these groups in."""
    return [one.home for one in here().neighbours if role_of(groups, one.groups) is not None]
