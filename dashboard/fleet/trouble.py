"""What a trouble with the API means for whoever reads /system/, beside the API's own words."""

from dashboard.ona import errors

AGAIN = "The next poll tries again by itself."
MEANING: tuple[tuple[type[errors.OnaError], str], ...] = (
    (errors.RateLimited, f"Ona asks for fewer requests; the dashboard slows down. {AGAIN}"),
    (errors.Unavailable, f"Ona, or a gateway before it, cannot answer at the moment. {AGAIN}"),
    (errors.ServerError, f"Something broke inside Ona. {AGAIN}"),
    (errors.Unauthenticated, "Ona does not take the key; set ONA_API_KEY to a valid one."),
    (errors.PermissionDenied, "The key may not read this; set ONA_API_KEY to one that may."),
    (errors.Unimplemented, "The API is not at this address, or an older one; check ONA_BASE_URL."),
    (errors.ApiError, "Ona refused the question itself, which no repetition changes."),
    (errors.NoAnswer, f"Ona did not answer, or its answer did not end. {AGAIN}"),
    (errors.Truncated, f"Ona's answer broke off. {AGAIN}"),
    (
        errors.BadAnswer,
        f"What came was no answer of the API: a page of something in between, or a list without end. {AGAIN}",
    ),
)
"""The first type that fits; what is narrower comes first."""


def meaning(trouble: errors.OnaError) -> str:
    """In a sentence or two, what it is and what a person can do."""
    return next((words for kind, words in MEANING if isinstance(trouble, kind)), AGAIN)
