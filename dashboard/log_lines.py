"""Log lines, as text or as JSON, each with the id of what it belongs to, and without a secret in them.

Nobody writes a secret to a log on purpose; a library's error may quote one. So every line is cut once more here.
"""

import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from dashboard import trail

CUT = "…"
LEAST = 6
"""Characters of a secret that is looked for; anything shorter would cut words out of every line."""
BEARER = re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}")
PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/@:\s]*):[^/@\s]*@", re.IGNORECASE)
NAMED = re.compile(
    r"""(?ix)( (?:api[_-]?key|token|secret|password|passwd|authorization|cookie|sessionid|ona_session|ona_csrf)
        ["']? \s* [=:] \s* ["']? ) (?! (?:bearer|basic)\s ) [^\s"',;&)}]{6,}"""
)


class Cutter:
    """Cuts `secrets`, and what looks like one, out of texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {
            form for secret in secrets if len(secret) >= LEAST for form in (secret, quote(secret, safe=""))
        }
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(CUT, text)
        text = PASSWORD.sub(rf"\1:{CUT}@", BEARER.sub(rf"\1\2{CUT}", text))
        return NAMED.sub(rf"\1{CUT}", text)


def password_of(url: str) -> str:
    """The password inside an address, "" without one."""
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


class Text(logging.Formatter):
    """For people: `2026-11-22 12:00:00,123 INFO dashboard.jobs: words [id]`, with the organisation before the level
    where there are several.
    """

    def __init__(self, secrets: Iterable[str] = (), organisation: str = "") -> None:
        whose = f"{organisation} " if organisation else ""
        super().__init__(f"%(asctime)s {whose}%(levelname)s %(name)s: %(message)s")
        self._cut = Cutter(secrets)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of logging's own
        line = super().formatMessage(record)
        identifier = trail.current()
        return f"{line} [{identifier}]" if identifier else line

    def format(self, record: logging.LogRecord) -> str:
        return self._cut(super().format(record))


class Json(logging.Formatter):
    """For machines: one object a line with `time` (UTC), `level`, `logger`, `message`, `process`; `trail` when what it
    belongs to is known, `organisation` where there are several, `error` (the traceback) when there is one.
    """

    def __init__(self, secrets: Iterable[str] = (), organisation: str = "") -> None:
        super().__init__()
        self._cut = Cutter(secrets)
        self._organisation = organisation

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._cut(record.getMessage()),
            "process": record.process,
        }
        if self._organisation:
            line["organisation"] = self._organisation
        if identifier := trail.current():
            line["trail"] = identifier
        if record.exc_info:
            line["error"] = self._cut(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


FORMATS: dict[str, type[logging.Formatter]] = {"text": Text, "json": Json}
