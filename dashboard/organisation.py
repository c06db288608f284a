"""Which organisation this process works for, and the environment that makes it so.

With `ORGANISATIONS_FILE` each process belongs to one organisation, `ORGANISATION`: before any setting is read, its
environment becomes that of an installation of its own. What the file may give is never taken from outside of it: no
organisation falls back to the key, the database or the groups of another.
"""

import hashlib
import hmac
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard.config.base import ConfigurationError, read
from dashboard.config.organisations import (
    GROUPS,
    SECRETS,
    Organisation,
    Organisations,
    read_organisations,
    told_or_in_file,
)
from dashboard.config.sso import Groups

ENTERED = "DASHBOARD_ORGANISATION"
"""Set where the environment is an organisation's already: in the children of its `manage.py up`."""
OWN = frozenset(
    {*SECRETS.values(), "GITPOD_API_KEY", "ONA_BASE_URL", "GITPOD_BASE_URL", *(one.upper() for one in GROUPS)}
)
"""Variables that the file alone gives."""
SEALS = ("SECRET_KEY", "AUDIT_KEY")
LEAST_SEAL = 32


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What one organisation's pages know of another: enough for a link to it, and whom to show that."""

    name: str
    home: str
    groups: Groups


@dataclass(frozen=True, slots=True)
class Here:
    """The organisation of this process, and the others of the file in its order. `all`: of a process that starts them,
    and belongs to none.
    """

    slug: str = ""
    name: str = ""
    prefix: str = ""
    neighbours: tuple[Neighbour, ...] = ()
    all: Organisations | None = None

    def __bool__(self) -> bool:
        return bool(self.slug)


def enter(environ: MutableMapping[str, str], arguments: Sequence[str]) -> Here:
    """Makes `environ` that of its organisation; nothing changes without `ORGANISATIONS_FILE`.

    Raises ConfigurationError when the file is wrong, or when nothing says which organisation is meant: only
    `manage.py up` (`arguments` as in sys.argv) may leave that open, because it starts them all.
    """
    path, slug = read("ORGANISATIONS_FILE", environ), read("ORGANISATION", environ)
    if not path:
        if slug:
            raise ConfigurationError("ORGANISATION is set without ORGANISATIONS_FILE; set that too.")
        return Here()
    found = read_organisations(path, environ)
    if not slug:
        if list(arguments[1:2]) != ["up"]:
            known = ", ".join(one.slug for one in found.all)
            raise ConfigurationError(f"ORGANISATION is not set; set it to one of {known}.")
        _clear(environ)
        return Here(all=found)
    one = found.of(slug)
    if ENTERED not in environ:
        _become(one, environ)
    if environ[ENTERED] != slug:
        raise ConfigurationError(
            f"ORGANISATION={slug!r} is not the one of this process; set it before the start."
        )
    others = tuple(Neighbour(other.name, other.home, other.groups) for other in found.all if other != one)
    return Here(one.slug, one.name, one.prefix, others)


def _clear(environ: MutableMapping[str, str]) -> None:
    for name in OWN:
        environ.pop(name, None)
        environ.pop(f"{name}_FILE", None)


def _become(one: Organisation, environ: MutableMapping[str, str]) -> None:
    for name in SEALS:
        _derive(name, one.slug, environ)
    _clear(environ)
    environ.update(one.environ)
    for name in ("DATABASE_URL", "REDIS_URL"):  # no setting names these by a file
        if path := environ.pop(f"{name}_FILE", ""):
            environ[name] = told_or_in_file(one, name)
            if not environ[name]:
                raise ConfigurationError(
                    f"ORGANISATIONS_FILE: {one.slug}: cannot read {path}; set {name.lower()}_file to a readable file."
                )
    environ["VAR_DIR"] = str(Path(read("VAR_DIR", environ)) / "organisations" / one.slug)
    if one.address:
        environ["PUBLIC_URL"] = one.address
        environ["ALLOWED_HOSTS"] = one.address.partition("://")[2].partition(":")[0]
        environ["CSRF_TRUSTED_ORIGINS"] = one.address
    elif url := read("PUBLIC_URL", environ).rstrip("/"):
        environ["PUBLIC_URL"] = url + one.prefix
    environ[ENTERED] = one.slug


def _derive(name: str, slug: str, environ: MutableMapping[str, str]) -> None:
    """A key of its own for each organisation, from the one that all were given: what one signs or seals means nothing
    to another. What is too short to seal the audit stays, and is refused as such.
    """
    keys = (
        [part.strip() for part in read(name, environ).split(",")]
        if name != "SECRET_KEY"
        else [read(name, environ)]
    )
    environ.pop(f"{name}_FILE", None)
    if any(keys):
        environ[name] = ",".join(
            hmac.new(key.encode(), f"organisation:{slug}".encode(), hashlib.sha256).hexdigest()
            if len(key) >= LEAST_SEAL or name == "SECRET_KEY"
            else key
            for key in keys
            if key
        )
