"""`manage.py verify_audit`: whether the audit is as it was written."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dashboard.control.audit.check import anchors_in, check
from dashboard.control.audit.keep import begin_anew
from dashboard.control.audit.log import Known, Place, comes_from
from dashboard.fleet import anchors
from dashboard.fleet.store import Store, StoreError, connect
from dashboard.management.hand import COMMAND_LINE, at_the_machine


class Command(BaseCommand):
    help = "Checks that no entry of the audit was changed, removed or put elsewhere; names the first broken place."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchors",
            action="store_true",
            help="also read anchors from lines of the worker's log on standard input",
        )

        parser.add_argument(
            "--begin-anew",
            metavar="WHY",
            help="forget the anchor in Redis, after the database was restored; the audit says so",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["begin_anew"]:
            with comes_from(Known(at_the_machine(), Place(COMMAND_LINE))):
                begin_anew(_store(), at_the_machine(), options["begin_anew"], timezone.now())
        anchors = list(anchors_in(sys.stdin)) if options["anchors"] else []
        anchors += self._kept()
        found = check(settings.AUDIT_KEYS, anchors)
        if found.broken:
            raise CommandError(f"Broken: {found.broken}.")
        self.stdout.write(
            f"{found.entries} entries hold together, and {len(anchors)} anchors with them. "
            f"audit anchor {found.newest} {found.digest}"
        )

    def _kept(self) -> list[tuple[int, str]]:
        """The anchor in Redis; without it the end of the chain is not vouched for."""
        try:
            kept = anchors.kept(_store())
        except StoreError as error:
            self.stderr.write(f"Redis cannot be asked for its anchor ({error}).")
            return []
        return [] if kept is None else [kept]


def _store() -> Store:
    return Store(connect(settings.REDIS_URL), "audit")
