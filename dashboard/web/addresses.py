"""The addresses of lists."""

from urllib.parse import urlencode

from django.urls import reverse

from dashboard.fleet.entities import Kind
from dashboard.fleet.query import DEFAULT_SORT, Query
from dashboard.web.offers import SECTIONS


def list_address(kind: Kind, query: Query) -> str:
    """The address of a query: what has its default is left out.

    An empty `q` stays, because a list that is asked for without anything opens with the person's default view.
    """
    given = {"q": query.text}
    if query.sort not in {"", DEFAULT_SORT[kind]}:
        given["sort"] = query.sort
    if query.page > 1:
        given["page"] = str(query.page)
    if len(given) > 1 and not query.text:
        del given["q"]
    return f"{reverse(f'{SECTIONS[kind]}-list')}?{urlencode(given)}"
