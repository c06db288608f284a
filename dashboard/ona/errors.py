"""Everything that can go wrong while speaking with the API. Callers branch on the type, never on a status.

OnaError
├─ Unsendable            refused here: a value breaks a rule that the API documents, nothing was sent
├─ NoAnswer              nothing came back: no connection, a timeout, a connection that broke
├─ BadAnswer             no answer to what was asked: not JSON, wrong shape, a page token that loops
│  └─ Truncated          the answer broke off before its end
└─ ApiError              the API (or what stands before it) refused
   ├─ InvalidRequest     invalid_argument, out_of_range
   ├─ Unauthenticated    the key is missing, wrong or expired
   ├─ PermissionDenied   the key may not do this, or may not see that resource
   ├─ NotFound           no such resource that this key can see
   ├─ FailedPrecondition the resource is in no state for this
   ├─ Conflict           already_exists, aborted
   ├─ RateLimited        resource_exhausted; `retry_after` says when to come back, if it is known
   ├─ Unavailable        unavailable, deadline_exceeded, canceled, any 502, 503, 504
   ├─ Unimplemented      no such method at this address: usually a wrong base address
   └─ ServerError        internal, unknown, data_loss, and codes nobody has heard of

Every message is one readable line. It has the API's own words in it, and never the key or what was sent.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LONGEST_MESSAGE = 500
QUOTED = 6
"""Characters of a secret that are enough to see that it is quoted."""
WITHHELD = "the API's text quotes a value that must not be shown"


class OnaError(Exception):
    """Base of all. `maybe_received`: False only when the request cannot have reached the API; `counted`: the pace has
    been told of it.
    """

    maybe_received: bool = True
    counted: bool = False


class Unsendable(OnaError, ValueError):
    """Nothing was sent: `field` (`ports.0.name`) breaks `rule` ("must have 1 to 100 characters").

    Neither has the value in it, so a form may show both.
    """

    maybe_received = False

    def __init__(self, field: str, rule: str) -> None:
        self.field, self.rule = readable(field), rule
        super().__init__(self.field, rule)

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}"


class NoAnswer(OnaError):
    """Nothing came back. After a write with `maybe_received` nobody knows whether it happened."""

    def __init__(self, message: str, maybe_received: bool = True) -> None:
        super().__init__(message, maybe_received)
        self.maybe_received = maybe_received

    def __str__(self) -> str:
        return str(self.args[0])


class BadAnswer(OnaError):
    """Something came back that is not an answer to what was asked. A write may well have happened."""


class Truncated(BadAnswer):
    """The answer broke off before its end."""


@dataclass(frozen=True)
class Detail:
    """One detail of an error: the protobuf type's name, its bytes, and the same as JSON if sent."""

    type: str
    value: bytes = b""
    debug: Any = None


class ApiError(OnaError):
    """The API refused.

    `code` is the Connect code ("not_found"), "" when what answered was not the API itself; `message` is the
    API's own text, cleaned, and may be empty; `status` is the HTTP status (0 when made up); `retry_after` is
    in seconds, None when nothing was said; `method` is what was called ("GetEnvironment").
    """

    method: str = ""
    told_not_to_retry: bool = False

    def __init__(
        self,
        code: str = "",
        message: str = "",
        status: int = 0,
        details: tuple[Detail, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        self.code, self.message, self.status, self.details = code, readable(message), status, details
        self.retry_after = retry_after
        super().__init__(code, self.message, status, details, retry_after)

    def __str__(self) -> str:
        text = self.message or "the API gave no reason"
        kind = self.code or f"HTTP {self.status}"
        return f"{self.method}: {text} ({kind})" if self.method else f"{text} ({kind})"


def without(error: ApiError, hidden: Iterable[str]) -> ApiError:
    """The same error without its details, and without its message should that quote what is `hidden`.

    A quotation may be cut, escaped or wrapped, so its beginning is what is looked for; of KEY=VALUE, that of the
    value too.
    """
    texts = [part for text in hidden for part in (text, text.partition("=")[2])]
    openings = [readable(text)[:QUOTED] for text in texts if readable(text)]
    message = WITHHELD if any(opening in error.message for opening in openings) else error.message
    clean = type(error)(error.code, message, error.status, (), error.retry_after)
    clean.method, clean.told_not_to_retry = error.method, error.told_not_to_retry
    return clean


class InvalidRequest(ApiError):
    """The request itself is wrong; repeating it cannot help."""


class Unauthenticated(ApiError):
    """The key is missing, wrong or expired."""


class PermissionDenied(ApiError):
    """The key may not do this, or may not see that resource; it does not mean that there is nothing."""


class NotFound(ApiError):
    """No such resource that this key can see. Can also be, for a moment, a resource that was just created."""


class FailedPrecondition(ApiError):
    """The resource is in no state for this, for instance an environment that does not run."""


class Conflict(ApiError):
    """Somebody else was there first."""


class RateLimited(ApiError):
    """Too many requests, or a quota is used up. The request was not acted on."""


class Unavailable(ApiError):
    """The API, or what stands before it, cannot answer now."""


class Unimplemented(ApiError):
    """No such method at this address."""


class ServerError(ApiError):
    """The API broke."""


def readable(text: str) -> str:
    """`text` as one line of at most 500 characters: control and format characters out, white space collapsed."""
    text = text[: 4 * LONGEST_MESSAGE]
    spaced = " ".join("".join(c if c.isprintable() or c.isspace() else "" for c in text).split())
    line = "".join(c for c in spaced if c == " " or unicodedata.category(c)[0] not in "CZ")
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"
