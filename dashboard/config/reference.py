"""The page of the documentation with every setting, written from the table of `dashboard.config.base`."""

from collections.abc import Iterator

from dashboard.config.base import VARIABLES, Variable

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("The API", ("ONA_", "GITPOD_", "LOG_HOSTS")),
    (
        "Polls and what is kept",
        (
            "POLL_",
            "EXECUTIONS_",
            "WATCH_",
            "HISTORY_",
            "LOG_RETENTION",
            "EXEMPTION_",
            "CURRENCY",
            "TIME_ZONE",
        ),
    ),
    ("Telling people", ("MAIL_", "NOTIFY_", "PUBLIC_")),
    ("Where things are kept", ("REDIS_", "DATABASE_", "VAR_", "SECRET_KEY")),
    ("Several organisations", ("ORGANISATION",)),
    ("Who may reach it", ("ALLOWED_", "CSRF_", "TRUSTED_", "REQUEST_ID")),
    ("Signing in", ("SSO_", "OIDC_", "PROXY_", "ADMIN_", "OPERATOR_", "VIEWER_", "PROJECT_", "SESSION_")),
    ("Watching over it", ("METRICS_", "LOG_FORMAT", "SENTRY_", "OTEL_", "AUDIT_", "DEBUG")),
)
OTHER = "Everything else"
HEAD = """# Configuration

Every setting is an environment variable, read once at start. A secret may come from a file instead: `NAME_FILE`. What
is wrong or unsafe stops the start with one sentence that says what to set. [`.env.example`](../../.env.example) has
them all, to be copied.
"""


def markdown() -> str:
    lines = [HEAD]
    for title, variables in _sections():
        lines += [f"## {title}", "", "| setting | default | what it does |", "|---|---|---|"]
        lines += [_row(variable) for variable in variables]
        lines.append("")
    return "\n".join(lines)


def _sections() -> Iterator[tuple[str, list[Variable]]]:
    left = list(VARIABLES)
    for title, prefixes in SECTIONS:
        yield title, [one for one in left if one.name.startswith(prefixes)]
        left = [one for one in left if not one.name.startswith(prefixes)]
    if left:
        yield OTHER, left


def _row(variable: Variable) -> str:
    default = f"`{variable.default}`" if variable.default else "unset"
    words = f"{variable.help} Secret: also as `{variable.name}_FILE`." if variable.secret else variable.help
    return f"| `{variable.name}` | {default} | {words.replace('|', chr(92) + '|')} |"
