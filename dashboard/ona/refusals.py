"""From an HTTP answer that is not 200 to the right `ApiError`.

The API is a Connect server: an error is `{"code", "message", "details": [{"type", "value", "debug"}]}`, its
`value` base64 of a protobuf message. What stands before it (a load balancer, a proxy) answers with HTML or
anything else.
"""

import json
from typing import Any

from dashboard.ona import errors
from dashboard.ona.delays import details_of, missing_hosts, retry_after, user_message
from dashboard.ona.http import Raw
from dashboard.ona.schema import without_credentials

BY_CODE: dict[str, type[errors.ApiError]] = {
    "invalid_argument": errors.InvalidRequest,
    "out_of_range": errors.InvalidRequest,
    "unauthenticated": errors.Unauthenticated,
    "permission_denied": errors.PermissionDenied,
    "not_found": errors.NotFound,
    "failed_precondition": errors.FailedPrecondition,
    "already_exists": errors.Conflict,
    "aborted": errors.Conflict,
    "resource_exhausted": errors.RateLimited,
    "unavailable": errors.Unavailable,
    "deadline_exceeded": errors.Unavailable,
    "canceled": errors.Unavailable,
    "unimplemented": errors.Unimplemented,
    "internal": errors.ServerError,
    "unknown": errors.ServerError,
    "data_loss": errors.ServerError,
}
BY_STATUS: dict[int, type[errors.ApiError]] = {
    400: errors.InvalidRequest,
    401: errors.Unauthenticated,
    403: errors.PermissionDenied,
    # Not NotFound: a proxy that knows no such address must never make a resource look deleted.
    404: errors.Unimplemented,
    405: errors.Unimplemented,
    408: errors.Unavailable,
    409: errors.Conflict,
    415: errors.Unimplemented,
    429: errors.RateLimited,
    499: errors.Unavailable,
    501: errors.Unimplemented,
}
WHATEVER_THE_CODE = {429: errors.RateLimited} | dict.fromkeys((502, 503, 504), errors.Unavailable)
SAID_BY_A_PROXY = "the answer did not come from the API itself"
"""The message of an error without a Connect code; the page that came instead is of no use to a reader."""


def api_error(raw: Raw, method: str, key: str, now: float) -> errors.ApiError:
    """The error that an answer with a status of 400 and above means.

    `key` is cut out of the body should the API quote it; `now` (epoch seconds) is what a `Retry-After` date
    is measured against.
    """
    answer = error_object(raw.body.replace(key.encode(), b"[key]"))
    code = answer.get("code")
    code = code if isinstance(code, str) and code in BY_CODE else ""
    details = tuple(details_of(answer.get("details")))
    message = user_message(details) or answer.get("message")
    text = str(without_credentials(message)) if isinstance(message, str) else "" if code else SAID_BY_A_PROXY
    if hosts := missing_hosts(details):
        text += f"; connect the git account for {', '.join(hosts)} in Ona's settings first"
    delay = retry_after(details, raw.headers, now)
    error = kind_of(raw.status, code)(code, text, raw.status, details, delay or None)
    error.method, error.told_not_to_retry = method, delay == 0.0
    return error


def kind_of(status: int, code: str) -> type[errors.ApiError]:
    """The type for a Connect code and an HTTP status; `code` is "" when the body was not the API's."""
    if status in WHATEVER_THE_CODE:
        return WHATEVER_THE_CODE[status]
    if code:
        return BY_CODE[code]
    return BY_STATUS.get(status, errors.Unavailable if status >= 500 else errors.ServerError)


def error_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object, {} when it is none."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
