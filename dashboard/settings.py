"""Django settings, all of them read from the environment through `dashboard.config.base`."""

import os
import sys
from pathlib import Path
from urllib.parse import quote

from dashboard.config.audit import read_audit_days, read_audit_forward, read_audit_keys
from dashboard.config.base import (
    LOOPBACK,
    VARIABLES,
    ConfigurationError,
    read,
    read_api_address,
    read_choice,
    read_currency,
    read_database,
    read_key,
    read_list,
    read_seconds,
    read_time_zone,
    read_token,
    valkey_socket,
)
from dashboard.config.notify import (
    read_mail_from,
    read_mail_server,
    read_notify_hosts,
    read_public_url,
)
from dashboard.config.projects import read_project_roles
from dashboard.config.redis import read_redis
from dashboard.config.sso import read_groups, read_mode, read_oidc, read_proxy, read_trusted, require_https
from dashboard.log_lines import FORMATS, password_of
from dashboard.organisation import enter
from dashboard.patience import CONNECT_SECONDS

ORGANISATION = enter(os.environ, sys.argv)  # before anything else is read

PACKAGE = Path(__file__).resolve().parent
BASE_DIR = PACKAGE.parent if (PACKAGE.parent / "manage.py").is_file() else Path.cwd()
"""The repository; where the package is installed, the folder that it is started in."""
FILES = PACKAGE / "files" if (PACKAGE / "files").is_dir() else BASE_DIR
"""Templates and static files: the wheel has them inside the package."""
VAR_DIR = BASE_DIR / read("VAR_DIR")

DEBUG = read("DEBUG") == "1"
EMBEDDED = os.environ.get("DASHBOARD_EMBEDDED") == "1"  # set by `manage.py up` for its children


def _secret_key() -> str:
    if key := read("SECRET_KEY"):
        return key
    if read("DATABASE_URL") or read("REDIS_URL"):
        raise ConfigurationError(
            "SECRET_KEY is not set; set it to a long random text (50 characters or more)."
        )
    from dashboard.secret_key import kept_under

    return kept_under(VAR_DIR)


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS") or list(LOOPBACK)
CSRF_TRUSTED_ORIGINS = read_list("CSRF_TRUSTED_ORIGINS")

SSO_MODE = read_mode()
SSO_GROUPS = read_groups()
SSO_PROXY = read_proxy() if SSO_MODE == "proxy" else None
SSO_OIDC = read_oidc() if SSO_MODE == "oidc" else None
TRUSTED_PROXIES = read_trusted()
PROJECT_ROLES = read_project_roles()
if SSO_MODE != "local":
    require_https(CSRF_TRUSTED_ORIGINS, ALLOWED_HOSTS)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "dashboard",
    "dashboard.control",
    "dashboard.web",
]
MIDDLEWARE = [
    "dashboard.web.trail.followed",
    "dashboard.web.latency.timed",
    "django.middleware.security.SecurityMiddleware",
    "dashboard.web.compression.compressed",
    "dashboard.web.http.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dashboard.web.api.door.api_door",
    "dashboard.web.outage.spared",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.web.sso.proxy.person_of_proxy",
    "dashboard.web.quiet.remember_who_polls",
    "dashboard.web.audit.where_it_comes_from",
    "dashboard.web.sso.recheck.still_in",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "dashboard.web.access.guard",
    "dashboard.web.limits.slow_down",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.web.http.sign_in_again",
]
ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [FILES / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.web.http.page_context",
            ],
            "builtins": [
                "dashboard.web.templatetags.words",
                "dashboard.web.templatetags.keeping",
                "django.templatetags.i18n",
                "dashboard.web.templatetags.cells",
                "django.templatetags.static",
            ],
        },
    }
]

