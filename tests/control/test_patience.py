"""A PostgreSQL that does not answer is given up, and found again."""

import time

import pytest
from django.db import OperationalError, connection

from dashboard import patience
from tests.conftest import until


def nobody_sleeps() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_activity where query like 'select pg_sleep%'")
        return cursor.fetchone() == (0,)


only_postgres = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="speaks of PostgreSQL (make test-postgres)"
)


@only_postgres
@pytest.mark.django_db(transaction=True)
def test_a_query_without_an_answer_is_given_up_and_the_next_one_connects_anew() -> None:
    connection.close()
    patience.begin(0.3)
    try:
        began = time.monotonic()
        with pytest.raises(OperationalError), connection.cursor() as cursor:
            cursor.execute("select pg_sleep(3)")
        assert time.monotonic() - began < 3
        connection.close_if_unusable_or_obsolete()
        until(nobody_sleeps)
    finally:
        patience.end()
        connection.close()
