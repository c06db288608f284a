"""Plots: what a browser, a screen reader and a hostile name find in them."""

import re
from math import inf, nan
from xml.etree import ElementTree

import pytest
from django.utils.safestring import SafeString

from dashboard.web import plots
from dashboard.web.drawing import LONGEST
from dashboard.web.plots import Axis, Frame, Point, Series

FRAME = Frame("hours", "Idle hours", "Of the last week.")
COUNT = Axis("Environments")
HOSTILE = "\"><script>alert(1)</script><b onload='x'>\u202e\x00" + "x" * 500
KINDS = (plots.lines, plots.areas, plots.bars)


def parsed(figure: SafeString) -> ElementTree.Element:
    return ElementTree.fromstring(figure)  # noqa: S314  our own output


def words(figure: SafeString) -> list[str]:
    return [text for element in parsed(figure).iter("text") if (text := element.text)]


def table(figure: SafeString) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in parsed(figure).iter("tr")]


def curve(*points: Point, mark: int | None = None, title: str = "Savings") -> SafeString:
    return plots.curve(Frame("curve", title), points, Axis("Regrets"), Axis("Hours saved"), mark)


def everything() -> list[SafeString]:
    """One of each kind, with hostile words wherever words go."""
    frame = Frame("plot", HOSTILE, HOSTILE)
    series = (Series(HOSTILE, (1.0, None, 3.0)), Series("b", (0.0, 2.5, 1.0), "good"))
    figures = [kind(frame, HOSTILE, ("a", HOSTILE, "c"), series, Axis(HOSTILE)) for kind in KINDS]
    return [*figures, curve(Point(1, 2, HOSTILE), Point(3, 4, "b"), mark=1, title=HOSTILE)]


def test_no_plot_carries_a_style_a_script_or_a_link() -> None:
    for figure in everything():
        elements = {element.tag for element in parsed(figure).iter("svg") for element in element.iter()}
        assert elements <= {"svg", "title", "desc", "g", "path", "rect", "circle", "text"}
        attributes = {name for element in parsed(figure).iter() for name in element.attrib}
        assert not {one for one in attributes if one.startswith(("on", "style", "href", "xlink"))}


def test_a_hostile_name_is_text_and_short_in_the_drawing() -> None:
    for figure in everything():
        assert "<script" not in figure
        assert "\x00" not in figure
        assert all(len(text) <= LONGEST for text in words(figure))


def test_a_screen_reader_is_told_the_title_what_it_shows_and_every_figure() -> None:
    series = (Series("running", (1200.0, None)), Series("stopped", (3.0, 4.5)))
    figure = plots.bars(FRAME, "Day", ("Mon", "Tue"), series, COUNT)
    svg = next(parsed(figure).iter("svg"))
    told = {element.get("id"): element.text for element in svg if element.get("id")}
    assert told[svg.get("aria-labelledby")] == "Idle hours"
    assert told[svg.get("aria-describedby")] == "Of the last week."
    assert table(figure) == [["Day", "running", "stopped"], ["Mon", "1,200", "3"], ["Tue", "—", "4.5"]]


def test_an_unknown_value_breaks_a_line_and_leaves_a_bar_out() -> None:
    series = (Series("a", (1.0, 2.0, None, 4.0, nan, 5.0, inf, 6.0, 7.0)),)
    labels = tuple("abcdefghi")
    line = plots.lines(FRAME, "Day", labels, series, COUNT)
    assert len(re.findall('class="line nofill"', line)) == 2
    assert len(list(parsed(line).iter("circle"))) == 6
    assert "inf" not in line
    assert "nan" not in line


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", [(), (None, None), (nan,)])
def test_nothing_known_says_so_and_draws_nothing(kind: object, values: tuple[float | None, ...]) -> None:
    figure = kind(FRAME, "Day", ("a",) * len(values), (Series("a", values),), COUNT)  # type: ignore[operator]
    assert "Nothing is recorded yet." in figure
    assert "<svg" not in figure


def test_a_curve_of_no_points_says_so() -> None:
    assert "Nothing is recorded yet." in curve()


@pytest.mark.parametrize("count", [1, 2, 31, 500, 5_000])
def test_many_points_are_thinned_out_and_the_newest_stays(count: int) -> None:
    labels = tuple(f"at {place}" for place in range(count))
    series = (Series("a", tuple(float(place) for place in range(count))),)
    figure = plots.lines(FRAME, "Time", labels, series, COUNT)
    rows = table(figure)[1:]
    assert len(rows) <= plots.MOST_POINTS
    assert rows[-1] == [f"at {count - 1}", f"{count - 1:,}"]
    across = [text for text in words(figure) if text.startswith("at ")]
    assert 1 <= len(across) <= 6
    assert len(figure) < 60_000


def test_more_series_than_a_reader_can_tell_apart_are_said_to_be_left_out() -> None:
    series = tuple(Series(f"s{place}", (1.0,)) for place in range(11))
    assert "3 more are left out." in plots.bars(FRAME, "Day", ("a",), series, COUNT)


@pytest.mark.parametrize(
    ("values", "unit", "ticks"),
    [
        ((3.0,), 1.0, [0, 1, 2, 3]),
        ((0.0,), 1.0, [0, 1]),
        ((7.0, 10.0), 1.0, [0, 5, 10]),
        ((97.3,), 1.0, [0, 25, 50, 75, 100]),
        ((9_000.0,), 3_600.0, [0, 3_600, 7_200, 10_800]),
        ((-4.0, 4.0), 1.0, [-4, -2, 0, 2, 4]),
        ((1e15,), 1.0, [0, 2.5e14, 5e14, 7.5e14, 1e15]),
    ],
)
def test_the_axis_has_round_steps_that_hold_every_value(
    values: tuple[float, ...], unit: float, ticks: list[float]
) -> None:
    assert plots._ticks(values, Axis("", unit=unit)) == pytest.approx(ticks)


def test_a_curve_marks_one_of_its_points_and_names_each_for_the_pointer() -> None:
    figure = curve(Point(0, 1, "2 h"), Point(4, 9, "30 min"), mark=0)
    dots = list(parsed(figure).iter("circle"))
    assert [dot.get("r") for dot in dots] == ["3", "3", "6"]
    assert ["".join(one.itertext()) for one in parsed(figure).iter("title")][1:] == [
        "2 h: 0: 1",
        "30 min: 4: 9",
        "2 h: 0: 1",
    ]


def test_the_same_numbers_are_drawn_once() -> None:
    series = (Series("once", (1.0, 2.0)),)
    first = plots.lines(FRAME, "Day", ("a", "b"), series, COUNT)
    assert plots.lines(FRAME, "Day", ["a", "b"], list(series), COUNT) is first
