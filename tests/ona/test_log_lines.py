"""Lines and section markers of a log, however its bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.ona.log_lines import Line, SectionEnd, SectionStart, entries


def texts(*chunks, longest=100):
    return [entry.text for entry in entries(chunks, longest)]


def test_lines_end_at_line_breaks_and_at_the_end():
    assert texts(b"one\ntwo\r\n\nthree") == ["one", "two", "", "three"]
    assert texts(b"one\n") == ["one"]
    assert texts() == texts(b"") == []
    assert texts(b"a\rb\n") == ["a\rb"]


def test_a_character_may_be_cut_in_two_and_an_odd_byte_costs_itself():
    whole = "grün ✓\n".encode()
    assert texts(*[bytes([byte]) for byte in whole]) == ["grün ✓"]
    assert texts(b"a\xffb\n\xe2\x9c") == ["a\ufffdb", "\ufffd"]


def test_sections():
    chunk = (
        b'[section-create] {"id":"foo","title":"Foo","continuous":true}\n'
        b"[id:foo] working\n"
        b'[section-end] {"id":"foo","outcome":"LOG_SECTION_OUTCOME_SUCCESS","secondsElapsed":1.3}\n'
    )
    start, line, end = entries([chunk])
    assert start == SectionStart(id="foo", title="Foo", continuous=True)
    assert line == Line("[id:foo] working")
    assert end == SectionEnd(id="foo", outcome="LOG_SECTION_OUTCOME_SUCCESS", seconds_elapsed=1.3)
    assert end.word == "success"


def test_odd_values_of_a_marker_cost_only_themselves():
    (start,) = entries([b'[section-create] {"id":"a","title":5,"new":1}'])
    assert start == SectionStart(id="a")
    (end,) = entries([b'[section-end] {"id":"a","outcome":"LOG_SECTION_OUTCOME_TIRED","secondsElapsed":-1}'])
    assert (end.word, end.seconds_elapsed) == ("tired", 0.0)


@pytest.mark.parametrize(
    "seconds", ["1e308", "1e999", "NaN", "-Infinity", "1764000000", '"1.5 s"', "null", "{}"]
)
def test_a_section_that_says_what_no_clock_measured_says_nothing(seconds):
    (end,) = entries([f'[section-end] {{"id":"a","secondsElapsed":{seconds}}}'.encode()])
    assert end == SectionEnd(id="a")


@pytest.mark.parametrize(
    "text",
    [
        "[section-create] {",
        "[section-create] []",
        "[section-create] {}",
        '[section-create] {"id":""}',
        "[section-end]",
        "[section-end] null",
        ' [section-end] {"id":"a"}',
        "[section-fold] {}",
    ],
)
def test_a_broken_marker_is_plain_text(text):
    assert list(entries([text.encode()])) == [Line(text)]


def test_a_line_of_ten_megabytes_comes_in_pieces_and_is_no_marker():
    chunks = [b"x" * 65536] * 160 + [b'\n[section-end] {"id":"a"}\n']
    lines = list(entries(chunks))
    *pieces, last, end = lines
    assert {len(piece.text) for piece in pieces} == {16384}
    assert not any(piece.whole for piece in pieces)
    assert last.whole
    assert sum(len(piece.text) for piece in [*pieces, last]) == 160 * 65536
    assert end == SectionEnd(id="a")
    odd = list(entries([b"x" * 10 + b'[section-end] {"id":"a"}\n'], longest=10))
    assert all(isinstance(piece, Line) for piece in odd)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6), st.integers(1, 40))
def test_the_cuts_between_chunks_do_not_matter(data, cuts, longest):
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    chunks = [data[a:b] for a, b in pairwise(edges)]

    def joined(parts):
        lines, begun = [], False
        for one in entries(parts, longest):
            text = one.text if isinstance(one, Line) else repr(one)
            assert len(text) <= longest or not isinstance(one, Line)
            lines[-1:] = [lines[-1] + text] if begun else [*lines[-1:], text]
            begun = isinstance(one, Line) and not one.whole
        return lines

    expected = data.decode("utf-8", "replace").split("\n")
    assert joined(chunks) == joined([data])
    assert [line.removesuffix("\r") for line in joined([data])] == [
        line.removesuffix("\r") for line in (expected if expected[-1] else expected[:-1])
    ]
