"""The local accounts of the embedded defaults."""

import pytest

from dashboard.control.models import Role, User
from dashboard.control.people.accounts import ensure_local_accounts

pytestmark = pytest.mark.django_db


def test_one_account_a_role_is_made_with_a_password_that_works():
    made = dict(ensure_local_accounts())
    assert set(made) == {"admin", "operator", "viewer"}
    for user in User.objects.all():
        assert user.role == Role(user.username)
        assert user.check_password(made[user.username])
        assert not user.is_superuser
    assert User.objects.get(username="operator").email == "operator@example.com"


def test_passwords_differ_between_accounts_and_installations():
    made = [password for _, password in ensure_local_accounts()]
    User.objects.all().delete()
    made += [password for _, password in ensure_local_accounts()]
    assert len(set(made)) == 6
    assert min(len(password) for password in made) >= 16


def test_accounts_are_made_once_and_only_what_is_missing_comes_back():
    ensure_local_accounts()
    hashes = dict(User.objects.values_list("username", "password"))
    assert ensure_local_accounts() == []
    assert dict(User.objects.values_list("username", "password")) == hashes
    User.objects.get(username="viewer").delete()
    assert [name for name, _ in ensure_local_accounts()] == ["viewer"]
