"""Who may do what with saved views, and doing it.

Everybody saves views for themselves. Operators and admins share them. A view is changed by its owner, a shared one
also by admins; an owner who may no longer share can still delete it.
"""

from django.db import transaction
from django.utils import timezone

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.control.models import Role, User
from dashboard.control.people.saved import DefaultView, SavedView

MOST_VIEWS = 50
"""Of one person, in one list."""


def may_share(user: User) -> bool:
    return user.role in {Role.OPERATOR, Role.ADMIN}


def may_change(user: User, view: SavedView) -> bool:
    if view.shared:
        return user.role == Role.ADMIN or (view.owner_id == user.pk and may_share(user))
    return view.owner_id == user.pk


def may_delete(user: User, view: SavedView) -> bool:
    return view.owner_id == user.pk or may_change(user, view)


def has_room(user: User, kind: str) -> bool:
    return SavedView.objects.filter(owner=user, kind=kind).count() < MOST_VIEWS


@transaction.atomic
def keep(user: User, view: SavedView, *, default: bool) -> None:
    """Save a view as it is; with `default`, this person's list opens with it. What is no longer shared opens no
    list of anybody else. The audit tells of what others see.
    """
    was_shared = SavedView.objects.filter(pk=view.pk, shared=True).exists()
    view.save()
    if not view.shared:
        DefaultView.objects.filter(view=view).exclude(user=view.owner_id).delete()
    set_default(user, view, on=default)
    if view.shared or was_shared:
        _note(user, view, "view-shared" if view.shared else "view-withdrawn")


@transaction.atomic
def delete(user: User, view: SavedView) -> None:
    if view.shared:
        _note(user, view, "view-withdrawn")
    view.delete()


def _note(user: User, view: SavedView, act: str) -> None:
    shown, who = {"list": view.kind, "query": view.query}, audit.person_of(user)
    audit.append(Note(act, timezone.now(), "view", str(view.pk), view.name, details=shown, who=who))


def set_default(user: User, view: SavedView, *, on: bool) -> None:
    """One default a person and list: the newest choice holds."""
    if on:
        DefaultView.objects.update_or_create(user=user, kind=view.kind, defaults={"view": view})
    else:
        DefaultView.objects.filter(user=user, view=view).delete()
