"""Who may sign in and how: the settings of `SSO_MODE`, checked at start.

Every reader raises ConfigurationError with one sentence that says what to set.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.config.base import LOOPBACK, ConfigurationError, read, read_list, read_seconds

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
UNIX = "unix"
"""A peer that connected over a unix socket, which has no address."""
LEAST_SECRET = 16
HEADERS = {
    "user": "PROXY_USER_HEADER",
    "email": "PROXY_EMAIL_HEADER",
    "name": "PROXY_NAME_HEADER",
    "groups": "PROXY_GROUPS_HEADER",
    "secret": "PROXY_SECRET_HEADER",
}


@dataclass(frozen=True, slots=True)
class Groups:
    """Which groups have which role. No `viewer` groups: everybody who is signed in sees the fleet."""

    admin: frozenset[str] = frozenset()
    operator: frozenset[str] = frozenset()
    viewer: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Proxy:
    """Who may tell us who asks: `peers` (and over a unix socket if `unix`) that know `secret`.

    `headers`: what is told ("user", "email"…) → the key of its header in a WSGI environment.
    """

    peers: tuple[Network, ...]
    unix: bool
    secret: str = field(repr=False)
    headers: Mapping[str, str]
    logout_url: str


@dataclass(frozen=True, slots=True)
class Trusted:
    """Reverse proxies that are believed about where a request comes from; `key` is that of their header in a WSGI
    environment. None of them: the address that connects counts.
    """

    peers: tuple[Network, ...] = ()
    unix: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Oidc:
    """The OpenID provider, and us as its client. `recheck`: seconds after which a person's groups are read again."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    scopes: str
    groups_claim: str
    trust_email: bool
    recheck: float


def read_mode(environ: Mapping[str, str] | None = None) -> str:
    mode = read("SSO_MODE", environ)
    if mode not in {"local", "oidc", "proxy"}:
        raise ConfigurationError(f"SSO_MODE={mode!r} is not known; set it to local, oidc or proxy.")
    return mode


def read_groups(environ: Mapping[str, str] | None = None) -> Groups:
    return Groups(
        *(frozenset(read_list(f"{role}_GROUPS", environ)) for role in ("ADMIN", "OPERATOR", "VIEWER"))
    )


def read_proxy(environ: Mapping[str, str] | None = None) -> Proxy:
    peers = read_list("PROXY_PEERS", environ)
    if not peers:
        raise ConfigurationError(
            "SSO_MODE=proxy trusts nobody yet; set PROXY_PEERS to the addresses the proxy connects from."
        )
    secret = read("PROXY_SECRET", environ)
    if len(secret) < LEAST_SECRET:
        raise ConfigurationError(
            "SSO_MODE=proxy needs a secret of 16 characters or more; set PROXY_SECRET to what the proxy sends."
        )
    if not all("!" <= character <= "~" for character in secret):
        raise ConfigurationError(
            "PROXY_SECRET has characters that no header carries; set it to letters and digits."
        )
    return Proxy(
        peers=tuple(_network(peer, "PROXY_PEERS") for peer in peers if peer != UNIX),
        unix=UNIX in peers,
        secret=secret,
        headers=_headers(environ),
        logout_url=_logout_url(environ),
    )


def read_trusted(environ: Mapping[str, str] | None = None) -> Trusted:
    peers, name = read_list("TRUSTED_PROXIES", environ), read("TRUSTED_PROXIES_HEADER", environ)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
        raise ConfigurationError(
            f"TRUSTED_PROXIES_HEADER={name!r} is no name of a header; set it to such as X-Forwarded-For."
        )
    networks = tuple(_network(peer, "TRUSTED_PROXIES") for peer in peers if peer != UNIX)
    return Trusted(networks, UNIX in peers, f"HTTP_{name.upper().replace('-', '_')}")


def read_oidc(environ: Mapping[str, str] | None = None) -> Oidc:
    for name, words in (
        ("OIDC_ISSUER", "the provider's address, as its discovery document spells it"),
        ("OIDC_CLIENT_ID", "the name under which the provider knows the dashboard"),
        ("OIDC_CLIENT_SECRET", "what the provider gave out with OIDC_CLIENT_ID"),
    ):
        if not read(name, environ):
            raise ConfigurationError(f"SSO_MODE=oidc needs {name}; set it to {words}.")
    issuer = read("OIDC_ISSUER", environ)
    address = re.fullmatch(r"(https?)://([^\s/?#@:\[\]]+|\[[0-9a-f:]+\])(:\d+)?(/[^\s?#]*)?", issuer)
    if not address or (address[1] == "http" and address[2] not in LOOPBACK):
        raise ConfigurationError(f"OIDC_ISSUER={issuer!r} is no https address; set it to the provider's.")
    if "openid" not in read("OIDC_SCOPES", environ).split():
        raise ConfigurationError("OIDC_SCOPES lacks openid; set it to such as: openid email profile.")
    return Oidc(
        issuer=issuer,
        client_id=read("OIDC_CLIENT_ID", environ),
        client_secret=read("OIDC_CLIENT_SECRET", environ),
        name=read("OIDC_NAME", environ) or address[2],
        scopes=" ".join(read("OIDC_SCOPES", environ).split()),
        groups_claim=read("OIDC_GROUPS_CLAIM", environ),
        trust_email=read("OIDC_TRUST_EMAIL", environ) == "1",
        recheck=read_seconds("OIDC_RECHECK_MINUTES", environ) * 60,
    )


def _network(text: str, setting: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{setting}: {text!r} is no address or network; set it to such as 10.0.0.5 or 10.0.0.0/24."
        ) from error
    if network.prefixlen == 0:
        raise ConfigurationError(f"{setting}={text} trusts everybody; set it to the proxy's own address.")
    return network


def _headers(environ: Mapping[str, str] | None) -> dict[str, str]:
    """Names without hyphens: to a WSGI application `X-User` and `X_User` are one header, and a client may send both."""
    names = {what: read(setting, environ) for what, setting in HEADERS.items()}
    for what, name in names.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name):
            raise ConfigurationError(
                f"{HEADERS[what]}={name!r} has other spellings that a proxy may let through; "
                "set it to a name of letters and digits only."
            )
    keys = {what: f"HTTP_{name.upper()}" for what, name in names.items()}
    if len(set(keys.values())) < len(keys):
        raise ConfigurationError(
            "Two of the PROXY_…_HEADER settings name one header; set each to its own name."
        )
    return keys


def _logout_url(environ: Mapping[str, str] | None) -> str:
    url = read("PROXY_LOGOUT_URL", environ)
    if url and not re.fullmatch(r"(https?://[^\s/]+)?/(?!/)\S*", url):
        raise ConfigurationError(
            "PROXY_LOGOUT_URL is no address; set it to a path of the proxy such as /oauth2/sign_out, or to a URL."
        )
    return url


def require_https(origins: list[str], hosts: list[str]) -> None:
    """Outside this machine single sign-on is for https only: else cookies and redirects go in the clear."""
    if not set(hosts) <= set(LOOPBACK) and not (
        origins and all(origin.startswith("https://") for origin in origins)
    ):
        raise ConfigurationError(
            "Single sign-on needs https; set CSRF_TRUSTED_ORIGINS to the address people use: https://ona.example.com."
        )
