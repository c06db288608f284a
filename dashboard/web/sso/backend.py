"""People who signed in elsewhere, for Django's sessions: no password opens anything."""

from typing import Any

from django.contrib.auth.backends import ModelBackend


class Elsewhere(ModelBackend):
    """Finds the person of a session while their account is open."""

    def authenticate(self, *_: Any, **__: Any) -> None:
        return None
