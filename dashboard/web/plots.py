"""Plots: numbers drawn by pygal on the server, as SVG inside the page, with the same numbers in a table behind it.

The library is imported by the first plot, and what was drawn is kept: the same numbers are drawn once. Everything
given is hashable: tuples, functions of a module.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from dashboard.web.drawing import SIZES, Frame, Look, Tree, drawn, shortened

__all__ = ["Axis", "Frame", "Point", "Series", "areas", "bars", "curve", "lines"]

MOST_POINTS = 240
"""More are thinned out evenly, and the newest stays: neither a screen nor a reader has room for more."""
MOST_SERIES = 8
KEPT = 128
"""Figures, of about ten kilobytes each."""
TICKS = 4
DOTTED = 31
"""A line of more points has no dots on it."""


def number(value: float) -> str:
    """1,204 or 0.5"""
    whole = value == round(value)
    return number_format(f"{value:.{0 if whole else 1}f}", 0 if whole else 1, force_grouping=True)


@dataclass(frozen=True, slots=True)
class Axis:
    """What is measured: its name, how a value reads, and what its round steps are steps of (3600 for hours kept in
    seconds).
    """

    name: str
    words: Callable[[float], str] = number
    unit: float = 1.0


@dataclass(frozen=True, slots=True)
class Series:
    """One line, area or colour of bars: a value for each label, None where it is not known. `tone` is a tone of a
    phase (good, move, rest, wait, bad, warn) or "accent"; without one, each series gets the next.
    """

    name: str
    values: tuple[float | None, ...]
    tone: str = ""


class Point(NamedTuple):
    """A point of a curve: where it is, and what it is called."""

    x: float
    y: float
    label: str


TONES = ("accent", "warn", "good", "move", "bad", "rest")


def lines(frame: Frame, over: str, labels: Sequence[str], series: Sequence[Series], axis: Axis) -> SafeString:
    """Values over time as lines; where a value is not known the line is interrupted. `over` names the labels."""
    return _over(get_language(), frame, _Kind("Line", over), tuple(labels), tuple(series), axis)


def areas(frame: Frame, over: str, labels: Sequence[str], series: Sequence[Series], axis: Axis) -> SafeString:
    """Parts of a whole over time, one area on the other; what is not known counts as nothing."""
    return _over(get_language(), frame, _Kind("StackedLine", over), tuple(labels), tuple(series), axis)


def bars(frame: Frame, over: str, labels: Sequence[str], series: Sequence[Series], axis: Axis) -> SafeString:
    """A bar for each label, made of its series; where nothing is known there is none."""
    return _over(get_language(), frame, _Kind("StackedBar", over), tuple(labels), tuple(series), axis)


def curve(frame: Frame, points: Sequence[Point], x: Axis, y: Axis, mark: int | None = None) -> SafeString:
    """What one thing costs in another, such as regrets for savings: points joined in the order given; the one at
    place `mark` stands out.
    """
    return _curve(get_language(), frame, tuple(points), x, y, mark)


class _Kind(NamedTuple):
    """The chart of pygal, and what its labels are."""

    chart: str
    over: str


@lru_cache(KEPT)
def _over(
    _language: str | None,
    frame: Frame,
    kind: _Kind,
    labels: tuple[str, ...],
    series: tuple[Series, ...],
    axis: Axis,
) -> SafeString:
    places = _thinned(len(labels))
    labels = tuple(shortened(labels[place]) for place in places)
    shown = [_shown(one, number, places) for number, one in enumerate(series[:MOST_SERIES])]
    known = any(value is not None for one in shown for value in one.values)
    words = "" if known else frame.empty
    look = Look(tuple(one.tone for one in shown), tuple(one.name for one in shown), labels, words)
    places_kept = [Series("", (0.0,) * len(places))] if words else shown
    drawing = drawn(_time_chart(frame, kind, places_kept, axis), frame, look) if known or words else ""
    columns = zip(*(one.values for one in shown), strict=True) if shown else ()
    rows = [
        (label, ["—" if value is None else axis.words(value) for value in values])
        for label, values in zip(labels, columns, strict=False)
    ]
    left_out = len(series) - len(shown)
    note = gettext("{left_out} more are left out.").format(left_out=left_out) if left_out else ""
    return _figure(
        frame,
        drawing,
        {
            "heads": [shortened(kind.over), *look.names],
            "rows": rows,
            "key": shown if len(shown) > 1 else (),
            "note": note,
        },
    )


def _time_chart(frame: Frame, kind: _Kind, shown: list[Series], axis: Axis) -> Tree:
    stacked = kind.chart != "Line"
    values = _tops(shown) if stacked else [value for one in shown for value in one.values]
    chart = _chart(kind.chart, frame, _ticks(values, axis), axis)
    chart.fill = stacked
    chart.x_labels = [str(place) for place in range(len(shown[0].values))]
    chart.show_dots = not stacked and len(chart.x_labels) <= DOTTED
    for one in shown:
        chart.add("", list(one.values))
    return chart


@lru_cache(KEPT)
def _curve(
    _language: str | None, frame: Frame, points: tuple[Point, ...], x: Axis, y: Axis, mark: int | None
) -> SafeString:
    marked = points[mark] if mark is not None else None
    good = [point for point in points if math.isfinite(point.x) and math.isfinite(point.y)]
    shown = [good[place] for place in _thinned(len(good))]
    drawing = ""
    if shown:
        chart = _chart("XY", frame, _ticks([point.y for point in shown], y), y)
        across = _ticks([point.x for point in shown], x)
        chart.x_labels, chart.xrange, chart.x_value_formatter = across, (across[0], across[-1]), x.words
        places = [{"value": (point.x, point.y), "label": str(place)} for place, point in enumerate(shown)]
        chart.add("", places, dots_size=3)
        if marked in shown:
            chart.add("", [places[shown.index(marked)]], dots_size=6, stroke=False)
        look = Look(("accent", "warn"), labels=tuple(shortened(point.label) for point in shown))
        drawing = drawn(chart, frame, look)
    rows = [(shortened(point.label), [x.words(point.x), y.words(point.y)]) for point in shown]
    heads = ["", shortened(gettext(x.name)), shortened(gettext(y.name))]
    note = gettext("Across: {across}. Up: {up}.").format(across=heads[1], up=heads[2])
    return _figure(frame, drawing, {"heads": heads, "rows": rows, "note": note})


def _figure(frame: Frame, drawing: str, context: dict[str, Any]) -> SafeString:
    picture = mark_safe(drawing)  # noqa: S308  by `drawn`, which escapes
    return mark_safe(render_to_string("plots/figure.html", {"frame": frame, "drawing": picture, **context}))  # noqa: S308  a template's output


def _thinned(count: int) -> list[int]:
    """Which places of so many are shown, the last always."""
    step = max(1, math.ceil(count / MOST_POINTS))
    return list(range(count - 1, -1, -step))[::-1]


def _shown(series: Series, number: int, places: list[int]) -> Series:
    known = [series.values[place] if place < len(series.values) else None for place in places]
    values = tuple(value if value is not None and math.isfinite(value) else None for value in known)
    return Series(shortened(series.name), values, series.tone or TONES[number % len(TONES)])


def _tops(series: list[Series]) -> list[float | None]:
    """How high the stack of each label is, above and below nothing."""
    columns = list(zip(*(one.values for one in series), strict=True))
    return [
        sum(value for value in column if value is not None and (value > 0) is up)
        for column in columns
        for up in (True, False)
    ]


def _ticks(values: Sequence[float | None], axis: Axis) -> list[float]:
    """Round values from below the lowest (at most nothing) to above the highest; whole ones for whole numbers."""
    known = [value / axis.unit for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    rough = (high - low) / TICKS or 0.25
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * 0.999)
    if all(value == round(value) for value in known):
        step = 5.0 if step == 2.5 else max(1.0, step)
    first, last = math.floor(low / step), max(math.ceil(high / step), 1)
    return [place * step * axis.unit for place in range(first, last + 1)]


def _chart(kind: str, frame: Frame, ticks: list[float], axis: Axis) -> Tree:
    pygal = _library()
    width, height = SIZES[frame.size]
    chart = getattr(pygal, kind)(
        js=[],
        css=[],
        width=width,
        height=height,
        margin=2,
        margin_right=10,
        margin_top=8,
        spacing=6,
        show_legend=False,
        allow_interruptions=True,
        truncate_label=-1,
        style=pygal.style.Style(label_font_size=width / 36, major_label_font_size=width / 36),
    )
    chart.y_labels, chart.range = ticks, (ticks[0], ticks[-1])
    chart.value_formatter = axis.words
    return chart


@cache
def _library() -> Any:
    """pygal, without the finder of plug-ins that it hangs into every import, in a protocol that Python has dropped."""
    import pygal.style

    sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != "pygal"]
    return pygal
