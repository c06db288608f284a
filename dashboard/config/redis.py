"""`REDIS_URL`: one server, or a group of them that Sentinel watches over.

redis://host:6379/0   rediss://…   unix:///folder/valkey.sock?db=0
sentinel://user:password@host:26379,host:26379,host:26379/name/0
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from dashboard.config.base import ConfigurationError, read

SCHEMES = ("redis", "rediss", "unix", "sentinel")
SENTINEL_PORT = 26379
SENTINEL_FORM = "sentinel://host:26379,host:26379/name/0"


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Who is asked which server is the primary of the group `name`; user and password are the servers' own."""

    hosts: tuple[tuple[str, int], ...]
    name: str
    database: int
    username: str | None = None
    password: str | None = None

    @property
    def broker_url(self) -> str:
        """In the words of kombu: an address each."""
        who = (
            f"{quote(self.username or '', safe='')}:{quote(self.password, safe='')}@" if self.password else ""
        )
        return ";".join(f"sentinel://{who}{host}:{port}/{self.database}" for host, port in self.hosts)


def read_redis(default: str, environ: Mapping[str, str] | None = None) -> str:
    """`REDIS_URL`, else `default`; raises ConfigurationError when it is of no known form."""
    url = read("REDIS_URL", environ) or default
    if urlsplit(url).scheme not in SCHEMES:
        raise ConfigurationError(
            f"REDIS_URL is of no known form; set it to redis://host:6379/0 or {SENTINEL_FORM}."
        )
    sentinels(url)
    return url


def sentinels(url: str) -> Sentinels | None:
    """None for an address of one server; raises ConfigurationError, without quoting what may hold a password."""
    parts = urlsplit(url)
    if parts.scheme != "sentinel":
        return None
    who, _, where = parts.netloc.rpartition("@")
    username, _, password = who.partition(":")
    name, _, database = parts.path.strip("/").partition("/")
    hosts = tuple(_host(one) for one in where.split(",") if one)
    if not hosts or not name or not (database or "0").isdigit():
        raise ConfigurationError(f"REDIS_URL names no sentinels or no group; set it to {SENTINEL_FORM}.")
    return Sentinels(
        hosts, unquote(name), int(database or "0"), unquote(username) or None, unquote(password) or None
    )


def _host(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port = text, str(SENTINEL_PORT)
    if not port.isdigit() or not 0 < int(port) < 65_536:
        raise ConfigurationError(f"REDIS_URL has a sentinel without a port; set it to {SENTINEL_FORM}.")
    return host.strip("[]"), int(port)
