"""Is it alive, can it serve, and how the polls are going."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_safe

from dashboard.web.http import current_freshness, moment, page
from dashboard.web.live import Block, Live

SWEEPS = {"hot": "What moves", "full": "Everything", "names": "Names of people, projects and runners"}


@login_not_required
@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing else, so that a dead database does not make an orchestrator kill the web."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """It can serve: the database answers and this process can read Redis. 503 with the reasons otherwise."""
    troubles = {}
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        troubles["database"] = type(error).__name__
    if trouble := moment(request).trouble:
        troubles["redis"] = trouble
    return JsonResponse({"ready": not troubles, "troubles": troubles}, status=503 if troubles else 200)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """How old the data are, how the last sweeps went, and what could not be read."""
    sweeps = moment(request).sweeps
    shown = [
        {"name": name, "title": title, "last": sweeps.get(f"{name}:last"), "ok": sweeps.get(f"{name}:ok")}
        for name, title in SWEEPS.items()
    ]
    state = tuple((sweep["last"], sweep["ok"]) for sweep in shown)
    context = {
        "title": "System",
        "sweeps": shown,
        "fresh": current_freshness(request),
        "fleet": moment(request).fleet,
    }
    live = Live([Block("sweeps", state, "system/sweeps.html", context)])
    return page(
        request,
        "system/index.html",
        {**context, "blocks": {block.id: block.html(request) for block in live.blocks}},
        live,
    )
