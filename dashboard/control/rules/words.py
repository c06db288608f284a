"""What was asked for, in a few words for the ledger's pages."""

from collections.abc import Sequence

from dashboard.control.rule import Params

LONGEST = 60
MOST_LISTED = 5


def timeout(seconds: float) -> str:
    """ "never", "2 h", "90 min"."""
    minutes = seconds / 60
    if not minutes:
        return "never"
    return f"{minutes / 60:g} h" if not minutes % 60 else f"{minutes:g} min"


def changes(params: Params) -> str:
    """ "name “web”, timeout 2 h": one line, each value cut."""
    return ", ".join(f"{name} {_short(str(value))}" for name, value in params.items())


def named(params: Params) -> str:
    """Of something new: its reference."""
    return _short(str(params.get("reference", "")))


def listed(references: Sequence[str]) -> str:
    """ "web, build and 3 more"."""
    more = f" and {len(references) - MOST_LISTED} more" if len(references) > MOST_LISTED else ""
    return ", ".join(map(_short, references[:MOST_LISTED])) + more


def _short(text: str) -> str:
    line = " ".join(text.split())
    return (line if len(line) <= LONGEST else line[: LONGEST - 1] + "…") or "none"
