"""The filter language and the lists: `phase:running,starting project:web -creator:bot idle:>2h "free text"`.

    language   the grammar: text → terms, and back
    fields     the table of fields; flags: what stands behind `is:`
    selection  terms → a test of rows, with mistakes in words
    hints      what may have been meant by a name that nothing has
    run        the page of rows that an address asks for
    editing    a query changed by a click

One language for lists, views, selections and policies: `select(fleet, kind, text, context).holds(row)`.
"""

from dashboard.fleet.query.language import Problem
from dashboard.fleet.query.reading import PHASE_ORDER, Context, last_active, phase_of
from dashboard.fleet.query.run import PAGE_SIZE, Query, Result, parse, run
from dashboard.fleet.query.selection import Selection, select
from dashboard.fleet.query.sorts import DEFAULT_SORT, SORTS

__all__ = [
    "DEFAULT_SORT",
    "PAGE_SIZE",
    "PHASE_ORDER",
    "SORTS",
    "Context",
    "Problem",
    "Query",
    "Result",
    "Selection",
    "last_active",
    "parse",
    "phase_of",
    "run",
    "select",
]
