"""`manage.py access_token`: a token for acting within one environment, for an admin, printed once and kept nowhere."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from dashboard.control import ledger
from dashboard.control.audit.log import Known, Place, comes_from, person_of
from dashboard.control.models import User
from dashboard.control.permissions import Forbidden
from dashboard.control.tokens import NoToken, access_token
from dashboard.fleet.entities import Environment
from dashboard.fleet.snapshot import Fleet, Snapshot
from dashboard.fleet.store import Store, StoreError, connect, namespace_of
from dashboard.management.hand import COMMAND_LINE
from dashboard.management.target import NoTarget, acting_target, api_target
from dashboard.ona import Ona, TokenPace


class Command(BaseCommand):
    help = (
        "Prints an access token for one environment, good for an hour; Activity shows who made it, and why."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("environment", metavar="ID", help="id of the environment")
        parser.add_argument(
            "--as", dest="username", metavar="NAME", required=True, help="your account: an admin"
        )
        parser.add_argument("--reason", required=True, help="why, as Activity will show it")

    def handle(self, *_: Any, **options: Any) -> None:
        reason = " ".join(options["reason"].split())
        if not reason:
            raise CommandError("Say why with --reason: Activity shows it.")
        try:
            user, fleet = _account(options["username"]), _fleet()
            row = _environment(fleet, options["environment"])
            base_url, api_key = acting_target()
            pace, here = (
                TokenPace(settings.ONA_REQUESTS_PER_SECOND),
                Known(person_of(user), Place(COMMAND_LINE)),
            )
            with Ona.open(base_url, api_key, pace=pace) as ona, comes_from(here):
                token = access_token(user, row, fleet, ona, now=ledger.utc_now, reason=reason)
        except (Forbidden, NoToken, NoTarget) as trouble:
            raise CommandError(str(trouble)) from None
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used ({type(error).__name__}).") from None
        self.stderr.write(f"For {row.name}, good for an hour; it is kept nowhere, so take it now:")
        self.stdout.write(token.reveal())


def _account(name: str) -> User:
    """Who asks. Whoever may run this could be anybody, so only an account that exists and is active counts."""
    try:
        return User.objects.get(username=name, is_active=True)
    except User.DoesNotExist:
        raise CommandError(f"There is no active account {name}.") from None


def _fleet() -> Fleet:
    base_url, api_key = api_target()
    try:
        redis = connect(settings.REDIS_URL)
        known = Snapshot(Store(redis, namespace_of(redis, base_url, api_key)), time.monotonic).now()
    except StoreError as error:
        raise CommandError(f"Redis cannot be used ({error}); check REDIS_URL.") from None
    if known.trouble:
        raise CommandError(f"{known.trouble}; check REDIS_URL, and that the fleet was polled.")
    return known.fleet


def _environment(fleet: Fleet, identifier: str) -> Environment:
    row = fleet.environments.get(identifier.strip().lower())
    if row is None:
        raise CommandError("No environment with this id is known; its page shows the whole id.")
    return row
