"""What every model of the API shares: how names are spelled, and what a value that cannot be read becomes.

The wire is proto3 JSON: a field at its zero value is left out, so every field but an id has a default here. A
field that is there but unreadable (null, of another type) reads as that same default: one odd leaf must not
hide the resource around it. All of it happens inside pydantic's compiled validator; only the few types that
need it call back into Python.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema

from dashboard.ona.words import seconds

T = TypeVar("T")
WEB_CREDENTIALS = re.compile(r"(https?://)[^/?#\s]*@", re.IGNORECASE)
PASSWORD = re.compile(r"(\w://[^/@:\s]*):[^/?#\s]*@")
EPOCH, FAR = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class Model(BaseModel):
    """Base of all models: camelCase on the wire, snake_case here, unknown fields ignored, frozen."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="ignore", frozen=True
    )


@dataclass(frozen=True)
class Else:
    """Marks a type: a value that cannot be read becomes `value`."""

    value: object

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(handler(source), default=self.value, on_error="default")


@dataclass(frozen=True)
class ElseEmpty:
    """Marks a model (or `dict`): a value that cannot be read becomes an empty one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        factory = dict if getattr(source, "__origin__", None) is dict else source
        return core_schema.with_default_schema(handler(source), default_factory=factory, on_error="default")


@dataclass(frozen=True)
class ElseLeftOut:
    """Marks the elements of a list: one that cannot be read is left out."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(handler(source), on_error="omit")


def without_credentials(value: object) -> object:
    """Text with the user part of web addresses, and passwords of others, cut out; anything else unchanged.

    Clone addresses can carry an access token (`https://TOKEN@host/…`), and so can messages that quote one.
    """
    if not isinstance(value, str) or "@" not in value:
        return value
    return PASSWORD.sub(r"\1@", WEB_CREDENTIALS.sub(r"\1", value))


def keys(value: object) -> object:
    """The keys alone of a map, or of a list of KEY=VALUE texts, because the values may be secrets."""
    if not isinstance(value, dict | list):
        return ()
    return tuple(item.partition("=")[0] for item in value if isinstance(item, str))


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
"""The one thing a resource must have. It goes into addresses and keys, hence the narrow alphabet."""
Text = Annotated[str, Else("")]
Prose = Annotated[str, BeforeValidator(without_credentials), Else("")]
"""A message or an address: text in which credentials are cut out."""
Enum = Annotated[str, Field(coerce_numbers_to_str=True), Else("")]
"""An enum's wire text, also one that nobody knew when this was written; "" when absent. See `short`."""
Flag = Annotated[bool, Else(False)]
Int = Annotated[int, Else(0)]
Version = Annotated[int, Field(ge=0), Else(0)]
"""An uint64, on the wire a decimal text or a number. Compare as integers: only the order means something."""
Time = Annotated[AwareDatetime | None, Field(gt=EPOCH, lt=FAR), Else(None)]
"""RFC 3339 with 0 to 9 digits of fraction (cut to microseconds), always aware. None: absent, unreadable,
without a zone, or the zero time that Go and protobuf write for "never"."""
Seconds = Annotated[float | None, BeforeValidator(seconds)]
"""A duration in seconds. None is "not said", 0.0 is a value of its own (for a timeout: never)."""
Names = Annotated[tuple[str, ...], BeforeValidator(keys), Else(())]
"""The keys of something whose values are deliberately not read."""
Texts = Annotated[tuple[Annotated[str, ElseLeftOut()], ...], Else(())]
Proses = Annotated[tuple[Annotated[str, BeforeValidator(without_credentials), ElseLeftOut()], ...], Else(())]
Pairs = Annotated[dict[str, Text], ElseEmpty()]
Part = Annotated[T, ElseEmpty()]
"""A nested message; unreadable or absent reads as an empty one."""
Maybe = Annotated[T | None, Else(None)]
"""A nested message whose presence itself says something."""
Many = Annotated[tuple[Annotated[T, ElseLeftOut()], ...], Else(())]
"""A repeated message; an element that cannot be read is left out."""
