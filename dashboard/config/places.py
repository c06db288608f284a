"""Which database an address means, however it is spelt: so that two organisations never share one."""

from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from dashboard.config.base import LOOPBACK, ConfigurationError
from dashboard.config.redis import SENTINEL_FORM, sentinels

PORTS = {"redis": 6379, "rediss": 6379, "postgres": 5432, "postgresql": 5432, "pgsql": 5432}


class NoPlace(ValueError):
    """An address that names no database; the message says what is wrong with it, `instead` what to set."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(what)
        self.instead = instead


def database_place(url: str) -> str:
    """Of `DATABASE_URL`; "" for none. Whoever signs in there by other names shares it all the same."""
    if not url:
        return ""
    parts = _split(url, "the database has no address", "postgres://user:password@host/name")
    if parts.scheme == "sqlite":
        return f"sqlite {Path(parts.path.removeprefix('/')).resolve()}"
    return f"{_host(parts.hostname)}:{parts.port or PORTS.get(parts.scheme, 0)}/{parts.path.strip('/')}"


def redis_place(url: str) -> str:
    """Of `REDIS_URL`; "" for none.

    Celery reads the number from the path of `redis://`, and the client from `?db=` before that: only one is let in.
    """
    if not url:
        return ""
    instead = "such as redis://host:6379/1"
    if url.startswith("sentinel:"):
        return _of_group(url)
    parts = _split(url, "Redis has no address", instead)
    given = parse_qs(parts.query).get("db")
    if parts.scheme == "unix":
        return f"{Path(parts.path).resolve()} {_number(given[0] if given else '0', 'such as unix:///socket?db=1')}"
    if parts.scheme not in {"redis", "rediss"}:
        raise NoPlace("Redis has an address of another kind", f"{instead} or unix:///socket?db=1")
    if given:
        raise NoPlace("the number of the Redis database is not in the path", instead)
    return f"{_host(parts.hostname)}:{parts.port or 6379} {_number(parts.path.strip('/') or '0', instead)}"


def _of_group(url: str) -> str:
    """By its name and its sentinels; whoever lists other sentinels of one group is not noticed."""
    try:
        group = sentinels(url)
    except ConfigurationError:
        group = None
    if group is None:
        raise NoPlace("Redis has no sentinels or no group", f"such as {SENTINEL_FORM}")
    return f"{sorted((_host(host), port) for host, port in group.hosts)} {group.name} {group.database}"


def _number(text: str, instead: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise NoPlace("the Redis database has no number", instead)
    return int(text)


def _split(url: str, what: str, instead: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise NoPlace(what, instead) from None
    if not parts.scheme:
        raise NoPlace(what, instead)
    return parts


def _host(name: str | None) -> str:
    host = (name or "").lower().rstrip(".")
    return "localhost" if host in LOOPBACK or f"[{host}]" in LOOPBACK else host
