"""What messages say. Texts of others are made harmless first: a name must not become a link, a mention or a header."""

import re
import unicodedata

from django.conf import settings
from django.urls import reverse

LONGEST = 300


def plain(text: str) -> str:
    """A text of somebody else on one line, such that no mail program or chat makes a link or a mention of it."""
    kept = "".join(
        " " if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} else letter for letter in text
    )
    kept = " ".join(kept.split())
    kept = kept.replace("://", ": //").replace("@", "@\N{ZERO WIDTH SPACE}").replace("](", "] (")
    kept = re.sub(r"(?i)\bwww\.", "www .", kept)
    kept = kept.replace("<", "‹").replace(">", "›").replace("`", "'")  # noqa: RUF001 - like them, and harmless
    return kept if len(kept) <= LONGEST else f"{kept[: LONGEST - 1]}…"


def link(name: str, *arguments: str) -> str:
    """An absolute address, "" where `PUBLIC_URL` is not set."""
    base = settings.PUBLIC_URL
    if not base:
        return ""
    return base + reverse(name, args=arguments)
