"""The local accounts of the embedded defaults: one a role, with passwords made at first start."""

import secrets

from dashboard.control.models import Role, User

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
    User.objects.create_user(role.value, EMAILS.get(role, ""), password, role=role.value)
    return password
