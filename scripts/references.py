"""Writes the pages of the documentation that are tables of the code.

python -m scripts.references
"""

import os
from pathlib import Path

import django

OPERATIONS = Path(__file__).resolve().parent.parent / "docs" / "operations"
FOOT = "\nWritten by `python -m scripts.references`.\n"


def pages() -> dict[Path, str]:
    """What each page holds; Django is set up."""
    from dashboard.config import reference as config_reference
    from dashboard.web.watching import table

    return {
        OPERATIONS / "metrics.md": table.markdown() + FOOT,
        OPERATIONS / "configuration.md": config_reference.markdown() + FOOT.lstrip(),
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    django.setup()
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
