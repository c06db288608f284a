"""Every environment variable that configures the dashboard, in one table.

`settings.py` reads them through `read()`; the README table and `.env.example` are held to this table by
`tests/test_config.py`. A secret may also come from a file: `NAME_FILE=/run/secrets/name`.
"""

import hashlib
import os
import re
import tempfile
import zoneinfo
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import dj_database_url

LEAST_TOKEN = 16
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class ConfigurationError(Exception):
    """A setting is missing or unsafe; the message is one sentence that says what to set."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its default as text ("" = unset) and what it does."""

    name: str
    default: str
    help: str
    secret: bool = False


VARIABLES = (
    Variable("ONA_API_KEY", "", "Key for reading the API. Unset: a simulated fleet.", secret=True),
    Variable("GITPOD_API_KEY", "", "Older name of `ONA_API_KEY`; used when that is unset.", secret=True),
    Variable("ONA_BASE_URL", "", "Base address of the API. Default: `https://app.gitpod.io/api`."),
    Variable("GITPOD_BASE_URL", "", "Older name of `ONA_BASE_URL`; used when that is unset."),
    Variable(
        "ONA_ACTION_API_KEY",
        "",
        "Read-write key used only for actions. Default: the reading key.",
        secret=True,
    ),
    Variable(
        "ONA_REQUESTS_PER_SECOND", "20", "Most requests a second that all workers together send to the API."
    ),
    Variable("POLL_HOT_SECONDS", "5", "Seconds between polls of what moves."),
    Variable("POLL_FULL_SECONDS", "60", "Seconds between polls of everything."),
    Variable(
        "POLL_HISTORY_SECONDS", "3600", "Seconds between polls of all task executions, not only new ones."
    ),
    Variable("EXECUTIONS_KEPT", "50", "Finished executions that are kept of each task."),
    Variable("WATCH_EVENTS", "1", "Set to 0 to poll only, without listening to the API's events."),
    Variable(
        "REDIS_URL",
        "",
        "Redis or Valkey: `redis://`, `rediss://`, `unix://`, or `sentinel://host:26379,host:26379/name/0`. "
        "Unset: `manage.py up` starts a private one.",
    ),
    Variable("DATABASE_URL", "", "Database. Unset: SQLite in WAL mode under `VAR_DIR`."),
    Variable(
        "SECRET_KEY",
        "",
        "Django's signing key. Unset: `manage.py up` makes one and keeps it under `VAR_DIR`.",
        secret=True,
    ),
    Variable(
        "ALLOWED_HOSTS",
        "",
        "Host names the dashboard answers to, comma-separated. Default: this machine's loopback names.",
    ),
    Variable(
        "CSRF_TRUSTED_ORIGINS",
        "",
        "Origins trusted for forms, comma-separated, with scheme: `https://ona.example.com`.",
    ),
    Variable(
        "LOG_HOSTS",
        "",
        "Domains whose hosts may be asked for logs, comma-separated. "
        "Unset: the domain of the environment's runner.",
    ),
    Variable(
        "EXEMPTION_DAYS",
        "7",
        "Days for which an operator may exempt an environment of theirs from idle stops.",
    ),
    Variable(
        "PUBLIC_URL",
        "",
        "Address under which people open the dashboard, for links in messages. Unset: messages have none.",
    ),
    Variable(
        "MAIL_SERVER",
        "",
        "Mail server: `smtp://user:password@host:587` (STARTTLS), `smtps://…` (TLS) or `smtp+plain://…` (neither). "
        "Unset: no mail.",
        secret=True,
    ),
    Variable("MAIL_FROM", "", "Sender of all mail, such as `ona@example.com`."),
    Variable(
        "NOTIFY_HOSTS",
        "",
        "Domains, and networks that are not public, to which channels may post beyond the well-known services, "
        "comma-separated: `chat.example.com,10.0.0.0/24`.",
    ),
    Variable(
        "ORGANISATIONS_FILE",
        "",
        "File that describes several organisations, each with its own key, database and Redis. Unset: there is one.",
    ),
    Variable(
        "ORGANISATION",
        "",
        "Short name of the organisation that a process works for, where there are several. "
        "`manage.py up` starts all of them without it.",
    ),
    Variable("LOG_RETENTION_HOURS", "72", "Hours for which a log that was opened stays readable."),
    Variable(
        "HISTORY_DAYS", "35", "Days for which phases, signals, executions and spells of services are kept."
    ),
    Variable("HISTORY_TOTALS_DAYS", "400", "Days for which the hours of each environment and day are kept."),
    Variable(
        "AUDIT_KEY",
        "",
        "Key that seals the audit, 32 characters or more; older ones behind it, comma-separated. "
        "Unset: it follows from `SECRET_KEY`.",
        secret=True,
    ),
    Variable("AUDIT_DAYS", "400", "Days for which entries of the audit are kept; 30 or more."),
    Variable(
        "AUDIT_FORWARD",
        "",
        "Where entries of the audit are handed on as JSON: `stdout`, `syslog://host:514`, "
        "`syslog+tcp://host:601` or `syslog+tls://host:6514`.",
    ),
    Variable("CURRENCY", "EUR", "Currency of the prices of environment classes, as three letters."),
    Variable(
        "METRICS_TOKEN",
        "",
        "Bearer token that Prometheus sends to read `/metrics`; 16 characters or more. Unset: this machine alone may.",
        secret=True,
    ),
    Variable(
        "LOG_FORMAT", "text", "Log lines for people (`text`) or for machines (`json`, an object a line)."
    ),
    Variable(
        "REQUEST_ID_HEADER",
        "",
        "Header with the id that the proxy in front gives each request. "
        "Set it only where every request comes through that proxy. Unset: an id is made.",
    ),
    Variable(
        "SENTRY_DSN", "", "Where errors are reported; needs the extra `sentry`. Unset: nowhere.", secret=True
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "OTLP collector for traces, such as `http://collector:4318`; needs the extra `otel`. Unset: no traces.",
    ),
    Variable("TIME_ZONE", "UTC", "Time zone of days, and of times on pages without JavaScript."),
    Variable(
        "SSO_MODE",
        "local",
        "How people sign in: `local` (accounts in this database), `oidc` (an OpenID provider) or "
        "`proxy` (a proxy says who asks).",
    ),
    Variable("ADMIN_GROUPS", "", "Groups whose members are admins, comma-separated. Not for `local`."),
    Variable("OPERATOR_GROUPS", "", "Groups whose members are operators, comma-separated. Not for `local`."),
    Variable(
        "VIEWER_GROUPS",
        "",
        "Groups whose members may look, comma-separated. Unset: everybody who is signed in. Not for `local`.",
    ),
    Variable(
        "PROJECT_ROLES",
        "",
        "File that gives groups and people roles in single projects, as TOML. Unset: nobody has one.",
    ),
    Variable("SESSION_HOURS", "12", "Hours after which everybody signs in again. Not for `proxy`."),
    Variable("OIDC_ISSUER", "", "Address of the OpenID provider, as its discovery document spells it."),
    Variable("OIDC_CLIENT_ID", "", "Name under which the provider knows the dashboard."),
    Variable("OIDC_CLIENT_SECRET", "", "What the provider gave out with `OIDC_CLIENT_ID`.", secret=True),
    Variable("OIDC_NAME", "", "Name of the provider on the sign-in page. Default: its host."),
    Variable("OIDC_SCOPES", "openid email profile", "What the provider is asked for, separated by spaces."),
    Variable(
        "OIDC_GROUPS_CLAIM",
        "groups",
        "Claim with the person's groups; dots lead inside: `realm_access.roles`.",
    ),
    Variable(
        "OIDC_TRUST_EMAIL",
        "",
        "Set to 1 where every address of the provider is verified though it sends no `email_verified`.",
    ),
    Variable(
        "OIDC_RECHECK_MINUTES", "15", "Minutes after which a person's groups are read again at the latest."
    ),
    Variable(
        "PROXY_PEERS",
        "",
        "Addresses and networks the proxy connects from, comma-separated; `unix` for a unix socket.",
    ),
    Variable(
        "PROXY_SECRET",
        "",
        "What the proxy sends with each request to show that it is the proxy; 16 characters or more.",
        secret=True,
    ),
    Variable("PROXY_SECRET_HEADER", "OnaProxySecret", "Header in which the proxy sends `PROXY_SECRET`."),
    Variable("PROXY_USER_HEADER", "OnaUser", "Header with the name that tells a person from all others."),
    Variable("PROXY_EMAIL_HEADER", "OnaEmail", "Header with the person's e-mail address."),
    Variable("PROXY_NAME_HEADER", "OnaName", "Header with the name that pages show."),
    Variable("PROXY_GROUPS_HEADER", "OnaGroups", "Header with the person's groups, comma-separated."),
    Variable(
        "PROXY_LOGOUT_URL",
        "",
        "Where “Sign out” leads, such as `/oauth2/sign_out`. Unset: pages have no “Sign out”.",
    ),
    Variable(
        "TRUSTED_PROXIES",
        "",
        "Addresses and networks of reverse proxies that are believed about where a request comes from, "
        "comma-separated; `unix` for a unix socket. Unset: the address that connects counts.",
    ),
    Variable(
        "TRUSTED_PROXIES_HEADER",
        "X-Forwarded-For",
        "Header in which `TRUSTED_PROXIES` say it: addresses, the nearest last.",
    ),
    Variable(
        "VAR_DIR",
        "var",
        "Folder for everything written at run time: database, private Valkey, logs, collected static files.",
    ),
    Variable("DEBUG", "", "Set to 1 for Django's debug pages. Never where others can reach it."),
)
KNOWN = {variable.name: variable for variable in VARIABLES}


