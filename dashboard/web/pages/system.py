"""Is it alive, can it serve, and how the polls are going."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET, require_safe

from dashboard import jobs
from dashboard.control.record import cost
from dashboard.fleet.store import StoreError
from dashboard.web.health import health_block
from dashboard.web.http import current_freshness, moment, page, signed_in
from dashboard.web.live import Block, Live
from dashboard.web.pages.channels import messages_block
from dashboard.web.pages.policies import policies_block
from dashboard.web.spent import spending

SWEEPS = {
    "hot": _("What moves"),
    "full": _("Everything"),
    "names": _("Names of people, projects and runners"),
}


@login_not_required
@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing else, so that a dead database does not make an orchestrator kill the web."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """It can serve: the database answers and this process can read Redis. 503 with the reasons otherwise; a process
    that was told to end says no in `drain`, before anything comes here.
    """
    troubles = {}
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        troubles["database"] = type(error).__name__
    if trouble := moment(request).trouble:
        troubles["redis"] = trouble
    return JsonResponse({"ready": not troubles, "troubles": troubles}, status=503 if troubles else 200)


def _events() -> tuple[str, str, float | None]:
    """What to say of listening to events: a headline, the reason, and since when (epoch seconds)."""
    if not settings.WATCH_EVENTS:
        return gettext("Off: WATCH_EVENTS is 0"), "", None
    try:
        state = jobs.parts.store().watch_state()
    except StoreError:
        return gettext("Not known"), gettext("Redis does not answer."), None
    if state is None:
        return (
            gettext("Nobody listens"),
            gettext("Is manage.py watch running? Changes are seen at the next poll."),
            None,
        )
    words = {
        "listening": gettext("Listening"),
        "waiting": gettext("Connecting again"),
        "refused": gettext("Off: the key may not listen; changes are seen at the next poll"),
    }
    return words.get(state.state, state.state), state.reason, state.since


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """How old the data are, how the last sweeps went, and what could not be read."""
    sweeps = moment(request).sweeps
    shown = [
        {"name": name, "title": title, "last": sweeps.get(f"{name}:last"), "ok": sweeps.get(f"{name}:ok")}
        for name, title in SWEEPS.items()
    ]
    events = _events()
    state = (tuple((sweep["last"], sweep["ok"]) for sweep in shown), events, repr(spending()))
    context = {
        "events": events,
        "spent": spending(),
        "full": settings.ONA_REQUESTS_PER_SECOND,
        "title": gettext("System"),
        "sweeps": shown,
        "fresh": current_freshness(request),
        "fleet": moment(request).fleet,
    }
    past = cost.state()
    history = Block("history", (past,), "system/history.html", {"past": past, "days": settings.HISTORY_DAYS})
    sweeping = Block("sweeps", state, "system/sweeps.html", context)
    live = Live(
        [health_block(request), sweeping, history, policies_block(), messages_block(signed_in(request))]
    )
    return page(
        request,
        "system/index.html",
        {**context, "blocks": {block.id: block.html(request) for block in live.blocks}},
        live,
    )
