"""What pygal draws, written out again: elements and attributes from a short list, words from ours, escaped.

So no style and no script is left that the browser would have to refuse, and colours come from the tokens of
`static/dashboard.css`, in both themes. pygal is given numbers alone; a label of the axis across is its place.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

SIZES = {"card": (360, 150), "page": (720, 240)}
"""Width and height in units of the drawing, which is as wide as its place; the style sheet evens out the letters."""
LABELS, LONG_LABEL = 6, 8
LONGEST = 60
Tree = Any
"""A chart, or an element of either XML library that pygal may draw with."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a plot: the figure's id on its page, its title, a sentence on what it shows, and words that
    keep its place while nothing is known: an empty drawing is as high as a full one.
    """

    name: str
    title: str
    about: str = ""
    size: str = "card"
    empty: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", shortened(self.title))
        object.__setattr__(self, "about", shortened(self.about, 400))


def shortened(text: str, most: int = LONGEST) -> str:
    """One line of at most so many letters, without what no letter is."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


class Look(NamedTuple):
    """Of each series its tone and its name, and the label of each place; a curve has no names, and
    labels for its points. `words` stand instead of the series."""

    tones: tuple[str, ...]
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    words: str = ""


ELEMENTS = {"g", "path", "rect", "circle", "text"}
ATTRIBUTES = ("transform", "d", "x", "y", "cx", "cy", "r", "width", "height")
CLASSES = {"axis", "x", "y", "guide", "line", "nofill", "series", "bar", "rect", "dots", "dot"}
LEFT_OUT = {"background", "tooltip-overlay", "text-overlay", "titles"}
LOWEST = 0.05
"""A bar that is less high is not drawn: nobody sees it, and a page of a quiet fleet would be full of them."""
_SERIES = re.compile(r"\bserie-(\d+)\b")
_DIGITS = re.compile(r"(\.\d)\d+")


def drawn(chart: Tree, frame: Frame, look: Look) -> str:
    """The chart as an SVG element that tells its title and what it is about."""
    width, height = SIZES[frame.size]
    name, about = escape(frame.name), escape(frame.about or "The figures are in the table below.")
    head = (
        f'<svg class="drawing drawing-{frame.size}" viewBox="0 0 {width} {height}" role="img"'
        f' aria-labelledby="{name}-title" aria-describedby="{name}-about">'
        f'<title id="{name}-title">{escape(frame.title)}</title><desc id="{name}-about">{about}</desc>'
    )
    graph = (part for child in chart.render_tree() for part in _written(child, look, ()))
    middle = f'x="{width / 2:g}" y="{height / 2:g}"'
    words = f'<text class="words" {middle}>{escape(look.words)}</text>' if look.words else ""
    return head + "".join(graph) + words + "</svg>"


def _written(node: Tree, look: Look, above: tuple[str, ...]) -> Iterator[str]:
    """The element as text, without what is not drawn; `above` are the classes of those around it."""
    tag = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
    own = set(str(node.get("class", "")).split())
    if look.words and "series" in own:
        return
    if tag not in ELEMENTS or own & LEFT_OUT or (tag == "path" and "x" in above and "axis" in above):
        return
    heights = [float(child.get("height")) for child in node if child.get("height") is not None]
    if "bar" in own and heights and max(heights) < LOWEST:
        return
    text = _text(node, look, above) if tag == "text" else ""
    if tag == "text" and not text:
        return
    measures = [(key, _DIGITS.sub(r"\1", node.get(key))) for key in ATTRIBUTES if node.get(key) is not None]
    attributes = [f' {key}="{escape(value)}"' for key, value in measures]
    classes = [*sorted(own & CLASSES), *_tone(node, look)]
    if tag == "text" and "x" in above:
        classes.append(_anchor(node, look) if look.names else "")
    named = f' class="{" ".join(classes)}"' if any(classes) else ""
    yield f"<{tag}{named}{''.join(attributes)}>"
    yield escape(text)
    if own & {"bar", "dots"}:
        yield f"<title>{escape(_told(node, look, above))}</title>"
    for child in node:
        yield from _written(child, look, (*above, *own))
    yield f"</{tag}>"


def _tone(node: Tree, look: Look) -> list[str]:
    found = _SERIES.search(str(node.get("class", "")))
    return [f"tone-{look.tones[int(found[1])]} nth-{found[1]}"] if found else []


def _text(node: Tree, look: Look, above: tuple[str, ...]) -> str:
    """A label of the axis across stands for its place; of many, some are written, and the newest."""
    text = str(node.text or "")
    if "x" not in above or not look.names:
        return text
    most = LABELS if max(map(len, look.labels)) < LONG_LABEL else LABELS - 2
    step = max(1, math.ceil((len(look.labels) - 1) / (most - 1)))
    return look.labels[int(text)] if (len(look.labels) - 1 - int(text)) % step == 0 else ""


def _anchor(node: Tree, look: Look) -> str:
    """The newest label stays within the drawing."""
    return "last" if len(look.labels) > LABELS and node.text == str(len(look.labels) - 1) else ""


def _told(node: Tree, look: Look, above: tuple[str, ...]) -> str:
    """A bar or a dot in words, for the pointer."""
    said = {
        str(child.get("class")): str(child.text or "") for child in node if str(child.tag).endswith("desc")
    }
    found = next((_SERIES.fullmatch(one) for one in above if one.startswith("serie-")), None)
    value, label = said.get("value", ""), said.get("x_label", "")
    if not look.names:
        place = said.get("label", "")
        return f"{look.labels[int(place)]}: {value}" if place else value
    name = look.names[int(found[1])] if found else ""
    return f"{look.labels[int(label)]}, {name}: {value}" if label.isdecimal() else f"{name}: {value}"
