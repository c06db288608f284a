"""The style sheet: what a browser's own settings ask of it; and drawings in templates."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
STYLE = (ROOT / "static" / "dashboard.css").read_text(encoding="utf-8")


def test_dark_differs_from_light_in_nothing_but_the_tokens() -> None:
    """So that what is asked of a dark page, once a light one is right, is about colours."""
    dark = re.findall(
        r"@media [^{]*prefers-color-scheme: dark[^{]*\{\s*([^{]*)\{([^}]*)\}\s*\}\n", STYLE, re.MULTILINE
    )
    assert len(dark) == STYLE.count("prefers-color-scheme: dark") == 2
    for selector, declared in dark:
        assert selector.strip() == ":root"
        assert all(one.strip().startswith("--") for one in declared.split(";") if one.strip())


def test_letters_grow_with_the_ones_set_in_a_browser_and_windows_are_measured_by_them() -> None:
    """Drawings grow with their place, which is in rem too."""
    lines = [line for line in STYLE.splitlines() if "drawing" not in line]
    fixed = re.compile(r"font(-size)?: [^;]*\d+px|line-height: \d+px|@media [^{]*\d+px")
    assert [line for line in lines if fixed.search(line)] == []


def test_what_a_ground_or_a_shadow_tells_is_told_by_a_line_where_colours_are_forced() -> None:
    forced = STYLE.partition("@media (forced-colors: active)")[2]
    for told in (
        "nav a[aria-current]",
        ".chips a[aria-current]",
        ".tabs a[aria-current]",
        "aria-selected=true",
    ):
        assert told in forced


def test_places_in_drawings_are_not_written_as_the_language_writes_numbers() -> None:
    bare = re.compile(r'\b(?:c?[xy]|[xy][12]|r|width|height)="{{ [^}|]+ }}"')
    found = {
        path.name: bare.findall(path.read_text(encoding="utf-8")) for path in ROOT.glob("templates/**/*.html")
    }
    assert {name: places for name, places in found.items() if places} == {}
