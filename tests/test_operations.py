"""The pages on operating the dashboard speak of what exists."""

import re
from pathlib import Path

import pytest

from dashboard.config.base import VARIABLES

ROOT = Path(__file__).parent.parent
OPERATIONS = ROOT / "docs/operations"


def test_every_line_of_the_table_of_deaths_names_tests_that_exist() -> None:
    lines = (OPERATIONS / "degradation.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ")][1:]
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    known = set(re.findall(r"def (test_\w+)", written))
    assert len(rows) > 10
    for row in rows:
        named = set(re.findall(r"`(test_\w+)`", row))
        assert named, row
        assert named <= known


@pytest.mark.parametrize("page", sorted(OPERATIONS.glob("*.md")), ids=lambda path: path.name)
def test_every_link_leads_to_a_page_and_a_section(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]*)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert not target or "://" in target or (page.parent / target).exists(), target


def test_every_setting_is_in_the_reference_under_a_heading() -> None:
    text = (OPERATIONS / "configuration.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE).count("SECRET_KEY") == 1
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE)) == {one.name for one in VARIABLES}
