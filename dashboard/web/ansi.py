"""Terminal text as HTML: colours and weights become CSS classes, every other escape sequence goes. Pure.

Each line stands for itself: a colour that a line leaves on does not reach the next.
"""

import re
from dataclasses import dataclass, replace

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)(?P<csi>[0-?]*)[ -/]*(?P<final>[@-~]?)"  # control sequences, colours among them
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # titles, links, device texts
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls but the tab, and what turns the direction of text around."""
_WEIGHTS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_ENDS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}
_MOST_CODES = 32


@dataclass(frozen=True)
class Style:
    """Colours are 0 to 15, None = as usual."""

    weights: frozenset[str] = frozenset()
    ink: int | None = None
    ground: int | None = None

    @property
    def classes(self) -> str:
        names = [f"ansi-{weight}" for weight in sorted(self.weights)]
        names += [] if self.ink is None else [f"ansi-{self.ink % 8}"]
        names += [] if self.ground is None else [f"ansi-on-{self.ground % 8}"]
        return " ".join(names)


def plain(text: str) -> str:
    """The text alone: no escape sequences, no control characters but tabs."""
    return "".join(piece for piece, _ in _pieces(text))


def html(text: str) -> SafeString:
    """The text as HTML, escaped, in spans with classes."""
    made = []
    for piece, style in _pieces(text):
        words = escape(piece)
        made.append(f'<span class="{style.classes}">{words}</span>' if style.classes else words)
    return mark_safe("".join(made))  # noqa: S308  each piece is escaped, classes are ours


def _pieces(text: str) -> list[tuple[str, Style]]:
    found, style, at = [], Style(), 0
    text = _last_written(text)
    for match in _SEQUENCE.finditer(text):
        found.append((_CONTROL.sub("", text[at : match.start()]), style))
        at = match.end()
        if match["final"] == "m":
            style = _styled(style, match["csi"])
    found.append((_CONTROL.sub("", text[at:]), style))
    return [(piece, style) for piece, style in found if piece]


def _last_written(text: str) -> str:
    """A carriage return begins the line again: progress bars show as they stood at the end."""
    parts = text.rstrip("\r").rsplit("\r", 1)
    return parts[-1]


def _styled(style: Style, parameters: str) -> Style:
    codes = _numbers(parameters)
    while codes:
        code = codes.pop(0)
        if code in {38, 48}:
            colour = _extended(codes)
            style = replace(style, ink=colour) if code == 38 else replace(style, ground=colour)
        else:
            style = _simple(style, code)
    return style


def _numbers(parameters: str) -> list[int]:
    parts = re.split("[;:]", parameters)[:_MOST_CODES]
    return [int(part) if part.isascii() and part.isdigit() and len(part) < 4 else 0 for part in parts]


def _simple(style: Style, code: int) -> Style:
    if code == 0:
        return Style()
    if code in _WEIGHTS:
        return replace(style, weights=style.weights | {_WEIGHTS[code]})
    if code in _ENDS:
        return replace(style, weights=style.weights - set(_ENDS[code]))
    if 30 <= code <= 39 or 90 <= code <= 97:
        return replace(style, ink=None if code >= 38 and code < 90 else code % 10 + 8 * (code >= 90))
    if 40 <= code <= 49 or 100 <= code <= 107:
        return replace(style, ground=None if 48 <= code < 100 else code % 10 + 8 * (code >= 100))
    return style


def _extended(codes: list[int]) -> int | None:
    """Of 256 or of 16 million colours the nearest of the eight; takes what it reads from `codes`."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        return _of_256(codes.pop(0))
    if kind == 2 and len(codes) >= 3:
        red, green, blue = codes[:3]
        del codes[:3]
        return _nearest(red, green, blue)
    return None


def _of_256(number: int) -> int | None:
    if number < 16:
        return number
    if number < 232:
        cube = number - 16
        return _nearest(cube // 36 * 51, cube // 6 % 6 * 51, cube % 6 * 51)
    return 8 if number < 244 else 7


def _nearest(red: int, green: int, blue: int) -> int:
    limit = max(red, green, blue) / 2
    return (red > limit) + 2 * (green > limit) + 4 * (blue > limit)
