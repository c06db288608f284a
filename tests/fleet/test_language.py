"""The grammar of the filter language: every text is read to its end, and what is written reads the same again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet.query.editing import chosen, folded, toggled, with_only, without
from dashboard.fleet.query.language import (
    LONGEST_TEXT,
    MOST_TERMS,
    Term,
    Value,
    parse,
    quoted,
    replaced,
    written,
)


def simple(parsed):
    """(minus, field, values with their operators) of each term."""
    return [
        ("-" * term.negated, term.field, [value.operator + value.text for value in term.values])
        for term in parsed.terms
    ]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        (" \t\u2003 ", []),
        ("otter", [("", "", ["otter"])]),
        ("phase:running,starting", [("", "phase", ["running", "starting"])]),
        ("  -creator:bot\totter ", [("-", "creator", ["bot"]), ("", "", ["otter"])]),
        ("idle:>2h age:<=7d", [("", "idle", [">2h"]), ("", "age", ["<=7d"])]),
        ('"free text" -"not this"', [("", "", ["free text"]), ("-", "", ["not this"])]),
        ('project:="Web, shop",docs', [("", "project", ["=Web, shop", "docs"])]),
        (r'name:"a \"b\" \\ c\d"', [("", "name", [r'a "b" \ c\d'])]),
        ("https://example.com/x:y", [("", "", ["https://example.com/x:y"])]),
        ("repo:https://example.com/x", [("", "repo", ["https://example.com/x"])]),
        ("STARTED-BY:Ada", [("", "started-by", ["Ada"])]),
        ("a-b >3 it's 5:30", [("", "", ["a-b"]), ("", "", [">3"]), ("", "", ["it's"]), ("", "", ["5:30"])]),
        ("ada,bob", [("", "", ["ada", "bob"])]),
        ("имя:x", [("", "", ["имя:x"])]),
    ],
)
def test_space_is_and_comma_is_or_minus_negates_and_quotes_hold_together(text, terms):
    parsed = parse(text)
    assert simple(parsed) == terms
    assert not parsed.problems


@pytest.mark.parametrize(
    ("text", "place", "words", "instead", "left"),
    [
        ("otter phase:", "phase:", "needs a value", "", ["otter"]),
        ("phase: otter", "phase:", "needs a value", "", ["otter"]),
        ("phase:running, otter", ",", "missing", "", ["otter"]),
        ("phase:,running", ":", "missing", "", []),
        ("idle:> otter", ">", "missing", "", ["otter"]),
        ('name:""', '""', "missing", "", []),
        ("- otter", "-", "minus", "", ["otter"]),
        ('otter "red fox', '"red fox', "not closed", '"red fox"', ["otter"]),
        ('otter "red"fox owl', "f", "comes a space", "", ["otter", "owl"]),
    ],
)
def test_a_mistake_is_named_in_its_place_and_the_rest_counts(text, place, words, instead, left):
    parsed = parse(text)
    (problem,) = parsed.problems
    assert text[problem.start : problem.end] == place
    assert words in problem.message
    assert problem.instead == instead
    assert [value.text for term in parsed.terms for value in term.values] == left


def test_a_text_too_long_is_refused_with_words_and_selects_nothing():
    parsed = parse("x" * (LONGEST_TEXT + 1))
    assert not parsed.terms
    (problem,) = parsed.problems
    assert (problem.start, problem.end) == (LONGEST_TEXT, LONGEST_TEXT + 1)
    assert "1,000 letters" in problem.message


def test_there_are_only_so_many_terms():
    parsed = parse("a " * (MOST_TERMS + 5))
    assert len(parsed.terms) == MOST_TERMS
    assert "at most 32 terms" in parsed.problems[0].message


PIECES = st.sampled_from(
    [
        "phase:",
        "name:",
        "-",
        '"',
        "\\",
        ",",
        ":",
        " ",
        "\u3000",
        "\x1c",
        "<",
        ">=",
        "=",
        "a",
        "é",
        "İ",
        "//",
        "is:",
    ]
)
TEXTS = st.text(max_size=60) | st.lists(PIECES, max_size=25).map("".join)


@given(TEXTS)
def test_any_text_gives_terms_and_mistakes_within_it(text):
    parsed = parse(text)
    for problem in parsed.problems:
        assert 0 <= problem.start < problem.end <= len(text)
        assert problem.message
    assert bool(parsed.terms or parsed.problems) == bool(text.strip())
    for term in parsed.terms:
        assert 0 <= term.start < term.end <= len(text)
        for value in term.values:
            assert term.start <= value.start < value.end <= term.end


@given(TEXTS)
def test_what_is_read_and_written_reads_the_same_again(text):
    parsed = parse(text)
    again = parse(written(parsed.terms))
    assert not again.problems
    assert simple(again) == simple(parsed)


FIELDS = st.sampled_from(["", "phase", "started-by", "x_y"])
ANY_TEXT = st.text(min_size=1, max_size=12).filter(str.strip)


@given(
    FIELDS,
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(["", "<", "<=", ">", ">=", "="]), ANY_TEXT), min_size=1),
)
def test_any_value_can_be_written(field, negated, pairs):
    values = tuple(Value(text, operator if field else "") for operator, text in pairs)
    parsed = parse(written([Term(field, values, negated)]))
    assert not parsed.problems or len(parsed.text) > LONGEST_TEXT
    assert (
        simple(parsed) == [("-" * negated, field, [one.operator + one.text for one in values])]
        or parsed.problems
    )


@pytest.mark.parametrize(
    ("text", "word", "after"),
    [
        ("", "running", "phase:running"),
        ("otter", "running", "otter phase:running"),
        ("phase:running", "running", ""),
        ("phase:running otter", "stopped", "phase:running,stopped otter"),
        ("a  phase:running,stopped  b", "running", "a  phase:stopped  b"),
        ("a  phase:running  b", "running", "a b"),
        ("-phase:stopped", "running", "phase:running"),
        ("phase:running phase:stopped x", "failed", "x phase:failed"),
        ('"not closed', "running", "phase:running"),
        ('x phase:running "not closed', "stopped", "x phase:running,stopped"),
    ],
)
def test_a_click_adds_a_phase_or_takes_it_away_and_leaves_the_rest_as_typed(text, word, after):
    assert toggled(text, "phase", word) == after


@given(TEXTS, ANY_TEXT)
def test_a_click_twice_is_no_click(text, word):
    assert chosen(with_only(text, "phase", quoted(word)), "phase") == (word,)
    assert not chosen(without(text, "phase"), "phase")


@pytest.mark.parametrize(
    ("text", "parameters", "after"),
    [
        ("", {"phase": "running", "project": "j-1"}, "phase:running project:=j-1"),
        ("otter", {"phase": "not there"}, 'otter phase:"not there"'),
        ("otter project:web", {"project": "Web shop"}, 'otter project:="Web shop"'),
        ("otter project:web", {"project": "*"}, "otter"),
        ("", {"archived": "1"}, "archived:any"),
        ("archived:yes", {"archived": "1"}, "archived:yes"),
        ("", {"archived": "0", "platform": "x"}, ""),
        ("", {"platform": "1"}, "platform:any"),
    ],
)
def test_older_addresses_and_menus_become_part_of_the_text(text, parameters, after):
    assert folded(text, parameters) == after


def test_what_is_taken_away_leaves_one_space():
    assert replaced("a b c", 2, 3, "") == "a c"
    assert replaced("a b", 2, 3, "") == "a"
    assert replaced("a b c", 2, 3, "d") == "a d c"
