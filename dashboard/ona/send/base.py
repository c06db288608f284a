"""How a message is written: dataclasses whose fields say where on the wire they go and what they may hold.

`None` means "not given": the field is not sent, and an update leaves it as it is. Everything else is sent, also
an empty text, which clears. A value that breaks a documented rule raises `Unsendable` before anything is sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Protocol, get_type_hints

from dashboard.ona.enums import KNOWN
from dashboard.ona.errors import Unsendable
from dashboard.ona.filters import timestamp
from dashboard.ona.secret import Secret
from dashboard.ona.send.rules import Rule, anything, one_of, uuid
from dashboard.ona.words import enum_name


class Write(Protocol):
    """Turns one plain value into JSON."""

    def __call__(self, value: Any, /) -> Any: ...


def plain(value: Any) -> Any:
    return value


def duration(seconds: float) -> str:
    """Seconds (never less than 0) as proto3 JSON ("1800s", "0.5s"), which knows nine digits of fraction."""
    return f"{abs(seconds):.9f}".rstrip("0").rstrip(".") + "s"


@dataclass(frozen=True)
class At:
    """Where a field goes: `path` is dotted, below the message that holds it.

    `rule` is for the whole value, `each` for every item (or key, of a map); `write` makes JSON of one plain value.
    """

    path: str
    rule: Rule = anything
    each: Rule = anything
    write: Write = plain


def choice(path: str, enum: str) -> At:
    """A value of an enum, by its word ("running") or whole name ("ENVIRONMENT_PHASE_RUNNING").

    Words that this version does not know are refused: the API would take them for "not given".
    """
    known = KNOWN[enum]
    rule = one_of((*known.words, *known.names), shown=known.words)
    return At(path, rule, write=lambda word: enum_name(word, known.prefix))


@dataclass(frozen=True, kw_only=True)
class Message:
    """Base: every field of a subclass is `Annotated[type, At(…)]`."""

    AS_ON_THE_WIRE: ClassVar[bool] = False
    """Whether errors name fields by their paths on the wire: for what people write in that spelling."""

    def problem(self) -> tuple[str, str]:
        """A rule that more than one field breaks, as (field, rule); ("", "") when there is none."""
        return "", ""

    def json(self, where: str = "") -> dict[str, Any]:
        """The message; `where` is the path of this one within what a person filled in. Raises Unsendable."""
        message: dict[str, Any] = {}
        for name, at in spots(type(self)).items():
            value = getattr(self, name)
            if value is not None:
                place = below(where, at.path if self.AS_ON_THE_WIRE else name)
                put(message, at.path.split("."), written(value, at, place))
        name, rule = self.problem()
        if rule:
            raise Unsendable(below(where, name), rule)
        return message

    def secrets(self) -> Iterator[str]:
        """Every secret in it, so that an answer that quotes one can be cleaned."""
        for field in fields(self):
            yield from revealed(getattr(self, field.name))


def spots(kind: type[Message]) -> dict[str, At]:
    """The fields of a message and where they go."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name].__metadata__[0] for field in fields(kind)}


def below(where: str, name: str) -> str:
    return f"{where}.{name}" if where and name else where or name


def put(message: dict[str, Any], path: list[str], value: Any) -> None:
    """Sets `message[a][b][c] = value`."""
    for part in path[:-1]:
        message = message.setdefault(part, {})
    message[path[-1]] = value


def written(value: Any, at: At, where: str) -> Any:
    """One field's value as JSON; Unsendable when it breaks its rules."""
    keep(at.rule, value, where)
    if isinstance(value, tuple):
        return [item(one, at, f"{where}.{index}") for index, one in enumerate(value)]
    if isinstance(value, Mapping):
        return {item(key, at, where): item(one, At(""), below(where, key)) for key, one in value.items()}
    return item(value, At("", write=at.write), where)


def item(value: Any, at: At, where: str) -> Any:
    """A value that is no list, as JSON."""
    if isinstance(value, Message):
        return value.json(where)
    value = value.reveal() if isinstance(value, Secret) else value
    keep(at.each, value, where)
    if isinstance(value, str):
        keep(sendable_text, value, where)
    return timestamp(value) if isinstance(value, datetime) else at.write(value)


def keep(rule: Rule, value: Any, where: str) -> None:
    """Raises Unsendable, without the value, when it breaks the rule."""
    if broken := rule(value.reveal() if isinstance(value, Secret) else value):
        raise Unsendable(where, broken)


def sendable_text(text: str) -> str:
    """Half a surrogate pair cannot be encoded; the error would quote the whole request."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "must not contain half a character"
    return ""


def target(field: str, identifier: str, path: str = "id") -> dict[str, str]:
    """The part of a request that says what it is about; Unsendable when that is no UUID."""
    keep(uuid, identifier, field)
    return {path: identifier}


def revealed(value: Any) -> Iterator[str]:
    """The secrets in a field's value."""
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, Message):
        yield from value.secrets()
    elif isinstance(value, tuple | Mapping):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from revealed(one)
