"""`ORGANISATIONS_FILE`: several organisations in one dashboard, each with everything of its own.

    show_names = false            # at `/`: false asks for the organisation's short name, true lists them

    [[organisation]]
    slug = "acme"                 # in addresses: /o/acme/
    name = "Acme"
    key_file = "/run/secrets/acme"                        # or: key = "…"
    action_key_file = "/run/secrets/acme-actions"         # optional, or: action_key = "…"
    base_url = "https://app.gitpod.io/api"                # optional
    admin_groups = ["acme-admins"]                        # these three with single sign-on
    operator_groups = ["acme-developers"]
    viewer_groups = ["acme"]
    database_url = "postgres://user:password@host/acme"   # optional, or: database_url_file = "…"
    redis_url = "redis://host:6379/1"                     # optional, or: redis_url_file = "…"
    address = "https://acme.example.com"                  # optional: a host of its own, instead of /o/acme/
    settings = { ONA_REQUESTS_PER_SECOND = 10 }           # optional: SETTINGS

Whatever is wrong raises ConfigurationError with one sentence; none quotes a key or an address with a password.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.config.base import ConfigurationError
from dashboard.config.places import NoPlace, database_place, redis_place
from dashboard.config.sso import Groups

SLUG = re.compile(r"[a-z0-9](-?[a-z0-9]){0,30}")
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")
LONGEST_NAME = 60
SECRETS = {
    "key": "ONA_API_KEY",
    "action_key": "ONA_ACTION_API_KEY",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
}
"""What an organisation has of its own → the variable that holds it; `<name>_file` names a file with it instead."""
GROUPS = ("admin_groups", "operator_groups", "viewer_groups")
SETTINGS = frozenset(
    {
        "ONA_REQUESTS_PER_SECOND",
        "POLL_HOT_SECONDS",
        "POLL_FULL_SECONDS",
        "POLL_HISTORY_SECONDS",
        "EXECUTIONS_KEPT",
        "WATCH_EVENTS",
        "LOG_HOSTS",
        "LOG_RETENTION_HOURS",
        "EXEMPTION_DAYS",
        "HISTORY_DAYS",
        "HISTORY_TOTALS_DAYS",
        "AUDIT_DAYS",
        "AUDIT_FORWARD",
        "CURRENCY",
        "TIME_ZONE",
        "MAIL_FROM",
        "NOTIFY_HOSTS",
    }
)
"""Which settings may differ between organisations; all others are the environment's, and the same for all."""
KEYS = frozenset(
    {"slug", "name", "base_url", "address", "settings", "simulated", *GROUPS}
    | {name + end for name in SECRETS for end in ("", "_file")}
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation. `prefix` begins the path of each of its addresses (`/o/acme`, "" where it has a host of its
    own, `address`); `environ` holds the variables of its processes, and of those only what the file gives.
    """

    slug: str
    name: str
    prefix: str
    address: str = ""
    simulated: bool = False
    groups: Groups = field(default_factory=Groups)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def home(self) -> str:
        """Where it begins, for a link from any other page."""
        return f"{self.address}{self.prefix}/"


@dataclass(frozen=True, slots=True)
class Organisations:
    """All of the file, in its order."""

    all: tuple[Organisation, ...]
    show_names: bool = False

    def of(self, slug: str) -> Organisation:
        for one in self.all:
            if one.slug == slug:
                return one
        known = ", ".join(one.slug for one in self.all)
        raise ConfigurationError(
            f"ORGANISATION={slug!r} is not in ORGANISATIONS_FILE; set it to one of {known}."
        )


def read_organisations(path: str, environ: Mapping[str, str]) -> Organisations:
    """What the file at `path` says; `environ` tells how people sign in."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ConfigurationError(
            f"ORGANISATIONS_FILE: cannot read {path} ({why}); set it to a readable file."
        ) from None
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:  # its words give a line, and may quote what is written there
        at = re.search(r"at line \d+|at end of document", str(error))
        where = at[0] if at else "somewhere"
        raise ConfigurationError(
            f"ORGANISATIONS_FILE is no TOML {where}; set it to a file that is."
        ) from None
    return organisations(told, signs_in_here=environ.get("SSO_MODE", "").strip() in {"", "local"})


def organisations(told: Mapping[str, Any], *, signs_in_here: bool) -> Organisations:
    """From what the file holds; `signs_in_here`: with accounts of this dashboard, so that groups mean nothing."""
    if unknown := sorted(set(told) - {"organisation", "show_names"}):
        raise _wrong(f"{unknown[0]!r} is not known", "[[organisation]] tables and show_names only")
    tables = told.get("organisation")
    if not isinstance(tables, list) or not tables or not all(isinstance(one, dict) for one in tables):
        raise _wrong("there is no organisation", "one [[organisation]] for each")
    show_names = told.get("show_names", False)
    if not isinstance(show_names, bool):
        raise _wrong("show_names is neither true nor false", "one of the two")
    found = tuple(_organisation(one, signs_in_here=signs_in_here) for one in tables)
    _apart(found)
    return Organisations(found, show_names)


