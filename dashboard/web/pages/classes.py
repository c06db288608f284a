"""Environment classes: the machine sizes, and how many environments use each."""

from collections import Counter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from dashboard.fleet.snapshot import Fleet
from dashboard.web.http import moment, page
from dashboard.web.live import Block, Live


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    rows = _rows(moment(request).fleet)
    state = tuple(tuple(row.values()) for row in rows)
    live = Live([Block("classes", state, "classes/table.html", {"classes": rows})])
    blocks = {block.id: block.html(request) for block in live.blocks}
    return page(
        request, "classes/index.html", {"title": gettext("Environment classes"), "blocks": blocks}, live
    )


def _rows(fleet: Fleet) -> list[dict[str, Any]]:
    """Enabled ones first, then by name; archived environments are not counted."""
    used = Counter(row.class_id for row in fleet.environments.values() if row.archived is None)
    rows = [
        {
            "id": row.id,
            "name": fleet.environment_class(row.id),
            "description": row.description,
            "runner": fleet.runner(row.runner_id) if row.runner_id else "",
            "enabled": row.enabled,
            "used": used[row.id],
        }
        for row in fleet.classes.values()
    ]
    return sorted(rows, key=lambda row: (not row["enabled"], row["name"].casefold(), row["id"]))
