"""What the API says no with, and what callers get to see of it."""

import copy
import logging

import pytest
from werkzeug import Response

from dashboard.ona import errors
from tests.ona.wire import KEY, refusal, talk

CODES = [
    ("invalid_argument", 400, errors.InvalidRequest),
    ("out_of_range", 400, errors.InvalidRequest),
    ("failed_precondition", 400, errors.FailedPrecondition),
    ("unauthenticated", 401, errors.Unauthenticated),
    ("permission_denied", 403, errors.PermissionDenied),
    ("not_found", 404, errors.NotFound),
    ("already_exists", 409, errors.Conflict),
    ("aborted", 409, errors.Conflict),
    ("resource_exhausted", 429, errors.RateLimited),
    ("canceled", 499, errors.Unavailable),
    ("unknown", 500, errors.ServerError),
    ("internal", 500, errors.ServerError),
    ("data_loss", 500, errors.ServerError),
    ("unimplemented", 501, errors.Unimplemented),
    ("unavailable", 503, errors.Unavailable),
    ("deadline_exceeded", 504, errors.Unavailable),
]


def refused(*replies):
    ona, _ = talk(*replies)
    with pytest.raises(errors.OnaError) as caught:
        ona.environments.stop("e1")
    return caught.value


@pytest.mark.parametrize(("code", "status", "kind"), CODES)
def test_every_connect_code_has_its_type(code, status, kind):
    error = refused(refusal(status, code, "the reason"))
    assert type(error) is kind
    assert (error.code, error.status, error.message, error.method) == (
        code,
        status,
        "the reason",
        "StopEnvironment",
    )
    assert str(error) == f"StopEnvironment: the reason ({code})"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidRequest),
        (401, errors.Unauthenticated),
        (403, errors.PermissionDenied),
        (404, errors.Unimplemented),
        (405, errors.Unimplemented),
        (415, errors.Unimplemented),
        (418, errors.ServerError),
        (429, errors.RateLimited),
        (500, errors.Unavailable),
        (502, errors.Unavailable),
        (503, errors.Unavailable),
        (504, errors.Unavailable),
    ],
)
def test_a_page_of_a_proxy_is_mapped_by_its_status_and_not_shown(status, kind):
    error = refused(Response("<html><h1>Bad gateway</h1></html>", status, content_type="text/html"))
    assert type(error) is kind
    assert "html" not in str(error)
    assert f"HTTP {status}" in str(error)


def test_a_code_nobody_knows_still_shows_its_message():
    error = refused(refusal(400, "too_many_cats", "mind the cats"))
    assert type(error) is errors.InvalidRequest
    assert "mind the cats" in str(error)


def test_an_error_without_a_message_is_still_a_sentence():
    assert str(refused(refusal(403, "permission_denied", ""))) == (
        "StopEnvironment: the API gave no reason (permission_denied)"
    )


def test_a_message_becomes_one_bounded_line_without_control_characters():
    text = str(refused(refusal(400, "invalid_argument", "a\x1b[31m\r\nb\u202e\u2028c\x00" + "x" * 5000)))
    assert text.startswith("StopEnvironment: a[31m b c")
    assert text.isprintable()
    assert len(text) < 600


def test_the_text_written_for_people_is_preferred():
    detail = {
        "type": "type.googleapis.com/gitpod.v1.ActionableErrorDetails",
        "value": "",
        "debug": {"errorCode": "x", "userMessage": "Ask your admin for more environments."},
    }
    error = refused(refusal(403, "permission_denied", "quota: 7", details=[detail]))
    assert error.message == "Ask your admin for more environments."
    assert error.details[0].type == "gitpod.v1.ActionableErrorDetails"


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b'{"code": 5, "details": 7}']
)
def test_an_unreadable_error_body_is_still_an_api_error(body):
    assert type(refused(Response(body, 403))) is errors.PermissionDenied


def test_the_key_is_never_shown_even_if_the_api_quotes_it(caplog):
    caplog.set_level(logging.DEBUG)
    detail = {"type": "x", "debug": {"header": f"Bearer {KEY}"}}
    error = refused(refusal(401, "unauthenticated", f"bad token {KEY}", details=[detail]))
    assert KEY not in f"{error} {error!r} {error.__dict__} {caplog.text}"
    ona, _ = talk(refusal(401, "unauthenticated"))
    assert KEY not in repr(vars(ona))


def test_errors_survive_being_copied_or_pickled():
    error = refused(refusal(404, "not_found", "environment not found"))
    same = copy.copy(error)
    assert (type(same), str(same), same.status) == (errors.NotFound, str(error), 404)
    lost = copy.copy(errors.NoAnswer("gone", maybe_received=False))
    assert (str(lost), lost.maybe_received) == ("gone", False)


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "ünïcode"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_quoted(key):
    from dashboard.ona import Ona

    with pytest.raises(ValueError, match="API key") as caught:
        Ona.open("https://ona.test/api", key)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["", "ona.test", "ftp://ona.test", "https://user:pw@ona.test/api", "https://x/?a=1"]
)
def test_an_address_that_cannot_be_used_is_refused(address):
    from dashboard.ona import Ona

    with pytest.raises(ValueError, match="address"):
        Ona.open(address, "key")