def read(name: str, environ: Mapping[str, str] | None = None) -> str:
    """The text of setting `name`: the variable, else for a secret the file `NAME_FILE`, else the default.

    Raises ConfigurationError when the file cannot be read, KeyError for a name that is not in the table.
    """
    variable = KNOWN[name]
    environ = os.environ if environ is None else environ
    if value := environ.get(name, "").strip():
        return value
    path = environ.get(f"{name}_FILE", "").strip() if variable.secret else ""
    if not path:
        return variable.default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            f"{name}_FILE: cannot read {path} ({error.strerror}); set it to a readable file."
        ) from error


def read_key(name: str, environ: Mapping[str, str] | None = None) -> str:
    """An API key, "" when unset; raises ConfigurationError (without quoting it) when it cannot be one."""
    key = read(name, environ)
    if not all("!" <= character <= "~" for character in key):
        raise ConfigurationError(
            f"{name} contains characters that no key has; set it to the key and nothing else."
        )
    return key


def read_token(name: str, environ: Mapping[str, str] | None = None) -> str:
    """A token that others send to us, "" when unset; raises ConfigurationError when it could be guessed."""
    token = read_key(name, environ)
    if token and len(token) < LEAST_TOKEN:
        raise ConfigurationError(f"{name} is too short; set it to {LEAST_TOKEN} characters or more.")
    return token


