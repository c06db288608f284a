"""Fills database and Redis. Reads {"environments": n} from stdin; its last line is {"cookies": {role: cookie}}."""

import json
import os
import sys
import time
from datetime import UTC, datetime
from importlib import import_module

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.site.settings"

import django

django.setup()  # before anything of Django's is imported

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.db import connection
from django.middleware.csrf import CSRF_SECRET_LENGTH
from django.utils.crypto import get_random_string

from benchmarks import rows
from benchmarks.site.models import Listed
from dashboard import jobs
from dashboard.control.models import Role, User
from dashboard.control.people.accounts import EMAILS
from dashboard.fleet.snapshot import load


def cookie_of(user: User) -> str:
    """Those of a browser that has seen a page before: its session's, and that of forms."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store.save()
    form = get_random_string(CSRF_SECRET_LENGTH)
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}; {settings.CSRF_COOKIE_NAME}={form}"


def moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def main() -> None:
    order = json.load(sys.stdin)
    if order.get("database", True):
        call_command("migrate", verbosity=0)
        with connection.schema_editor() as editor:
            editor.create_model(Listed)
        call_command("collectstatic", interactive=False, verbosity=0)
    rows.fill(jobs.parts.store(), order["environments"], time.time())
    fleet = load(jobs.parts.store())
    if order.get("database", True):
        Listed.objects.bulk_create(
            Listed(
                id=one.id,
                name=one.name,
                phase=one.phase,
                project=fleet.project(one.project_id),
                creator=fleet.person(one.creator_id),
                class_name=fleet.environment_class(one.class_id),
                active=moment(one.signal_at),
                unsaved=one.unpushed + one.changed,
                created=moment(one.created),
            )
            for one in fleet.environments.values()
        )
    cookies = {}
    for role in Role:
        user, _ = User.objects.get_or_create(
            username=role.value,
            defaults={"role": role, "email": EMAILS.get(role, ""), "is_staff": True, "is_superuser": True},
        )
        cookies[role.value] = cookie_of(user)
    print(json.dumps({"cookies": cookies}))


main()
