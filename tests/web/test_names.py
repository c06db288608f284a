"""How well a name is what somebody looks for, and the best names of a whole table."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.fleet.entities import Service
from dashboard.fleet.table import CHUNK, Table
from dashboard.web.names import Names, SharedNames
from dashboard.web.wanted import SHORTEST_SLIP, Wanted, loosened

LETTERS = st.text("ab-_ .\n", max_size=7)
BY_NAME = Names(lambda row: row.name)


@pytest.mark.parametrize(
    ("text", "name", "rank"),
    [
        ("otter", "otter", 0),
        ("ott", "Otter", 1),
        ("ott", "sea-otter", 2),
        ("tter", "otter", 3),
        ("river otter", "otter on the river", 4),
        ("otrv", "otter on the river", 6),
        ("x", "otter", None),
        ("vro", "otter on the river", None),
        ("(.*)+$", "aaaa", None),
        ("ÄÖ", "äö", 0),
        ("loschen", "Löschen", 0),
        ("Löschen", "loschen", 0),
        ("ott\u200ber", "o\u00adtter\u202e", 0),
        ("otetr", "sea otter", 5),
    ],
)
def test_names_are_ranked_by_how_they_match(text: str, name: str, rank: int | None) -> None:
    assert Wanted(text.lower()).rank(name) == rank


def test_no_text_makes_the_search_slow() -> None:
    name, began = "ab" * 5_000, time.process_time()
    assert Wanted("ab" * 39 + "c").rank(name) is None
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "line", "meant"),
    [
        ("ottre", "sea otter", True),
        ("oter", "sea otter", True),
        ("otteer", "sea otter", True),
        ("ottex", "sea otter", True),
        ("sevrer", "web server", True),
        ("web-srever", "web server", True),
        ("c.+*", "c.+[", True),
        ("xtter", "sea river", False),
        ("reto", "sea otter", False),
        ("ott", "sea toter", False),
        ("o" * 33, "o" * 32, False),
    ],
)
def test_one_slip_of_the_finger_is_forgiven(text: str, line: str, meant: bool) -> None:
    wanted = Wanted(text)
    assert wanted.nearly(line) == meant
    assert not meant or any(half in line for half in wanted.halves)


def slips(text: str) -> str:
    """A pattern of all texts with one letter of this one wrong."""
    ways = list[str]()
    for place, one in enumerate(text):
        before, after = re.escape(text[:place]), text[place + 1 :]
        ways += [f"{before}.?{re.escape(after)}", f"{before}.{re.escape(one + after)}"]
        ways += [before + re.escape(after[0] + one + after[1:])] if after else []
    return "|".join(ways)


@given(st.text("ab ", min_size=SHORTEST_SLIP, max_size=8), st.text("ab c", max_size=12))
def test_a_slip_is_any_one_letter_wrong_anywhere(text: str, line: str) -> None:
    wanted, line = Wanted(text), loosened(line)
    if wanted.forgives:
        assert wanted.nearly(line) == bool(re.search(slips(wanted.loose), line))


def plainly(rows: list[Service], wanted: Wanted, most: int) -> list[tuple[int, int, str]]:
    """(rank, letters, id) of the best, by looking at each."""
    found = list[tuple[int, int, str]]()
    for row in rows:
        if (rank := wanted.rank(row.name)) is not None:
            found.append((rank, len(loosened(row.name)), row.id))
    return sorted(found)[:most] if wanted else []


@given(st.lists(LETTERS, max_size=20), LETTERS, st.integers(1, 5))
def test_the_best_of_a_table_are_those_that_looking_at_each_name_finds(
    names: list[str], text: str, most: int
) -> None:
    rows = [Service(f"s-{n:03}", "e-1", name) for n, name in enumerate(names)]
    table, wanted = Table.of({row.id: row for row in rows}), Wanted(text)
    expected = plainly(rows, wanted, most)
    assert [row.id for row in BY_NAME.best(table, wanted, most)] == [one for *_, one in expected]
    shared = [Service(name, "e-1", name) for name in dict.fromkeys(names)]
    assert SharedNames().best(table, wanted, most) == [one for *_, one in plainly(shared, wanted, most)]


def test_of_ten_thousand_names_it_looks_only_at_those_that_may_be_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at = list[str]()
    for way in ("placed", "nearly"):
        method = getattr(Wanted, way)
        monkeypatch.setattr(
            Wanted, way, lambda wanted, line, method=method: looked_at.append(line) or method(wanted, line)
        )
    rows = [Service(f"s-{n}", "e-1", f"quiet {n:05} heron", f"heron-{n}") for n in range(10_000)]
    rows[7_000] = Service("s-7000", "e-1", "Web server", "web")
    table, known = Table.of({row.id: row for row in rows}), SharedNames()
    for text in ("web server", "server", "sevrer", "web", "zebra"):
        assert known.best(table, Wanted(text), 6) == (["Web server"] if text != "zebra" else [])
    assert len(looked_at) < 10


def test_namesakes_are_found_in_every_chunk_and_by_their_reference() -> None:
    many = 2 * CHUNK + 1
    rows = [Service(f"s-{n}", "e-1", "Web server", "shop", phase="running") for n in range(many)]
    rows[-1] = Service("s-last", "e-1", "Web server", "web", phase="failed")
    agent = Service("s-agent", "e-1", "Web agent", "web", role="editor")
    table, known = Table.of({row.id: row for row in (*rows, agent)}), SharedNames()
    assert known.best(table, Wanted("shop"), 6) == known.best(table, Wanted("web"), 6) == ["Web server"]
    found = known.namesakes(table, "Web server")
    assert ([row.id for row in found.rows], found.failed) == ([row.id for row in rows], 1)
    changed, _ = table.changed([("s-0", Service("s-0", "e-1", "Heron", "shop"), 2)])
    assert known.best(changed, Wanted("shop"), 6) == ["Heron", "Web server"]
    assert len(known.namesakes(changed, "Web server").rows) == many - 1
