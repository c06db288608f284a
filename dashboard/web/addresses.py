"""The addresses of lists, and of what goes with one."""

from functools import cache
from urllib.parse import urlencode

from django.urls import get_script_prefix, reverse

from dashboard.fleet.entities import Kind
from dashboard.fleet.query import DEFAULT_SORT, Query
from dashboard.web.offers import SECTIONS


def list_address(kind: Kind, query: Query, said: str = "") -> str:
    """The address of a query: what has its default is left out. `said` is added as it is.

    An empty `q` stays, because a list that is asked for without anything opens with the person's default view.
    """
    given = {"q": query.text}
    if query.sort not in {"", DEFAULT_SORT[kind]}:
        given["sort"] = query.sort
    if query.page > 1:
        given["page"] = str(query.page)
    if len(given) > 1 and not query.text:
        del given["q"]
    return f"{beside(f'{SECTIONS[kind]}-list')}?{urlencode(given)}{said}"


def beside(name: str, *words: str) -> str:
    """As `reverse`, of an address of which there are few: it is worked out once."""
    return _worked_out(get_script_prefix(), name, words)


@cache
def _worked_out(_prefix: str, name: str, words: tuple[str, ...]) -> str:
    return reverse(name, args=words)