def read_choice(name: str, choices: Collection[str], environ: Mapping[str, str] | None = None) -> str:
    """One of `choices`; raises ConfigurationError otherwise."""
    value = read(name, environ)
    if value not in choices:
        raise ConfigurationError(f"{name}={value!r} is not known; set it to {' or '.join(choices)}.")
    return value


def read_list(name: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """A comma-separated setting as a list without blanks."""
    return [part.strip() for part in read(name, environ).split(",") if part.strip()]


def read_seconds(name: str, environ: Mapping[str, str] | None = None) -> float:
    """A positive number; raises ConfigurationError otherwise."""
    text = read(name, environ)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ConfigurationError(
            f"{name}={text!r} is not a positive number; set it to one, or leave it unset."
        )
    return value


def read_currency(environ: Mapping[str, str] | None = None) -> str:
    """`CURRENCY` in capitals; raises ConfigurationError when it is not three letters."""
    code = read("CURRENCY", environ)
    if not re.fullmatch(r"[A-Za-z]{3}", code):
        raise ConfigurationError(f"CURRENCY={code!r} is no currency; set it to three letters such as EUR.")
    return code.upper()


def read_api_address(environ: Mapping[str, str] | None = None) -> str:
    """Base address of the API without a slash at its end; raises ConfigurationError when it is none."""
    given = read("ONA_BASE_URL", environ) or read("GITPOD_BASE_URL", environ)
    address = (given or "https://app.gitpod.io/api").rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", address):
        raise ConfigurationError(
            f"ONA_BASE_URL={given!r} is no address; set it to one such as https://app.gitpod.io/api."
        )
    return address


def read_time_zone(environ: Mapping[str, str] | None = None) -> str:
    """`TIME_ZONE`; raises ConfigurationError when there is no such zone."""
    name = read("TIME_ZONE", environ)
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"TIME_ZONE={name!r} is no time zone; set it to one such as Europe/Berlin."
        ) from error
    return name


def read_database(default: str, environ: Mapping[str, str] | None = None) -> dj_database_url.DBConfig:
    """`DATABASE_URL`, else `default`, as Django takes it; raises ConfigurationError when it cannot be used."""
    url = read("DATABASE_URL", environ) or default
    try:
        database = dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)
    except ValueError as error:
        known = "postgres://user:password@host/name or sqlite:////folder/file"
        raise ConfigurationError(f"DATABASE_URL cannot be read; set it to {known}.") from error
    if database["ENGINE"].endswith("postgresql") and find_spec("psycopg") is None:
        raise ConfigurationError(
            "DATABASE_URL needs the PostgreSQL driver; install requirements-postgres.txt to set it."
        )
    return database


def valkey_socket(var_dir: Path) -> Path:
    """Where the private Valkey of `manage.py up` listens: in `var_dir`, or where that is too deep for the address of a
    unix socket (104 bytes on macOS, 108 on Linux) in a folder of this user's under the temporary files.
    """
    path = var_dir / "valkey.sock"
    if len(os.fsencode(path)) < 100:
        return path
    digest = hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"ona-dashboard-{os.getuid()}-{digest}" / "valkey.sock"
