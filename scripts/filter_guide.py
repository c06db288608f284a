"""Writes docs/guide/filter.md, the help of the filter language, from the table of fields.

python -m scripts.filter_guide
"""

from pathlib import Path

from dashboard.fleet.query.guide import markdown

PAGE = Path(__file__).resolve().parent.parent / "docs" / "guide" / "filter.md"


if __name__ == "__main__":
    PAGE.write_text(markdown(), encoding="utf-8")
