"""Webhooks on their pages: the secret is shown once, the address never, and what was not taken is sent again."""

import re
from ipaddress import ip_network
from typing import Any

import pytest

from dashboard.config.notify import Allowed
from dashboard.control.models import Delivered, Webhook, WebhookDelivery
from tests.web.conftest import Dashboard, text

ADDRESS = "http://127.0.0.1:9/very-secret"


@pytest.fixture(autouse=True)
def local(settings: Any) -> None:
    settings.NOTIFY_HOSTS = Allowed(networks=(ip_network("127.0.0.0/8"),))


def test_a_webhook_is_made_tested_sent_again_and_deleted(dashboard: Dashboard) -> None:
    made = dashboard.post("/webhooks/new/", name="Ops", address=ADDRESS, events="action.ended")
    secret = re.search(r"whsec_[\w+/=]+", text(made))
    assert secret is not None
    one = Webhook.objects.get()
    wrong = dashboard.post("/webhooks/new/", name="ops", address=ADDRESS, events="action.ended")
    assert (wrong.status_code, "There is a webhook with this name." in text(wrong)) == (422, True)
    assert dashboard.post(f"/webhooks/{one.pk}/test/").status_code == 302
    WebhookDelivery.objects.update(state=Delivered.GAVE_UP, why="it answered <b>503</b>")
    delivery = WebhookDelivery.objects.get()
    where = f"/webhooks/{one.pk}/"
    pages = [
        text(dashboard.get(path)) for path in ("/webhooks/", where, f"{where}edit/", f"{where}?state=gave-up")
    ]
    assert "Send again" in pages[1]
    assert "it answered &lt;b&gt;503" in pages[1]
    assert all("very-secret" not in page and secret[0] not in page for page in [*pages, text(wrong)])
    assert dashboard.post(f"/webhooks/sent/{delivery.pk}/again/").status_code == 302
    assert WebhookDelivery.objects.get().state == Delivered.QUEUED
    renewed = dashboard.post(f"{where}edit/", name="Ops", address="", events="batch.ended", renew="both")
    assert secret[0] not in text(renewed)
    assert "whsec_" in text(renewed)
    assert "every event is signed with both" in text(renewed)
    assert "signed with two secrets until" in text(dashboard.get(where))
    at_once = dashboard.post(f"{where}edit/", name="Ops", address="", events="batch.ended", renew="at-once")
    assert "signed with both" not in text(at_once)
    assert "two secrets" not in text(dashboard.get(where))
    assert dashboard.post(f"{where}delete/").status_code == 302
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"address": ""},
        {"address": "http://10.0.0.1/x"},
        {"events": "everything"},
        {"events": ""},
        {"name": "\u200b"},
    ],
)
def test_what_is_wrong_makes_none(dashboard: Dashboard, fields: dict[str, str]) -> None:
    sent = {"name": "Ops", "address": ADDRESS, "events": "action.ended"} | fields
    assert dashboard.post("/webhooks/new/", **sent).status_code == 422
    assert not Webhook.objects.exists()
