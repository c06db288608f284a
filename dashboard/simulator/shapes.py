"""Kinds of fields that a writing request may have, with the rules that protovalidate checks on them.

A kind reads a JSON value into its canonical form (lowerCamel names, enum names, unknown fields dropped) and notes
every broken rule. Rules hold for unset fields too, unless the field knows about presence (`optional` in the .proto).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.simulator.errors import Violations
from dashboard.simulator.ids import is_uuid
from dashboard.simulator.requests import Message, malformed, read_time, whole_number
from dashboard.simulator.wire import Json

_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>\"{}|\\^`]*")
_DURATION = re.compile(r"(-?\d{1,12})(\.\d{1,9})?s")
REFERENCE = r"^[a-zA-Z0-9_-]{1,128}$"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is in the request."""

    path: str
    violations: Violations

    def breaks(self, rule: str, text: str) -> None:
        """Note a broken rule."""
        self.violations.add(self.path, rule, text)

    def wrong(self, kind: str, value: object) -> Exception:
        """The error for a value of another kind."""
        return malformed(f"invalid value for {kind} field {self.path}: {str(value)[:40]!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(ABC):
    """A field of any kind. `required`: it has to be set; `presence`: unset differs from zero, so rules rest then."""

    required: bool = False
    presence: bool = False

    def unset(self, place: Place) -> None:
        """What holds for an unset field."""
        if self.required:
            place.breaks("required", "value is required")

    @abstractmethod
    def read(self, value: object, place: Place) -> object:
        """The canonical value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Kind):
    """A text. `skip_empty`: its rules rest when it is empty; `relative`: no path from the root."""

    shortest: int = 0
    longest: int | None = None
    pattern: str = ""
    among: tuple[str, ...] = ()
    uuid: bool = False
    uri: bool = False
    relative: bool = False
    skip_empty: bool = False

    def unset(self, place: Place) -> None:
        """An unset text is an empty one."""
        if self.required:
            place.breaks("required", "value is required")
        elif not (self.presence or self.skip_empty):
            self._check("", place)

    def read(self, value: object, place: Place) -> str:
        """The text."""
        if not isinstance(value, str):
            raise place.wrong("string", value)
        if not value and self.required:
            place.breaks("required", "value is required")
        elif value or not self.skip_empty:
            self._check(value, place)
        return value.lower() if self.uuid else value

    def _check(self, text: str, place: Place) -> None:
        if len(text) < self.shortest:
            place.breaks("string.min_len", f"value length must be at least {self.shortest} characters")
        if self.longest is not None and len(text) > self.longest:
            place.breaks("string.max_len", f"value length must be at most {self.longest} characters")
        if self.pattern and not re.search(self.pattern, text):
            place.breaks("string.pattern", f"value does not match regex pattern `{self.pattern}`")
        if self.among and text not in self.among:
            listed = ", ".join(f'"{word}"' for word in self.among)
            place.breaks("string.in", f"value must be in list [{listed}]")
        if self.relative and text.startswith("/"):
            place.breaks("relative_path", "path must not be absolute (start with a /)")
        self._check_form(text, place)

    def _check_form(self, text: str, place: Place) -> None:
        if self.uuid and not is_uuid(text):
            rule = ("string.uuid", "value must be a valid UUID")
            if not text:
                rule = ("string.uuid_empty", "value is empty, which is not a valid UUID")
            place.breaks(*rule)
        if self.uri and not _URI.fullmatch(text):
            rule = ("string.uri", "value must be a valid URI")
            if not text:
                rule = ("string.uri_empty", "value is empty, which is not a valid URI")
            place.breaks(*rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Kind):
    """A truth value."""

    def read(self, value: object, place: Place) -> bool:
        """The flag."""
        if not isinstance(value, bool):
            raise place.wrong("bool", value)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Kind):
    """A whole number, with its bounds if it has any."""

    least: int = 0
    most: int = 0

    def unset(self, place: Place) -> None:
        """An unset number is 0."""
        if not self.presence:
            self._check(0, place)

    def read(self, value: object, place: Place) -> int:
        """The number."""
        number = whole_number(value, place.path)
        self._check(number, place)
        return number

    def _check(self, number: int, place: Place) -> None:
        if self.most and not self.least <= number <= self.most:
            text = (
                f"value must be greater than or equal to {self.least} and less than or equal to {self.most}"
            )
            place.breaks("int32.gte_lte", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enum(Kind):
    """An enum's name; unknown names count as unset, unknown numbers break a rule when only defined ones may come."""

    known: Mapping[str, int]
    defined_only: bool = False
    not_zero: bool = False

    def unset(self, place: Place) -> None:
        """An unset enum is its zero value."""
        if self.not_zero:
            place.breaks("enum.not_in", "value must not be in list [0]")

    def read(self, value: object, place: Place) -> str:
        """The name; empty for zero."""
        numbers = {number: name for name, number in self.known.items()}
        number = value if isinstance(value, int) and not isinstance(value, bool) else None
        if number is None and not isinstance(value, str):
            raise place.wrong("enum", value)
        if number is not None and number not in numbers and self.defined_only:
            place.breaks("enum.defined_only", "value must be one of the defined enum values")
        name = numbers.get(number, "") if number is not None else str(value)
        if not self.known.get(name):
            if number in {None, 0}:
                self.unset(place)
            return ""
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class Time(Kind):
    """A timestamp, as epoch seconds."""

    def read(self, value: object, place: Place) -> float:
        """Epoch seconds."""
        if not isinstance(value, str):
            raise place.wrong("google.protobuf.Timestamp", value)
        return read_time(value, place.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration(Kind):
    """A duration, as seconds. `most`: its upper bound; `idle`: 0 s or half an hour and more."""

    most: int = 0
    idle: bool = False

    def read(self, value: object, place: Place) -> float:
        """Seconds."""
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise place.wrong("google.protobuf.Duration", value)
        seconds = float(f"{found.group(1)}{found.group(2) or ''}")
        if self.most and not 0 <= seconds <= self.most:
            text = f"value must be greater than or equal to 0s and less than or equal to {self.most}s"
            place.breaks("duration.gte_lte", text)
        if self.idle and seconds != 0 and seconds < 1800:
            place.breaks("disconnected_timeout", "value must be 0s (disabled) or at least 1800s (30 minutes)")
        return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Each(Kind):
    """A list of values of one kind, at most `most` of them (0: any number)."""

    of: Kind
    most: int = 0

    def read(self, value: object, place: Place) -> list[object]:
        """The values."""
        if not isinstance(value, list):
            raise place.wrong("list", value)
        if self.most and len(value) > self.most:
            text = f"value must contain no more than {self.most} item(s)"
            place.breaks("repeated.max_items", text)
        return [
            self.of.read(item, Place(f"{place.path}[{index}]", place.violations))
            for index, item in enumerate(value)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByKey(Kind):
    """A map from texts to values of one kind."""

    of: Kind
    keys: Text = field(default_factory=Text)

    def read(self, value: object, place: Place) -> Json:
        """The map."""
        if not isinstance(value, dict):
            raise place.wrong("map", value)
        out: Json = {}
        for key, item in value.items():
            inner = Place(f'{place.path}["{key}"]', place.violations)
            self.keys.read(key, inner)
            out[key] = self.of.read(item, inner)
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape(Kind):
    """A message. `one_of`: groups of fields of which exactly one has to be set, by the group's name."""

    fields: Mapping[str, Kind]
    one_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def read(self, value: object, place: Place) -> Json:
        """The fields that are set."""
        if not isinstance(value, dict):
            raise place.wrong("message", value)
        out: Json = {}
        message = Message(value, place.violations, place.path)
        for group, names in self.one_of.items():
            if not any(message.has(name) for name in names):
                inner = Place(message.path(group), place.violations)
                inner.breaks("required", "exactly one field is required in oneof")
        for name, kind in self.fields.items():
            inner, given = Place(message.path(name), place.violations), message.raw(name)
            if given is None:
                kind.unset(inner)
            else:
                out[name] = kind.read(given, inner)
        return out


ID = Text(uuid=True)
PLAIN = Text()
FLAG = Flag()
IDLE_TIME = Duration(idle=True)
PATH = Text(relative=True)
