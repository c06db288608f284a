"""Keeps the catalogue of each language in step with what pages say.

python -m scripts.messages write    # what `make messages` runs: collects, updates every .po, makes every .mo
python -m scripts.messages check    # says what is missing or stale; tests/test_messages.py asks the same

Python and JavaScript are read by Babel, templates by Django; neither needs the tools of GNU gettext.
"""

import ast
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_javascript, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES, LOCALE, STATIC = ROOT / "templates", ROOT / "dashboard" / "locale", ROOT / "static"
SENTENCES = LOCALE / "sentences.json"
"""What may have been kept as text and is said again: see `dashboard/fleet/said_again.py`."""
LANGUAGES = ("de",)
PLAIN = ("_", "gettext", "gettext_lazy", "gettext_noop", "sentence", "formed")
WITH_CONTEXT = ("pgettext", "pgettext_lazy")
OF_MANY = ("ngettext", "counted_sentence", "counted_template")
KEYWORDS = dict.fromkeys((*PLAIN, *WITH_CONTEXT, *OF_MANY, "npgettext", "many", "counted"))
"""Functions whose words are said; `many` and `counted` take a noun for one and for more: `service,services`."""
COUNTED = "counted"
"""The context of what follows a number: the nouns of the filter `many`."""
MANY = re.compile(r"""\bmany:\s*["']([^"',]+),([^"',]+)["']""")
LITERAL = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
CALL = re.compile(rf"\b(n?p?gettext|_)\(\s*({LITERAL}(?:\s*,\s*{LITERAL})*)")
PLACE = re.compile(r"%\((\w+)\)s|\{(\w*)\}|</?(\w+)|(%%)")
FIELD = re.compile(r"\{\w+\}")
Found = tuple[str | tuple[str, str], str | None, str]
"""What is said (one, or one and more), its context, and the file that says it."""


def main(verb: str) -> int:
    told = write() if verb == "write" else check()
    print(*told, sep="\n", file=sys.stderr)
    return 1 if told and verb == "check" else 0


def write() -> list[str]:
    """Brings every catalogue up to date; answers with what is left to translate."""
    left = []
    for language in LANGUAGES:
        catalog = updated(language)
        path = po(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(catalog))
        path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
        left += [f"{language}: not translated: {message.id!r}" for message in untranslated(catalog)]
    SENTENCES.write_text(sentences(), encoding="utf-8")
    return left


def check() -> list[str]:
    """One line for each thing that is wrong."""
    wrong = (
        []
        if SENTENCES.read_text(encoding="utf-8") == sentences()
        else ["sentences.json is stale; run: make messages"]
    )
    for language in LANGUAGES:
        catalog = stored(language)
        wrong += [f"{language}: not translated: {message.id!r}" for message in untranslated(catalog)]
        wrong += [
            f"{language}: other placeholders than in {message.id!r}: {message.string!r}"
            for message in said(catalog)
            if not same_places(message)
        ]
        wanted = {(message.id, message.context) for message in said(collected())}
        known = {(message.id, message.context) for message in said(catalog)}
        wrong += [
            f"{language}: not in the catalogue: {one[0]!r}; run: make messages" for one in wanted - known
        ]
        wrong += [
            f"{language}: nobody says {one[0]!r} any more; run: make messages" for one in known - wanted
        ]
        if po(language).with_suffix(".mo").read_bytes() != mo_bytes(catalog):
            wrong.append(f"{language}: the .mo is not that of the .po; run: make messages")
    return wrong


def po(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def stored(language: str) -> Catalog:
    with po(language).open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """What is said now, with the translations that there are."""
    fresh = collected(language)
    if po(language).exists():
        for message in said(stored(language)):
            known = fresh.get(message.id, message.context)
            if known is not None:
                known.string = message.string
    return fresh


def po_bytes(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_po(file, catalog, width=110, sort_output=True, omit_header=False)
    return file.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def said(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def untranslated(catalog: Catalog) -> list[Message]:
    return [message for message in said(catalog) if message.fuzzy or not all(strings(message))]


def strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string or "",)


def same_places(message: Message) -> bool:
    """Whether every translation has the placeholders and elements of what it translates."""
    originals = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    allowed = [sorted(PLACE.findall(text)) for text in originals]
    return all(sorted(PLACE.findall(text)) in allowed for text in strings(message) if text)


def collected(language: str | None = None) -> Catalog:
    """All that pages say, without translations."""
    catalog = Catalog(locale=language, project="ona-dashboard", version="", creation_date=CREATED)
    catalog.revision_date = CREATED
    for text, context, where in sorted(everything(), key=lambda one: (one[2], str(one[0]))):
        catalog.add(text, context=context, locations=[(where, 0)])
    for message in catalog:
        message.locations = sorted({(where, 0) for where, _ in message.locations})
        message.flags.discard("python-format")
        message.flags.discard("python-brace-format")
    return catalog


def sentences() -> str:
    """The templates with values in the code of `control`, `fleet`, `jobs` and `ona`, as JSON: pairs of one and more."""
    found = {
        text if isinstance(text, tuple) else (text, "")
        for text, context, where in of_python()
        if context is None and FIELD.search(str(text)) and not where.startswith("dashboard/web/")
    }
    return json.dumps(sorted(found), ensure_ascii=False, indent=0) + "\n"


CREATED = datetime(2026, 1, 1, tzinfo=UTC)
"""Of every catalogue: a date that changed by itself would change the file."""


def everything() -> Iterator[Found]:
    yield from of_templates()
    yield from of_python()
    yield from of_scripts()


def of_python() -> Iterator[Found]:
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        where = str(path.relative_to(ROOT))
        if where.startswith("dashboard/simulator/"):
            continue
        with path.open("rb") as file:
            for _, function, text, _comments in extract_python(file, KEYWORDS, [], {}):
                yield from _called(function, text, where)


def _called(function: object, text: object, where: str) -> Iterator[Found]:
    parts = [text] if isinstance(text, str) else list(text) if isinstance(text, (tuple, list)) else []
    words = [part for part in parts if isinstance(part, str)]
    if function in WITH_CONTEXT and len(words) == 2:
        yield words[1], words[0], where
    elif function == "npgettext" and len(words) == 3:
        yield (words[1], words[2]), words[0], where
    elif function in OF_MANY and len(words) == 2:
        yield (words[0], words[1]), None, where
    elif function in {"many", "counted"}:
        yield from (((one, more), COUNTED, where) for one, _, more in (word.partition(",") for word in words))
    elif function in PLAIN and words and words[0]:
        yield words[0], None, where


def of_scripts() -> Iterator[Found]:
    """`translated("…")` in our own scripts; the page hands the translations over."""
    for path in sorted(STATIC.glob("*.js")):
        with path.open("rb") as file:
            for _, _, text, _ in extract_javascript(file, {"translated": None}, [], {}):
                yield (text if isinstance(text, str) else text[0]), None, f"static/{path.name}"


def of_templates() -> Iterator[Found]:
    from django.utils.translation.template import templatize

    for path in sorted(TEMPLATES.rglob("*.html")):
        where = str(path.relative_to(ROOT))
        source = path.read_text(encoding="utf-8")
        yield from (((one, more), COUNTED, where) for one, more in MANY.findall(source))
        for function, arguments in CALL.findall(templatize(source, origin=where)):
            yield from _called(function, ast.literal_eval(f"({arguments},)"), where)


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    django.setup()
    sys.exit(main(sys.argv[1]))
