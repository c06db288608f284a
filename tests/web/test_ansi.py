"""Terminal text as HTML: hostile or broken, it is text in spans and nothing else."""

import html as entities
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.web.ansi import html, plain

ESC = "\x1b"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("plain", "plain"),
        ("<script>&'\"", "&lt;script&gt;&amp;&#x27;&quot;"),
        (f"{ESC}[31mred{ESC}[0m no", '<span class="ansi-1">red</span> no'),
        (
            f"{ESC}[1;32mok{ESC}[22mok",
            '<span class="ansi-bold ansi-2">ok</span><span class="ansi-2">ok</span>',
        ),
        (f"{ESC}[91mx{ESC}[39my", '<span class="ansi-1">x</span>y'),
        (f"{ESC}[41mx{ESC}[49my", '<span class="ansi-on-1">x</span>y'),
        (f"{ESC}[104mx", '<span class="ansi-on-4">x</span>'),
        (f"{ESC}[38;5;9mx", '<span class="ansi-1">x</span>'),
        (f"{ESC}[38;2;255;0;0mx", '<span class="ansi-1">x</span>'),
        (f"{ESC}[48;2;0;0;255;1mx", '<span class="ansi-bold ansi-on-4">x</span>'),
        (f"{ESC}[38;5mx", "x"),
        (f"{ESC}[38mx", "x"),
        (f"{ESC}[mx", "x"),
        (f"{ESC}[2J{ESC}[1;1Hx{ESC}[K", "x"),
        (f"{ESC}]0;title\x07x", "x"),
        (f"{ESC}]8;;javascript:alert(1){ESC}\\link{ESC}]8;;{ESC}\\", "link"),
        (f"{ESC}P1$r{ESC}\\x", "x"),
        (f"{ESC}(Bx{ESC}=", "x"),
        (f"{ESC}c{ESC}[", ""),
        ("\x9b31mx", '<span class="ansi-1">x</span>'),
        ("10%\r50%\r100%", "100%"),
        ("crlf\r", "crlf"),
        ("a\x00b\x07c\td", "abc\td"),
        ("\u202egnp.exe", "gnp.exe"),
        (f'{ESC}[31"onmouseover=alert(1)mx', "nmouseover=alert(1)mx"),
    ],
)
def test_a_line_becomes(text, made):
    assert html(text) == made


ODD = st.text(
    st.one_of(st.characters(exclude_categories=()), st.sampled_from('\x1b\x1b[];:m0123489\x9b\x07\r<&"')),
    max_size=60,
)


@given(ODD)
@example(f"{ESC}[" + "9" * 5000 + "m")
@example(f"{ESC}[" + "1;" * 5000 + "m")
def test_whatever_comes_is_escaped_text_in_our_spans(text):
    made = html(text)
    bare = re.sub(r'<span class="ansi-[a-z0-9 -]+">|</span>', "", made)
    assert "<" not in bare
    assert not [c for c in made if c != "\t" and unicodedata.category(c) in {"Cc", "Cs"}]
    assert entities.unescape(bare) == plain(text)
    made.encode()


@given(st.text(st.characters(exclude_categories=("C", "Z")), max_size=80))
def test_text_without_controls_is_kept(text):
    assert plain(text) == text


def test_a_long_line_of_beginnings_takes_no_time():
    html(f"{ESC}]" * 8_000)
    html(f"{ESC}[" * 8_000)
    html("\r" * 16_000 + "x")
