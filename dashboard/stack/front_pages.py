"""The few pages that the front of several organisations has itself, in the language that the browser asks for.

Their words are in the catalogues of the dashboard, which Python's own reader opens: the front runs without Django.
"""

import gettext
import hashlib
import html
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).resolve().parent.parent / "locale"
LANGUAGES = ("en", "de")
LONGEST_ASKED = 200
Say = Callable[[str], str]


def _(text: str) -> str:
    """Marks what catalogues have."""
    return text


STYLE = (
    ":root{color-scheme:light dark;--ground:#f6f6f8;--card:#fff;--line:#c9c9d3;--text:#1b1b22;"
    "--accent:#4a3fc4;--on:#fff}"
    "@media(prefers-color-scheme:dark){:root{--ground:#131318;--card:#1b1b22;--line:#444453;--text:#ececf1;"
    "--accent:#aaa3ff;--on:#131318}}"
    "*{box-sizing:border-box}body{margin:0;padding:12vh 16px 16px;background:var(--ground);color:var(--text);"
    "font:15px/1.5 system-ui,sans-serif}main{max-width:400px;margin:auto;padding:24px;background:var(--card);"
    "border:1px solid var(--line);border-radius:10px}h1{font-size:20px;margin:0 0 16px}p{margin:0 0 16px}"
    "form{display:grid;gap:8px}label{font-weight:600}"
    "input,button{font:inherit;min-height:36px;padding:0 12px;border-radius:6px;border:1px solid var(--line);"
    "background:var(--card);color:var(--text)}button{background:var(--accent);color:var(--on);border:0;cursor:pointer}"
    "ul{list-style:none;margin:0;padding:0;display:grid;gap:8px}"
    "li a{display:block;padding:10px 12px;border:1px solid var(--line);border-radius:6px;color:var(--text);"
    "font-weight:600;text-decoration:none;overflow-wrap:anywhere}li a:hover{border-color:var(--accent)}"
    ":focus-visible{outline:2px solid var(--accent);outline-offset:2px}"
)
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>{title} · {product}</title><style>{style}</style></head>"
    "<body><main><h1>{title}</h1>{body}</main></body></html>"
)
ASK = (
    '<form action="/o/"><label for="slug">{label}</label>'
    '<input id="slug" name="slug" required maxlength="40" autocapitalize="none" autocomplete="organization" '
    'spellcheck="false" autofocus> <button>{button}</button></form>'
)
PRODUCT = _("Ona fleet")
NOT_FOUND, NOT_NOW = _("Not found"), _("Not now")
WHICH, ALL = _("Which organisation?"), _("Organisations")
LABEL, BUTTON = _("Short name of your organisation"), _("Go on")
UNKNOWN = _("There is no organisation with that short name here.")
SILENT = _(
    "The processes of this organisation do not answer. They are started again by themselves; "
    "try again in a moment."
)


def language_of(asked: str) -> str:
    """Of `LANGUAGES`, by what a browser's `Accept-Language` says; English when that names none."""
    wanted = [_weighed(part) for part in asked[:LONGEST_ASKED].split(",")]
    known = [one for one in wanted if one[1] in LANGUAGES and one[0] > 0]
    return max(known, key=lambda one: one[0], default=(1.0, LANGUAGES[0]))[1]


def _weighed(part: str) -> tuple[float, str]:
    """`de-AT;q=0.8` → 0.8, "de"."""
    tag, _semicolon, weight = part.strip().lower().partition(";")
    try:
        number = float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        number = 0.0
    return number, tag.partition("-")[0]


@cache
def _say_in(language: str) -> Say:
    return gettext.translation("django", LOCALE, [language], fallback=True).gettext


def page(
    asked: str, title: str, words: Iterable[str] = (), homes: Iterable[tuple[str, str]] | None = None
) -> bytes:
    """One page: `words` in paragraphs, then `homes`, links with their names. Without those (None) nothing follows; with
    none of them a form asks which organisation it is.
    """
    language = language_of(asked)
    say = _say_in(language)
    body = "".join(f"<p>{html.escape(say(one))}</p>" for one in words)
    if homes is not None:
        body += _list(homes) or ASK.format(label=html.escape(say(LABEL)), button=html.escape(say(BUTTON)))
    parts = {"language": language, "title": html.escape(say(title)), "product": html.escape(say(PRODUCT))}
    return PAGE.format(body=body, style=STYLE, **parts).encode()


def _list(homes: Iterable[tuple[str, str]]) -> str:
    items = [f'<li><a href="{html.escape(home)}">{html.escape(name)}</a></li>' for home, name in homes]
    return f"<ul>{''.join(items)}</ul>" if items else ""
