"""Errors as Connect writes them: a code, a message, details, and the HTTP status that belongs to the code."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

# https://connectrpc.com/docs/protocol#error-codes
HTTP_STATUS: Mapping[str, int] = {
    "canceled": 499,
    "unknown": 500,
    "invalid_argument": 400,
    "deadline_exceeded": 504,
    "not_found": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "resource_exhausted": 429,
    "failed_precondition": 400,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "data_loss": 500,
    "unauthenticated": 401,
}

Json = dict[str, object]


class ConnectError(Exception):
    """A call refused. `status` overrides the HTTP status of the code; `headers` go out with the answer."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: tuple[Json, ...] = (),
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.status = HTTP_STATUS[code] if status is None else status
        self.headers = headers

    def document(self) -> Json:
        """The JSON body; message and details are left out when empty."""
        body: Json = {"code": self.code}
        if self.message:
            body["message"] = self.message
        if self.details:
            body["details"] = list(self.details)
        return body


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule of a request: the field's path, the rule's id and protovalidate's text for it."""

    path: str
    rule: str
    message: str


@dataclass(slots=True)
class Violations:
    """Collects broken rules, to be refused together as protovalidate does."""

    found: list[Violation] = field(default_factory=list)

    def add(self, path: str, rule: str, message: str) -> None:
        """Note one."""
        self.found.append(Violation(path, rule, message))

    def refuse(self) -> None:
        """Raise invalid_argument if anything was noted."""
        if not self.found:
            return
        lines = [f" - {v.path}: {v.message} [{v.rule}]" for v in self.found]
        raise ConnectError(
            "invalid_argument",
            "\n".join(["validation error:", *lines]),
            details=(_violations_detail(self.found),),
        )


def rate_limited(seconds: float) -> ConnectError:
    """429 with the delay in a google.rpc.RetryInfo detail and in the platform's own header."""
    whole, nanos = int(seconds), int(seconds % 1 * 1e9)
    duration = _varint_field(1, whole) + _varint_field(2, nanos)
    detail = _detail("google.rpc.RetryInfo", _bytes_field(1, duration), {"retryDelay": f"{seconds:.3f}s"})
    header = ("RateLimit-RetryAfter", str(max(1, whole + (nanos > 0))))
    return ConnectError("resource_exhausted", "rate limit exceeded", details=(detail,), headers=(header,))


def listing_detail(kind: str, name: str, values: list[str]) -> Json:
    """A detail message whose only field, number 1, is a list of texts."""
    payload = b"".join(_bytes_field(1, value.encode()) for value in values)
    return _detail(kind, payload, {name: values})


def _violations_detail(found: list[Violation]) -> Json:
    """buf.validate.Violations; field numbers as in buf/validate/validate.proto."""
    payload, debug = b"", []
    for violation in found:
        elements = b"".join(
            _bytes_field(1, _bytes_field(2, name.encode())) for name in violation.path.split(".")
        )
        payload += _bytes_field(
            1,
            _bytes_field(2, violation.rule.encode())
            + _bytes_field(3, violation.message.encode())
            + _bytes_field(5, elements),
        )
        debug.append({"ruleId": violation.rule, "message": violation.message})
    return _detail("buf.validate.Violations", payload, {"violations": debug})


def _detail(kind: str, payload: bytes, debug: Json) -> Json:
    return {"type": kind, "value": base64.b64encode(payload).decode().rstrip("="), "debug": debug}


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varint_field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value) if value else b""


def _bytes_field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value
