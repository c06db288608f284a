"""Which API a command talks to."""

import json

from django.conf import settings

from dashboard.stack import parts


class NoTarget(Exception):
    """There is no API to talk to; the message says what to set."""


def api_target() -> tuple[str, str]:
    """Base address and key: the configured ones, else those of the simulated fleet that runs in this folder."""
    if settings.ONA_API_KEY:
        return settings.ONA_BASE_URL, settings.ONA_API_KEY
    try:
        running = json.loads((settings.VAR_DIR / "up.json").read_text(encoding="utf-8"))["api"]
    except (OSError, ValueError, KeyError):
        running = ""
    if not running:
        raise NoTarget(
            "There is no API: set ONA_API_KEY (and ONA_BASE_URL), or start the demo with make run."
        )
    return running, parts.SIMULATED_KEY


def acting_target() -> tuple[str, str]:
    """The same with the key for actions, where there is one."""
    base_url, api_key = api_target()
    return base_url, settings.ONA_ACTION_API_KEY if settings.ONA_API_KEY else api_key
