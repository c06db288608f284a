"""Addresses of channels: what is public, what each kind may name, and what leads elsewhere."""

from ipaddress import ip_network

import pytest

from dashboard.config.notify import Allowed
from dashboard.control.notify import channels
from dashboard.control.notify.guard import NotAllowed, check_address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
        "224.0.0.1",
        "0.0.0.0",  # noqa: S104
    ],
)
def test_addresses_that_are_not_public_are_refused(address, settings):
    settings.NOTIFY_HOSTS = Allowed()
    with pytest.raises(NotAllowed):
        check_address(address)


def test_a_public_address_and_a_network_that_is_named_are_allowed(settings):
    settings.NOTIFY_HOSTS = Allowed(networks=(ip_network("10.0.0.0/8"),))
    check_address("10.1.2.3")
    check_address("93.184.215.14")


@pytest.mark.parametrize(
    ("kind", "address", "host"),
    [
        ("slack", "https://hooks.slack.com/services/T1/B2/x", "hooks.slack.com"),
        ("slack", "slack://T1/B2/x", "slack.com"),
        (
            "teams",
            "https://prod-1.westeurope.logic.azure.com:443/workflows/a/x?sig=b",
            "prod-1.westeurope.logic.azure.com",
        ),
        ("discord", "https://discord.com/api/webhooks/1/x", "discord.com"),
        ("gchat", "https://chat.googleapis.com/v1/spaces/a/messages?key=k&token=t", "chat.googleapis.com"),
        ("mattermost", "mmosts://chat.example.com/token", "chat.example.com"),
        ("mail", "team@example.com, ops@example.org", "example.com, example.org"),
    ],
)
def test_an_address_of_each_kind_is_known_by_its_host(kind, address, host, settings):
    settings.NOTIFY_HOSTS = Allowed(domains=("chat.example.com",))
    assert channels.host_of(kind, address) == host


@pytest.mark.parametrize(
    ("kind", "address", "words"),
    [
        ("webhook", "json://hooks.example.com/x", "NOTIFY_HOSTS"),
        ("webhook", "json://127.0.0.1:8000/", "NOTIFY_HOSTS"),
        ("webhook", "syslog://", "looks like"),
        ("webhook", "https://example.com/x", "looks like"),
        ("slack", "https://hooks.slack.com.evil.example/services/T/B/x", "is not one of this service"),
        ("slack", "https://slack.com@evil.example/services/T/B/x", "is not one of this service"),
        ("slack", "https://hooks.slack.com/services/T/B/x?Redirect=yes", "“redirect”"),
        ("slack", "slack://T/B/x?%76erify=no", "“verify”"),
        ("teams", "workflows://a.logic.azure.com/w/s?template=/etc/passwd", "“template”"),
        ("slack", "https://[", "no address"),
        ("slack", "slack://\nx", "no address"),
        ("mail", "team", "no mail address"),
        ("mail", "", "1 to 20"),
    ],
)
def test_an_address_that_leads_elsewhere_is_refused_and_not_repeated(kind, address, words, settings):
    settings.NOTIFY_HOSTS = Allowed()
    with pytest.raises(channels.Refused) as refused:
        channels.host_of(kind, address)
    assert words.lower() in str(refused.value).lower()
    assert "passwd" not in str(refused.value)
