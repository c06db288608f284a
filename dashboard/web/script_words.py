"""What our scripts say: pages hand the translations over, so that no catalogue has to be fetched. English pages hand
over nothing, since the scripts have the English words.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, gettext, gettext_noop

from dashboard.fleet.spans import spoken

_ = gettext_noop
WORDS = (
    _("1 result"),
    _("1 suggestion"),
    _("All {total} that match are chosen"),
    _("Dismiss"),
    _("Environment, service, task, person, project, id, action"),
    _("Last update"),
    _("No longer in this list"),
    _("None chosen"),
    _("Nothing has a name like that."),
    _("Nothing has been read yet."),
    _("Nothing here is yours to start or stop now"),
    _("Reload"),
    _("Results"),
    _("Search everything"),
    _("Searching…"),
    _("Suggestions"),
    _("The dashboard answered {status}."),
    _("The dashboard does not answer."),
    _("The dashboard does not answer. It may have received this: look at Activity before you ask again."),
    _("The dashboard does not answer. Try again in a moment."),
    _("The dashboard does not answer; trying again."),
    _("The list has changed"),
    _("These data are getting old."),
    _("These data are not up to date."),
    _("This dashboard has been updated. {reload} to use the new version."),
    _("Updated"),
    _("What you see is from {time}."),
    _("in {span}"),
    _("just now"),
    _("{count} chosen"),
    _("{count} new"),
    _("{count} results"),
    _("{count} suggestions"),
    _("{span} ago"),
)
"""Those that scripts ask for by `translated("…")`."""


def script_words() -> dict[str, Any]:
    """For the language of this request: the words, the names of the units of time, the decimal point."""
    language = get_language() or settings.LANGUAGE_CODE
    return {} if language == settings.LANGUAGE_CODE else _of(language)


@cache
def _of(_language: str) -> dict[str, Any]:
    said = spoken()
    return {
        "words": {word: gettext(word) for word in WORDS},
        "units": [name for _size, name in said.units],
        "point": said.point,
    }


def other_languages() -> list[tuple[str, str]]:
    """Code and own name of those that this request is not in."""
    return [one for one in settings.LANGUAGES if one[0] != get_language()]
