"""A key in a file is replaced while everything runs: nothing is restarted, and what starts later finds the fleet."""

import pytest

from dashboard import jobs
from dashboard.fleet.store import namespace, namespace_of
from dashboard.ona import errors
from tests.jobs.conftest import forget
from tests.unruly import refusing

OLD, NEW = "readonly-key", "the-key-of-tomorrow"
NOBODY = "01990000-0000-7000-8000-000000000000"


@pytest.fixture
def refused(api, tmp_path, monkeypatch):
    """The API takes only the new key from now on; returns the file that the old one came from."""
    file = tmp_path / "key"
    file.write_text(OLD, encoding="utf-8")
    monkeypatch.setenv("ONA_API_KEY_FILE", str(file))
    monkeypatch.delenv("ONA_API_KEY", raising=False)
    no = refusing(401, "unauthenticated", "this key was revoked")

    def only_new(app, environ, start_response):
        right = environ.get("HTTP_AUTHORIZATION") == f"Bearer {NEW}"
        return (app if right else lambda *call: no(app, *call))(environ, start_response)

    real = api.wire.app
    api.wire.app = lambda *call: only_new(real, *call)
    return file


def test_a_replaced_key_is_read_anew_when_the_api_refuses_the_old_one(api, refused, valkey):
    refused.write_text(NEW, encoding="utf-8")
    assert jobs.parts.sync().full().error == ""
    with pytest.raises(errors.NotFound):
        jobs.parts.acting().environments.get(NOBODY)


def test_a_key_that_was_not_replaced_is_tried_once(api, refused):
    with pytest.raises(errors.Unauthenticated):
        jobs.parts.reading().environments.get(NOBODY)
    assert len(api.wire.asked) == 1


def test_a_file_that_is_gone_leaves_the_old_key_and_the_words_of_the_api(api, refused, caplog):
    refused.unlink()
    with pytest.raises(errors.Unauthenticated, match="revoked"):
        jobs.parts.reading().environments.get(NOBODY)
    assert "no other can be read" in caplog.text


def test_processes_that_start_with_the_new_key_find_the_same_fleet(api, refused, valkey, settings):
    refused.write_text(NEW, encoding="utf-8")
    assert jobs.parts.sync().full().error == ""
    before = jobs.parts.store().position()
    settings.ONA_API_KEY = NEW
    forget()
    assert jobs.parts.store().position() == before
    assert namespace_of(valkey, api.base_url, "a key of somebody else") == namespace(
        api.base_url, "a key of somebody else"
    )


def test_neither_key_is_in_what_is_logged(api, refused, valkey, caplog):
    refused.write_text(NEW, encoding="utf-8")
    with caplog.at_level("DEBUG"):
        jobs.parts.sync().full()
    assert "its file has another one now" in caplog.text
    assert OLD not in caplog.text
    assert NEW not in caplog.text
