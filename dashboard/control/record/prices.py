"""Setting what an hour of an environment class costs."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.control.models import ClassPrice, User


@transaction.atomic
def set_price(  # noqa: PLR0913 - a price is who, of what, how much, from when on and when
    user: User, class_id: str, name: str, *, price: Decimal, valid_from: date, now: datetime
) -> ClassPrice:
    """`name` is the class's, for the audit. Earlier prices stay: the one that was set last counts."""
    made = ClassPrice.objects.create(
        class_id=class_id,
        price=price,
        valid_from=valid_from,
        set_at=now,
        set_by=user,
        set_by_name=str(user),
    )
    words = f"{price} from {valid_from.isoformat()}"
    audit.append(Note("price", now, "class", class_id, name, outcome=words, who=audit.person_of(user)))
    return made