_SQLITE = f"sqlite:///{VAR_DIR / 'dashboard.sqlite3'}"
DATABASES = {"default": read_database(_SQLITE)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 10,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": CONNECT_SECONDS,
        **(DATABASES["default"].get("OPTIONS") or {}),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "control.User"
if SSO_MODE != "local":  # no password opens anything, and no session that one had opened
    AUTHENTICATION_BACKENDS = ["dashboard.web.sso.backend.Elsewhere"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "ona_session"
SESSION_COOKIE_AGE = int(read_seconds("SESSION_HOURS") * 3600)  # from the sign-in, however much is clicked
CSRF_COOKIE_NAME = "ona_csrf"
if ORGANISATION:  # beside others under one host: neither sees the cookies of another
    FORCE_SCRIPT_NAME = ORGANISATION.prefix or None
    SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = f"{ORGANISATION.prefix}/"
    SESSION_COOKIE_NAME += f"_{ORGANISATION.slug}"
    CSRF_COOKIE_NAME += f"_{ORGANISATION.slug}"
    MESSAGE_STORAGE = (
        "django.contrib.messages.storage.session.SessionStorage"  # its cookie would be everybody's
    )
# Outside the embedded demo the dashboard sits behind a proxy that speaks TLS.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = bool(CSRF_TRUSTED_ORIGINS) and all(
    o.startswith("https:") for o in CSRF_TRUSTED_ORIGINS
)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SESSION_COOKIE_SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
# W005, W021: other hosts of the domain are not ours to decide on. W008: the proxy that speaks TLS sends http to https;
# what reaches us over plain http is the proxy, or a probe.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en-gb"
"""What is stored (the ledger's outcomes, the audit, messages to channels) is in it, whoever asked."""
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_NAME = "ona_language"
LANGUAGE_COOKIE_AGE = 365 * 86_400
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
TIME_ZONE = read_time_zone()
USE_TZ = True
USE_I18N = True

STATIC_URL = f"{ORGANISATION.prefix}/static/" if ORGANISATION else "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [FILES / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False

# The API
ONA_API_KEY = read_key("ONA_API_KEY") or read_key("GITPOD_API_KEY")
ONA_BASE_URL = read_api_address()
ONA_ACTION_API_KEY = read_key("ONA_ACTION_API_KEY") or ONA_API_KEY
ONA_REQUESTS_PER_SECOND = read_seconds("ONA_REQUESTS_PER_SECOND")
ONA_SIMULATED = (
    os.environ.get("DASHBOARD_SIMULATED") == "1"
)  # set by `manage.py up` beside the simulator's address
POLL_HOT_SECONDS = read_seconds("POLL_HOT_SECONDS")
POLL_FULL_SECONDS = read_seconds("POLL_FULL_SECONDS")
POLL_HISTORY_SECONDS = read_seconds("POLL_HISTORY_SECONDS")
EXECUTIONS_KEPT = int(read_seconds("EXECUTIONS_KEPT"))
WATCH_EVENTS = read("WATCH_EVENTS") not in {"0", "no", "false", "off"}
POLL_INTERVALS = {"hot": POLL_HOT_SECONDS, "full": POLL_FULL_SECONDS}
LOG_HOSTS = read_list("LOG_HOSTS")
EXEMPTION_DAYS = read_seconds("EXEMPTION_DAYS")
LOG_RETENTION_HOURS = read_seconds("LOG_RETENTION_HOURS")

# What people are told
PUBLIC_URL = read_public_url()
MAIL_SERVER = read_mail_server()
MAIL_FROM = read_mail_from(MAIL_SERVER)
NOTIFY_HOSTS = read_notify_hosts()

# History and money
HISTORY_DAYS = read_seconds("HISTORY_DAYS")
HISTORY_TOTALS_DAYS = read_seconds("HISTORY_TOTALS_DAYS")
CURRENCY = read_currency()

# Watching over the dashboard
METRICS_TOKEN = read_token("METRICS_TOKEN")
LOG_FORMAT = read_choice("LOG_FORMAT", FORMATS)
REQUEST_ID_HEADER = read("REQUEST_ID_HEADER")
SENTRY_DSN = read("SENTRY_DSN")
OTEL_ENDPOINT = read("OTEL_EXPORTER_OTLP_ENDPOINT")

# The audit
AUDIT_KEYS = read_audit_keys(SECRET_KEY)
AUDIT_DAYS = read_audit_days()
AUDIT_FORWARD = read_audit_forward()

# Redis, and Celery over it
REDIS_URL = read_redis(f"unix://{quote(str(valkey_socket(VAR_DIR)))}")

SECRETS = [
    *(read(variable.name) for variable in VARIABLES if variable.secret),
    SECRET_KEY,
    password_of(REDIS_URL),
    str(DATABASES["default"].get("PASSWORD") or ""),
]
"""What no log line and no report may quote."""
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": FORMATS[LOG_FORMAT], "secrets": SECRETS, "organisation": ORGANISATION.slug}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # httpx logs every request at INFO; addresses carry no secrets, but thousands of lines hide the one that matters.
    "loggers": {
        "httpx": {"level": "WARNING"},
        # These two write addresses of channels, which are secrets; what went wrong is on /system/.
        "apprise": {"level": "CRITICAL", "propagate": False},
        "urllib3": {"level": "ERROR"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
