"""Whoever follows the documentation gets what it says: each command in it is run, or read by the program that it asks.

What a page asks of programs that are not here has its reason in ELSEWHERE.
"""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.bin.base import CLIContext
from celery.bin.celery import celery
from django.core.management import get_commands, load_command_class

from dashboard import serving
from dashboard.celery import app
from dashboard.config.base import VARIABLES

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    *(f"docs/operations/{name}.md" for name in ("README", "install", "backup", "chaos")),
)
ELSEWHERE = {
    "docker": "there is no container engine; tests/test_packaging.py holds its files to their specifications",
    "pipx": "it installs from a registry; tests/test_packaging.py installs the wheel and starts it",
    "pg_dump": "PostgreSQL's own",
    "pg_restore": "PostgreSQL's own",
    "git": "git's own",
}
RUN = ("migrate", "collectstatic", "accounts")
"""Those that end by themselves and need nothing but a folder."""


def commands(page: str) -> Iterator[list[str]]:
    """The commands in the blocks of a page, as words; what an example says of a format is none."""
    for line in (ROOT / page).read_text().splitlines():
        found = re.fullmatch(r"(?: {4}|\$ )(\S.*)", line)
        if found and not re.match(r"[{\"'-]|[a-z_]+:|- ", found[1]):
            yield shlex.split(found[1], comments=True)


ALL = [
    pytest.param(page, words, id=f"{page}: {' '.join(words)}") for page in PAGES for words in commands(page)
]


def followed(words: list[str]) -> None:
    """Raises what the program that is asked says against it."""
    while words and re.fullmatch(r"[A-Z][A-Z_0-9]*=.*", words[0]):
        assert words[0].partition("=")[0] in {one.name for one in VARIABLES}
        words = words[1:]
    match words:
        case []:
            return
        case ["make", *rest]:
            subprocess.run(["make", "-n", *rest], cwd=ROOT, check=True, capture_output=True)
        case ["python", "-m", module, *_]:
            assert importlib.util.find_spec(module) is not None
        case ["python", "manage.py", "serve", *rest] | ["ona-dashboard", "serve", *rest]:
            serving.parser().parse_args(rest)
        case ["python", "manage.py", name, *rest] | ["ona-dashboard", name, *rest]:
            command = load_command_class(get_commands()[name], name)
            command.create_parser("manage.py", name).parse_args(rest)
        case ["celery", "-A", _, name, *rest]:
            celery.commands[name].make_context(name, rest, obj=CLIContext(app, True, None))
        case [program, *_]:
            assert program in ELSEWHERE


@pytest.mark.parametrize(("page", "words"), ALL)
def test_each_command_of_the_documentation_is_one_that_is_there(page: str, words: list[str]) -> None:
    followed(words)


def test_a_command_that_is_not_there_is_noticed() -> None:
    wrong = (
        "make nothing",
        "python manage.py serve --prot 1",
        "ona-dashboard nothing",
        "nothing",
        "ONA_KEY=x make run",
    )
    for line in (*wrong, "python -m nothing", "celery -A dashboard.celery worker --nothing"):
        with pytest.raises(BaseException):  # noqa: B017, PT011 - each program has its own way to say no
            followed(line.split())


def test_the_parts_are_prepared_as_the_page_says(tmp_path: Path) -> None:
    variables = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/ona.sqlite3",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "only for this test, and long enough to be one of them",
    }
    said = ""
    for words in commands("docs/operations/README.md"):
        if words[:2] == ["python", "manage.py"] and words[2] in RUN:
            command = [sys.executable, *words[1:]]
            said = subprocess.run(
                command, cwd=ROOT, env=variables, check=True, capture_output=True, text=True
            ).stdout
    assert [name for name in ("admin", "operator", "viewer") if name in said] == [
        "admin",
        "operator",
        "viewer",
    ]
