"""The mail that owners got, read as they read it: from the messages themselves."""

import email
import email.policy
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path

LINK = re.compile(r"https://\S+/environments/(?P<id>[0-9a-f-]{36})/(?P<deed>keep|start)/")
BEFORE, AFTER = "keep", "start"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message: when it was written (epoch seconds), to whom, and what its links are for (`keep` before a stop,
    `start` after one), of which environments.
    """

    at: float
    to: str
    deed: str
    environments: tuple[str, ...]


@dataclass
class Post:
    """Everything that has come into `folder`."""

    folder: Path
    letters: list[Letter] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def collect(self) -> list[Letter]:
        """What has come since the last time."""
        new = sorted(path for path in self.folder.glob("*.eml") if path.name not in self._known)
        self._known.update(path.name for path in new)
        found = [_read(path) for path in new]
        self.letters += found
        return found


def _read(path: Path) -> Letter:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body()
    text = body.get_content() if body is not None else ""
    about_stops = text.startswith(("Policy ", "By "))  # others speak of exemptions
    links = list(LINK.finditer(text)) if about_stops else []
    return Letter(
        parsedate_to_datetime(message["Date"]).timestamp(),
        str(message["To"]),
        links[0]["deed"] if links else "",
        tuple(dict.fromkeys(link["id"] for link in links)),
    )
