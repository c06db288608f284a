"""The local accounts of the embedded defaults: one a role, with passwords made at first start."""

import secrets
from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext_noop as _

from dashboard.control.audit import log as audit
from dashboard.control.models import Role, User
from dashboard.control.people.identity import role_note

# The simulated fleet has a member with this address, so that the operator owns something.
EMAILS = {Role.OPERATOR: "operator@example.com"}
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like something else


def ensure_local_accounts() -> list[tuple[str, str]]:
    """Create `admin`, `operator` and `viewer` where missing; returns (username, password) of the new ones."""
    return [
        (role.value, _create(role)) for role in Role if not User.objects.filter(username=role.value).exists()
    ]


def _create(role: Role) -> str:
    password = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    with transaction.atomic():
        user = User.objects.create_user(role.value, EMAILS.get(role, ""), password, role=role.value)
        audit.append(role_note(user, "", _("a local account was made")))
    return password


def set_role(name: str, role: str, who: audit.Person) -> bool:
    """Give an account another role; False when there is none of that name."""
    with transaction.atomic():
        user = User.objects.select_for_update().filter(username=name).first()
        if user is None:
            return False
        before, user.role = user.role, role
        user.save(update_fields=["role"])
        if before != role:
            audit.append(replace(role_note(user, before, _("set by hand")), who=who))
    return True
