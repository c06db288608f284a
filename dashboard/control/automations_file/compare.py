"""What a file would change: entry by entry, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from django.utils.translation import gettext_noop as _

from dashboard.fleet.details import CurrentFile, FileEntry
from dashboard.fleet.entities import Kind
from dashboard.ona.send import duration
from dashboard.ona.words import seconds

MARKS = {"+": "more", "-": "less", " ": "same", "@": "gap"}
MOST_COMPARED = 2_000
"""Lines of a text; of a longer one all is shown as old, and all as new."""
END = _("↵ at the end")
ORDER = ("name", "description", "commands", "command")


@dataclass(frozen=True, slots=True)
class Line:
    """`mark` is more, less, same or gap."""

    mark: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One field, such as `commands.start`. `lost` says that the file no longer has it."""

    field: str
    lines: tuple[Line, ...]
    lost: bool = False


@dataclass(frozen=True, slots=True)
class EntryChange:
    """`id` is that of the service or task that is there already, "" of a new one."""

    kind: Kind
    reference: str
    name: str
    id: str = ""
    fields: tuple[Change, ...] = ()
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """`missing` are there, and not in the file; what is `left_out` of every file is no part of it."""

    added: tuple[EntryChange, ...] = ()
    changed: tuple[EntryChange, ...] = ()
    same: tuple[EntryChange, ...] = ()
    missing: tuple[EntryChange, ...] = ()

    @property
    def changes(self) -> bool:
        return bool(self.added or self.changed)

    @property
    def same_with_unsaid(self) -> tuple[EntryChange, ...]:
        """Those that stay as they are and have what a file cannot say."""
        return tuple(one for one in self.same if one.unsaid)

    @property
    def loses(self) -> bool:
        """Whether something that stays in the file no longer has a field that it had."""
        return any(change.lost for one in self.changed for change in one.fields)


Address = tuple[Kind, str]


def compare(current: CurrentFile, file: Mapping[str, Any]) -> Comparison:
    """`file` is a checked one."""
    before = {(one.kind, one.reference): one for one in current.entries}
    wanted = _entries(file)
    seen = [_entry(address, before.get(address), said) for address, said in wanted.items()]
    return Comparison(
        tuple(one for one in seen if (one.kind, one.reference) not in before),
        tuple(one for one in seen if (one.kind, one.reference) in before and one.fields),
        tuple(one for one in seen if (one.kind, one.reference) in before and not one.fields),
        tuple(
            EntryChange(one.kind, one.reference, _name(one.said), one.id, unsaid=one.unsaid)
            for address, one in before.items()
            if address not in wanted and not one.left_out
        ),
    )


def holds(current: CurrentFile, file: Mapping[str, Any]) -> bool:
    """Whether everything that the file says is so."""
    before = {(one.kind, one.reference): _fields(one.said) for one in current.entries}
    return all(
        address in before and _fields(said).items() <= before[address].items()
        for address, said in _entries(file).items()
    )


def _entries(file: Mapping[str, Any]) -> dict[Address, Mapping[str, Any]]:
    sections = ((Kind.SERVICE, "services"), (Kind.TASK, "tasks"))
    return {(kind, key): said for kind, name in sections for key, said in (file.get(name) or {}).items()}


def _name(said: Mapping[str, Any]) -> str:
    return str(said.get("name", ""))


def _entry(address: Address, before: FileEntry | None, said: Mapping[str, Any]) -> EntryChange:
    kind, reference = address
    old, new = _fields(before.said) if before else {}, _fields(said)
    names = sorted({*old, *new}, key=_rank)
    fields = tuple(
        _change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)
    )
    here = before.id if before else ""
    return EntryChange(kind, reference, _name(said), here, fields, before.unsaid if before else ())


def _rank(field: str) -> tuple[int, str]:
    first = field.partition(".")[0]
    return (ORDER.index(first) if first in ORDER else len(ORDER), field)


def _fields(said: Mapping[str, Any], place: str = "") -> dict[str, str]:
    """Every leaf as text, without those that say nothing."""
    found: dict[str, str] = {}
    for name, value in said.items():
        where = f"{place}{name}"
        if where == "runsOn.machine":
            found[where] = "yes"
        elif isinstance(value, Mapping):
            found |= _fields(value, f"{where}.")
        elif text := _leaf(where, value):
            found[where] = text
    return found


def _leaf(field: str, value: Any) -> str:
    if field == "role" and value == "default":
        return ""
    if field == "readinessTimeout" and (length := seconds(value)) is not None:
        return duration(length)
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return ("true" if value else "") if isinstance(value, bool) else str(value)


def _lines(text: str | None) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _ended(text: str | None) -> bool:
    return bool(text) and str(text).endswith("\n")


def _change(field: str, old: str | None, new: str | None) -> Change:
    before, after = _lines(old), _lines(new)
    if before == after:  # they differ in how the last line ends
        before, after = before + [END] * _ended(old), after + [END] * _ended(new)
    if len(before) + len(after) > MOST_COMPARED:
        lines = [Line("less", text) for text in before] + [Line("more", text) for text in after]
    else:
        diff = list(unified_diff(before, after, lineterm="", n=2))[2:]
        lines = [Line(MARKS[one[:1]], "" if one[:1] == "@" else one[1:]) for one in diff]
    if lines and lines[0].mark == "gap":
        del lines[0]
    return Change(field, tuple(lines), lost=new is None)
