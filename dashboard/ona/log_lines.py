"""From the bytes of a log to its lines and the sections they form. Pure: no network, no clock.

Lines like `[section-create] {"id": "foo", "title": "Foo"}` and `[section-end] {"id": "foo", "outcome":
"LOG_SECTION_OUTCOME_SUCCESS", "secondsElapsed": 1.3}` fold the lines between them.
"""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, ValidationError

from dashboard.ona.schema import Model
from dashboard.ona.schema.base import Else, Enum, Flag, Id, Text
from dashboard.ona.words import LONGEST_SECTION, short

LONGEST = 16 * 1024
"""Characters. A longer line comes in pieces, so that nobody has to hold it whole."""
CREATE, END = "[section-create] ", "[section-end] "
Elapsed = Annotated[float, Field(ge=0, le=LONGEST_SECTION, allow_inf_nan=False), Else(0.0)]


class SectionStart(Model):
    """A section opens. One that is `continuous` stays open while new lines come."""

    id: Id
    title: Text = ""
    continuous: Flag = False


class SectionEnd(Model):
    """A section closes. `seconds_elapsed` is 0.0 when not said, or not believable."""

    id: Id
    outcome: Enum = ""
    seconds_elapsed: Elapsed = 0.0

    @property
    def word(self) -> str:
        """How it ended: "success", "failure"…; "" when not said."""
        return short(self.outcome, "LOG_SECTION_OUTCOME_")


@dataclass(frozen=True)
class Line:
    """Text without its line break; `whole` is False for a piece that the next one goes on."""

    text: str
    whole: bool = True


Entry = Line | SectionStart | SectionEnd
MARKERS: tuple[tuple[str, type[SectionStart] | type[SectionEnd]], ...] = (
    (CREATE, SectionStart),
    (END, SectionEnd),
)


def entries(chunks: Iterable[bytes], longest: int = LONGEST) -> Iterator[Entry]:
    """What a log says, line by line. Holds at most `longest` characters and one chunk at any moment."""
    pieces = Pieces(longest)
    begun = False
    for line in pieces.split(chunks):
        yield line if begun or not line.whole else entry(line)
        begun = not line.whole


def entry(line: Line) -> Entry:
    """A line, or the marker of a section that it is; a marker that cannot be read is a line."""
    for marker, kind in MARKERS:
        if line.text.startswith(marker):
            try:
                return kind.model_validate_json(line.text.removeprefix(marker).encode("utf-8", "replace"))
            except ValidationError:
                return line
    return line


class Pieces:
    """Splits decoded text at line breaks (LF, CRLF). A byte that is no UTF-8 costs one character."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.rest = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def split(self, chunks: Iterable[bytes]) -> Iterator[Line]:
        for chunk in chunks:
            yield from self.feed(self.decoder.decode(chunk))
        yield from self.feed(self.decoder.decode(b"", final=True))
        if self.rest:
            yield Line(self.rest)

    def feed(self, text: str) -> Iterator[Line]:
        """The lines that end within `text`, and pieces of one that has grown too long."""
        *whole, rest = (self.rest + text).split("\n")
        for line in whole:
            yield from self.cut(line.removesuffix("\r"))
        while len(rest) > self.longest:
            yield Line(rest[: self.longest], whole=False)
            rest = rest[self.longest :]
        self.rest = rest

    def cut(self, line: str) -> Iterator[Line]:
        """A whole line, in pieces when it is too long."""
        last = max(0, len(line) - 1) // self.longest * self.longest
        for at in range(0, last, self.longest):
            yield Line(line[at : at + self.longest], whole=False)
        yield Line(line[last:])
