"""One question to the API at start, so that a wrong key is named at once and not only on a page."""

import os
import threading
from collections.abc import Callable

from django.conf import settings

SECONDS = 5.0


def check_api(say: Callable[[str], None]) -> None:
    """Asks in the background; says one line when the API refuses the key or does not answer within 5 s."""
    threading.Thread(target=_check, args=(say,), daemon=True).start()


def _check(say: Callable[[str], None]) -> None:
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(_ask()), daemon=True)
    asking.start()
    asking.join(SECONDS)
    trouble = answers[0] if answers else f"{settings.ONA_BASE_URL} has not answered within {SECONDS:.0f} s."
    if trouble:
        say(f"{trouble} The pages show what was last known until the API answers.")


def _ask() -> str:
    """One page of one environment. The trouble with it in a sentence, empty when there is none."""
    from dashboard.ona import Ona, errors

    try:
        with Ona.open(settings.ONA_BASE_URL, settings.ONA_API_KEY) as ona:
            next(ona.environments.pages(page_size=1))
    except (errors.Unauthenticated, errors.PermissionDenied) as refusal:
        return f"{key_setting()} is refused by {settings.ONA_BASE_URL}: {refusal}; set it to a valid key."
    except errors.NoAnswer as silence:
        return f"{settings.ONA_BASE_URL} cannot be reached: {silence}."
    except errors.OnaError as error:
        return f"{settings.ONA_BASE_URL} answered: {error}."
    return ""


def key_setting() -> str:
    """The environment variable that the reading key came from."""
    for name in ("ONA_API_KEY", "GITPOD_API_KEY"):
        for source in (name, f"{name}_FILE"):
            if os.environ.get(source, "").strip():
                return source
    return "ONA_API_KEY"
