"""People who sign in elsewhere: who they are, and which role their groups give them."""

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from dashboard.config.sso import Groups
from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.control.models import PersonalToken, Role, User
from dashboard.control.people import personal_tokens
from dashboard.control.people.project_roles import NONE, Roles, roles_of, tell_groups, words, worth_keeping

NAME_LENGTH = 150
"""What the columns of Django's user hold."""
EMAIL_LENGTH = 254
NO_ROLE = _("None of your groups may use this dashboard. Ask whoever runs it to let one of them in.")
CLOSED = _("Your account was closed in this dashboard.")


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as told by whom we trust. `source` and `subject` tell them from all others, for good; `email` is ""
    unless it is verified, because it decides what they own.
    """

    source: str
    subject: str
    email: str = ""
    name: str = ""
    groups: frozenset[str] = frozenset()

    @property
    def username(self) -> str:
        return username_of(self.source, self.subject)


def username_of(source: str, subject: str) -> str:
    """The key of a person in our database. No local account has a colon in its name."""
    plain = f"{source}:{subject}"
    if len(plain) <= NAME_LENGTH and plain.isprintable():
        return plain
    return f"{source}:{hashlib.sha256(subject.encode()).hexdigest()}"


class NotLetIn(Exception):
    """Somebody is who they say, and may not use the dashboard; the message says why, for a person."""


def role_of(groups: frozenset[str], wanted: Groups) -> Role | None:
    """The highest role that one of the groups has; None: not even to look."""
    if groups & wanted.admin:
        return Role.ADMIN
    if groups & wanted.operator:
        return Role.OPERATOR
    return Role.VIEWER if not wanted.viewer or groups & wanted.viewer else None


def role_note(user: User, before: str, reason: str) -> Note:
    """That somebody has another role, or with "" before their first one. It is about them, whoever brought it about."""
    change = f"{before} → {user.role}" if before else str(user.role)
    who = audit.Person(str(user), str(user.pk), str(user.role))
    return Note("role", timezone.now(), "account", user.username, str(user), reason, change, who=who)


def projects_note(user: User, before: Roles, reason: str) -> Note:
    """That somebody has other roles in projects."""
    change = f"{words(before)} → {words(roles_of(user))}"
    who = audit.Person(str(user), str(user.pk), str(user.role))
    return Note("project-roles", timezone.now(), "account", user.username, str(user), reason, change, who=who)


def let_in(identity: Identity) -> User:
    """The person's row, made or brought up to date. Raises NotLetIn."""
    role = role_of(identity.groups, settings.SSO_GROUPS)
    told = {
        "role": role or Role.VIEWER,
        "email": identity.email if len(identity.email) <= EMAIL_LENGTH else "",
        "first_name": (identity.name or identity.email or identity.subject)[:NAME_LENGTH],
    }
    user, made = User.objects.get_or_create(username=identity.username, defaults=told)
    before, here_before = "" if made else user.role, NONE if made else roles_of(user)
    groups = worth_keeping(identity.groups)
    if changed := [field for field, value in told.items() if getattr(user, field) != value]:
        for field in changed:
            setattr(user, field, told[field])
    if groups != user.told_groups:
        changed.append("told_groups")
    tell_groups(user, groups)
    with transaction.atomic():
        if changed:
            user.save(update_fields=changed)
        why = f"groups, as {identity.source} tells them"
        notes = [role_note(user, before, why)] if user.role != before else []
        if roles_of(user) != here_before:
            notes.append(projects_note(user, here_before, why))
        audit.append(*notes)
    if role is None:
        _close_tokens(user)
        raise NotLetIn(NO_ROLE)
    if not user.is_active:
        raise NotLetIn(CLOSED)
    personal_tokens.vouch(user, timezone.now())
    return user


def _close_tokens(user: User) -> None:
    """What a script of somebody who is turned away could still open."""
    good = PersonalToken.objects.good(timezone.now()).filter(user=user)
    if good.exists():
        personal_tokens.revoke(good, timezone.now(), "its person may not use the dashboard any more")
