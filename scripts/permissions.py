"""Writes docs/operations/permissions.md, who may do what, from the tables in the code.

python -m scripts.permissions
"""

import os
from pathlib import Path

import django

PAGE = Path(__file__).resolve().parent.parent / "docs" / "operations" / "permissions.md"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    django.setup()
    from dashboard.web.access import markdown

    PAGE.write_text(markdown(), encoding="utf-8")
