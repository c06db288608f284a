"""Reads a request's JSON as connect-go's codec and protovalidate do: tolerant of names, strict about rules."""

import gzip
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime

from dashboard.simulator.errors import ConnectError, Violations
from dashboard.simulator.ids import is_uuid

MAX_VALUES = 25
_HUMP = re.compile(r"[A-Z]")
_FRACTION = re.compile(r"\.(\d{1,9})")


def snake(name: str) -> str:
    """The field's name in the .proto file, which JSON may use as well."""
    return _HUMP.sub(lambda found: "_" + found.group().lower(), name)


class Message:
    """One message of a request; `path` says where it is. Unknown fields are ignored, broken rules collected."""

    def __init__(self, fields: Mapping[str, object], violations: Violations, path: str = "") -> None:
        self._fields = fields
        self._path = path
        self.violations = violations

    def path(self, name: str) -> str:
        """Where a field is, as validation errors name it."""
        name = snake(name)
        return f"{self._path}.{name}" if self._path else name

    def _value(self, name: str, kind: type | tuple[type, ...]) -> object:
        value = self._fields.get(name)
        if value is None:
            value = self._fields.get(snake(name))
        if value is not None and not isinstance(value, kind):
            raise malformed(f"invalid value for field {name}: {str(value)[:40]!r}")
        return value

    def whole(self) -> Mapping[str, object]:
        """All fields as they were sent."""
        return self._fields

    def raw(self, name: str) -> object:
        """The field as it was sent; None when it is unset."""
        return self._value(name, object)

    def has(self, name: str) -> bool:
        """Whether the field is set."""
        return self._value(name, object) is not None

    def part(self, name: str) -> "Message":
        """A message inside this one; an unset one reads as empty."""
        value = self._value(name, dict)
        return Message(value if isinstance(value, dict) else {}, self.violations, self.path(name))

    def text(self, name: str, *, longest: int | None = None) -> str:
        """A text of at most `longest` characters."""
        value = self._value(name, str)
        text = value if isinstance(value, str) else ""
        if longest is not None and len(text) > longest:
            self.violations.add(
                self.path(name), "string.max_len", f"value length must be at most {longest} characters"
            )
        return text

    def flag(self, name: str) -> bool | None:
        """True, False, or None when it is unset."""
        value = self._value(name, bool)
        return value if isinstance(value, bool) else None

    def integer(self, name: str) -> int:
        """An integer given as a number or as a decimal text; 0 when unset."""
        value = self._value(name, (int, float, str))
        return whole_number(value, name)

    def uuid(self, name: str, *, required: bool = False) -> str:
        """An id; empty and malformed ones break a rule."""
        text = self.text(name)
        if required and not text:
            self.violations.add(self.path(name), "required", "value is required")
        elif not text:
            self.violations.add(
                self.path(name), "string.uuid_empty", "value is empty, which is not a valid UUID"
            )
        elif not is_uuid(text):
            self.violations.add(self.path(name), "string.uuid", "value must be a valid UUID")
        return text.lower()

    def texts(self, name: str, *, shortest: int = 0) -> list[str]:
        """A list of at most 25 texts."""
        values = self._list(name)
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) != len(values):
            raise malformed(f"invalid value for field {name}: not a text")
        for index, text in enumerate(texts):
            if len(text) < shortest:
                self.violations.add(
                    f"{self.path(name)}[{index}]",
                    "string.min_len",
                    f"value length must be at least {shortest} characters",
                )
        return texts

    def uuids(self, name: str) -> list[str]:
        """A list of at most 25 ids."""
        texts = self.texts(name)
        for index, text in enumerate(texts):
            if not is_uuid(text):
                rule = ("string.uuid", "value must be a valid UUID")
                if not text:
                    rule = ("string.uuid_empty", "value is empty, which is not a valid UUID")
                self.violations.add(f"{self.path(name)}[{index}]", *rule)
        return [text.lower() for text in texts]

    def enum(self, name: str, known: Mapping[str, int], *, defined_only: bool = True) -> str:
        """An enum's name; empty when unset, unspecified or unknown."""
        value = self._value(name, (str, int))
        found, number = _enum(value, known)
        if found is None and number is not None and defined_only:
            self._undefined(self.path(name))
        return found or ""

    def enums(self, name: str, known: Mapping[str, int], *, defined_only: bool = False) -> list[str]:
        """A list of at most 25 enum names. Unknown names are dropped, as DiscardUnknown does; 0 is kept."""
        out = []
        for index, value in enumerate(self._list(name)):
            found, number = _enum(value, known, keep_zero=True)
            if found is not None:
                out.append(found)
            elif number is not None and defined_only:
                self._undefined(f"{self.path(name)}[{index}]")
            elif number is not None:
                out.append(str(number))
        return out

    def time(self, name: str) -> float | None:
        """A timestamp in epoch seconds."""
        text = self.text(name)
        return read_time(text, name) if text else None

    def _undefined(self, path: str) -> None:
        self.violations.add(path, "enum.defined_only", "value must be one of the defined enum values")

    def _list(self, name: str) -> list[object]:
        value = self._value(name, list)
        values = value if isinstance(value, list) else []
        if len(values) > MAX_VALUES:
            self.violations.add(
                self.path(name), "repeated.max_items", f"value must contain no more than {MAX_VALUES} item(s)"
            )
        return values


def _enum(
    value: object, known: Mapping[str, int], *, keep_zero: bool = False
) -> tuple[str | None, int | None]:
    """(name, None) of a known value, (None, number) of an unknown number, (None, None) of what counts as unset."""
    if isinstance(value, int) and not isinstance(value, bool):
        name = next((name for name, number in known.items() if number == value), None)
        if name is None:
            return None, value
    else:
        name = value if isinstance(value, str) and value in known else None
    if name is not None and known[name] == 0 and not keep_zero:
        return None, None
    return name, None


def whole_number(value: object, name: str) -> int:
    """An integer from JSON: a number or a decimal text."""
    if value is None or value == "":
        return 0
    try:
        number = float(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, (int, float)) or number != int(number):
            raise ValueError
        return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else int(number)
    except (ValueError, OverflowError):
        raise malformed(f"invalid value for int32 field {name}: {str(value)[:40]!r}") from None


def read_time(text: str, name: str) -> float:
    """Epoch seconds of an RFC 3339 text; digits beyond the microsecond are cut."""
    try:
        if not re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$", text):
            raise ValueError(text)
        moment = datetime.fromisoformat(
            _FRACTION.sub(lambda found: "." + found.group(1)[:6].ljust(6, "0"), text)
        )
        return moment.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise malformed(f"invalid google.protobuf.Timestamp value for field {name}: {text[:40]!r}") from None


def malformed(why: str) -> ConnectError:
    """JSON that is no message of the expected kind."""
    return ConnectError("invalid_argument", f"unmarshal message: proto: {why}")


def uncompressed(body: bytes, encoding: str) -> bytes:
    """The body as it was before compression. Raises for a compression that is unknown or broken."""
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise ConnectError("unimplemented", f'unknown compression "{encoding}": supported encodings are gzip')
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        raise ConnectError("invalid_argument", "decompress: gzip: invalid header") from None
