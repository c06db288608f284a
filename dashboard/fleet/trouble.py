"""What a trouble with the API means for whoever reads /system/, beside the API's own words."""

from dashboard.fleet.marking import marked as _
from dashboard.ona import errors

AGAIN = _("The next poll tries again by itself.")
MEANING: tuple[tuple[type[errors.OnaError], str], ...] = (
    (
        errors.RateLimited,
        _("Ona asks for fewer requests; the dashboard slows down. The next poll tries again by itself."),
    ),
    (
        errors.Unavailable,
        _("Ona, or a gateway before it, cannot answer at the moment. The next poll tries again by itself."),
    ),
    (
        errors.ServerError,
        _("Something broke inside Ona. The next poll tries again by itself."),
    ),
    (errors.Unauthenticated, _("Ona does not take the key; set ONA_API_KEY to a valid one.")),
    (errors.PermissionDenied, _("The key may not read this; set ONA_API_KEY to one that may.")),
    (errors.Unimplemented, _("The API is not at this address, or an older one; check ONA_BASE_URL.")),
    (errors.ApiError, _("Ona refused the question itself, which no repetition changes.")),
    (
        errors.NoAnswer,
        _("Ona did not answer, or its answer did not end. The next poll tries again by itself."),
    ),
    (
        errors.Truncated,
        _("Ona's answer broke off. The next poll tries again by itself."),
    ),
    (
        errors.BadAnswer,
        _(
            "What came was no answer of the API: a page of something in between, or a list without end. "
            "The next poll tries again by itself."
        ),
    ),
)
"""The first type that fits; what is narrower comes first."""


def meaning(trouble: errors.OnaError) -> str:
    """In a sentence or two, what it is and what a person can do."""
    return next((words for kind, words in MEANING if isinstance(trouble, kind)), AGAIN)