def _organisation(told: Mapping[str, Any], *, signs_in_here: bool) -> Organisation:
    slug = told.get("slug")
    if not isinstance(slug, str) or not SLUG.fullmatch(slug):
        raise _wrong(
            f"the slug {slug!r} cannot be in an address", "1 to 31 small letters, digits and hyphens"
        )
    if unknown := sorted(set(told) - KEYS):
        raise _wrong(f"{slug}: {unknown[0]!r} is not known", "only what the documentation names")
    name = _text(told, "name", slug)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise _wrong(f"{slug} has no name that can be shown", f"name to 1 to {LONGEST_NAME} letters")
    address = _text(told, "address", slug).rstrip("/")
    if address and not ADDRESS.fullmatch(address):
        raise _wrong(f"{slug}: the address is no host", "address to such as https://acme.example.com")
    groups = {one: _groups(told, one, slug) for one in GROUPS}
    if not signs_in_here and not groups["viewer_groups"]:
        raise _wrong(f"{slug} would be open to everybody who signs in", "viewer_groups to those who may look")
    return Organisation(
        slug=slug,
        name=name,
        prefix="" if address else f"/o/{slug}",
        address=address,
        simulated=_is_simulated(told, slug),
        groups=Groups(*(frozenset(groups[one]) for one in GROUPS)),
        environ=_secrets(told, slug)
        | _settings(told, slug)
        | {one.upper(): ",".join(names) for one, names in groups.items() if names}
        | ({"ONA_BASE_URL": url} if (url := _text(told, "base_url", slug)) else {}),
    )


def _secrets(told: Mapping[str, Any], slug: str) -> dict[str, str]:
    found = {}
    for name, variable in SECRETS.items():
        here, in_file = _text(told, name, slug), _text(told, f"{name}_file", slug)
        if here and in_file:
            raise _wrong(f"{slug} has both {name} and {name}_file", "one of the two")
        if in_file:
            found[f"{variable}_FILE"] = in_file
        elif here:
            found[variable] = here
    return found


def _is_simulated(told: Mapping[str, Any], slug: str) -> bool:
    simulated = told.get("simulated", False)
    if not isinstance(simulated, bool):
        raise _wrong(f"{slug}: simulated is neither true nor false", "one of the two")
    has_key = bool(told.get("key") or told.get("key_file"))
    if simulated and (has_key or told.get("action_key") or told.get("action_key_file")):
        raise _wrong(f"{slug} is simulated and has a key", "one of the two")
    if not simulated and not has_key:
        raise _wrong(f"{slug} has no key", "key_file or key, or simulated = true")
    return simulated


def _settings(told: Mapping[str, Any], slug: str) -> dict[str, str]:
    given = told.get("settings", {})
    if not isinstance(given, dict):
        raise _wrong(f"{slug}: settings is no table", 'it to such as { CURRENCY = "USD" }')
    for name, value in given.items():
        if name not in SETTINGS:
            raise _wrong(
                f"{slug}: {name!r} cannot differ between organisations", "it in the environment, for all"
            )
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _wrong(f"{slug}: {name} is neither text nor number", "one of the two")
    return {name: str(value) for name, value in given.items()}


def _text(told: Mapping[str, Any], name: str, slug: str) -> str:
    value = told.get(name, "")
    if not isinstance(value, str):
        raise _wrong(f"{slug}: {name} is no text", "it in quotes")
    return value.strip()


def _groups(told: Mapping[str, Any], name: str, slug: str) -> list[str]:
    value = told.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise _wrong(f"{slug}: {name} is no list of names", f'{name} to such as ["developers"]')
    if any("," in one for one in value):
        raise _wrong(f"{slug}: a name in {name} has a comma", "each name apart")
    return [one.strip() for one in value]


def _apart(found: Sequence[Organisation]) -> None:
    """Raises when two organisations would share what each has to have of its own, as far as it may be known here."""
    checks: tuple[tuple[str, Callable[[Organisation], str]], ...] = (
        ("slug", lambda one: one.slug),
        ("name", lambda one: one.name.casefold()),
        ("address", lambda one: one.address.casefold()),
        ("key", _key),
        ("database", lambda one: _place(one, "database_url", database_place)),
        ("Redis database", lambda one: _place(one, "redis_url", redis_place)),
    )
    for what, place in checks:
        seen: dict[str, str] = {}
        for one in found:
            if (at := place(one)) and at in seen:
                raise _wrong(f"{seen[at]} and {one.slug} have the same {what}", "one of its own for each")
            seen[at] = one.slug


def _key(one: Organisation) -> str:
    """A key and the API it is for."""
    key = told_or_in_file(one, "ONA_API_KEY")
    return f"{one.environ.get('ONA_BASE_URL', '').rstrip('/')} {key}" if key else ""


def _place(one: Organisation, name: str, place: Callable[[str], str]) -> str:
    try:
        return place(told_or_in_file(one, SECRETS[name]))
    except NoPlace as error:
        raise _wrong(f"{one.slug}: {error}", f"{name} to {error.instead}") from None


def told_or_in_file(one: Organisation, variable: str) -> str:
    """What the file gives, or the file that it names; "" when this process may not read that."""
    if path := one.environ.get(f"{variable}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""
    return one.environ.get(variable, "")


def _wrong(what: str, instead: str) -> ConfigurationError:
    return ConfigurationError(f"ORGANISATIONS_FILE: {what}; set {instead}.")
