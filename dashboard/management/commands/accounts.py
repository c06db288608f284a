"""`manage.py accounts`: makes the local accounts where `manage.py up` does not run, such as under compose."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.control.audit.log import Known, Place, comes_from
from dashboard.control.models import Role
from dashboard.control.people.accounts import ensure_local_accounts, set_role
from dashboard.management.hand import COMMAND_LINE, at_the_machine


class Command(BaseCommand):
    help = "Makes the accounts admin, operator and viewer where missing and prints their passwords; or sets a role."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", nargs=2, metavar=("NAME", "ROLE"), help="give an account another role")

    def handle(self, *_: Any, **options: Any) -> None:
        if settings.SSO_MODE != "local":
            mode = f"SSO_MODE={settings.SSO_MODE}"
            raise CommandError(
                f"{mode}: there are no local accounts, and ADMIN_GROUPS and its like give the roles."
            )
        if options["role"]:
            self._set_role(*options["role"])
            return
        with comes_from(Known(at_the_machine(), Place(COMMAND_LINE))):
            accounts = ensure_local_accounts()
        for name, password in accounts:
            self.stdout.write(f"{name:<10}{password}")
        if not accounts:
            self.stdout.write("The accounts admin, operator and viewer are there already.")

    def _set_role(self, name: str, role: str) -> None:
        if role not in Role.values:
            raise CommandError(f"There is no role {role}; choose one of {', '.join(Role.values)}.")
        with comes_from(Known(at_the_machine(), Place(COMMAND_LINE))):
            found = set_role(name, role, at_the_machine())
        if not found:
            raise CommandError(f"There is no account {name}.")
        self.stdout.write(f"{name} is {role} now.")
