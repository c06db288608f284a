"""The headings of a list, each a link that sorts by it, and the links from page to page."""

from dataclasses import dataclass, replace

from django.utils.functional import Promise

from dashboard.fleet.query import PAGE_SIZE, Query, Result
from dashboard.web.columns import Column
from dashboard.web.filtering import Link


@dataclass(frozen=True, slots=True)
class Heading:
    name: str
    label: str | Promise
    css: str
    url: str
    direction: str


def headings(link: Link, columns: tuple[Column, ...], query: Query) -> list[Heading]:
    return [_heading(link, query, column) for column in columns]


def _heading(link: Link, query: Query, column: Column) -> Heading:
    if not column.sort:
        return Heading(column.name, column.label, column.css, "", "")
    current = query.sort.removeprefix("-") == column.sort
    descending = query.sort.startswith("-")
    flipped = column.sort if descending else f"-{column.sort}"
    wanted = flipped if current else column.first + column.sort
    direction = ("descending" if descending else "ascending") if current else ""
    url = link(replace(query, sort=wanted, page=1))
    return Heading(column.name, column.label, column.css, url, direction)


def span(result: Result) -> tuple[int, int]:
    """The numbers of the first and the last row on this page."""
    first = (result.query.page - 1) * PAGE_SIZE + 1
    return (first, first + len(result.rows) - 1) if result.rows else (0, 0)


def page_links(link: Link, result: Result) -> dict[str, str]:
    query = result.query
    links = {}
    if query.page > 1:
        links["previous"] = link(replace(query, page=query.page - 1))
    if query.page < result.pages:
        links["next"] = link(replace(query, page=query.page + 1))
    return links
