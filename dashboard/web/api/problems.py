"""Errors as problem details (RFC 9457): `type` tells a program what it is, `detail` a person."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from pydantic import BaseModel, Field

PROBLEM = "application/problem+json"
TYPES = {
    400: "bad-request",
    401: "no-token",
    403: "forbidden",
    404: "not-found",
    405: "no-such-method",
    409: "conflict",
    413: "too-large",
    415: "not-json",
    422: "not-valid",
    429: "too-many-requests",
    503: "not-available",
}


class Place(BaseModel):
    """One thing that is wrong: in a filter from letter `start` up to `end`, else at the parameter or field `where`."""

    where: str = ""
    message: str
    start: int | None = None
    end: int | None = None
    instead: str = Field("", description="What may have been meant, to be put in its place.")


class ProblemDetails(BaseModel):
    """What every error is."""

    type: str = Field(description="`about:blank#` and a word that stays the same.")
    title: str
    status: int
    detail: str = ""
    errors: list[Place] = []


class Problem(Exception):
    """Raised anywhere in the API; becomes the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        errors: tuple[Place, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind
        self.errors, self.headers = errors, headers or {}

    def answer(self) -> HttpResponse:
        return answer(self.status, self.detail, kind=self.kind, errors=self.errors, headers=self.headers)


def answer(
    status: int,
    detail: str = "",
    *,
    kind: str = "",
    errors: tuple[Place, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    known: dict[str, Any] = {
        "type": f"about:blank#{kind or TYPES.get(status, 'error')}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": [one.model_dump(exclude_none=True) for one in errors],
    }
    made = HttpResponse(json.dumps(known), status=status, content_type=PROBLEM)
    for name, value in (headers or {}).items():
        made[name] = value
    return made
