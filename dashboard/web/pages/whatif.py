"""What if: a policy replayed over the record, its curve of savings against regrets, and its stops."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods, require_POST

from dashboard import jobs
from dashboard.control import ledger
from dashboard.control.models import IdlePolicy, Progress, Recording, Replay
from dashboard.control.whatif import replays
from dashboard.control.whatif.run import DAY, DAYS
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.spans import spoken_length as length
from dashboard.web import plots
from dashboard.web.forms.policies import as_typed
from dashboard.web.forms.whatif import Asked, asked
from dashboard.web.http import moment, page, signed_in, text_of
from dashboard.web.live import Block, Live, is_poll
from dashboard.web.spreadsheet import download
from dashboard.web.templatetags.money import whole_hours

FRESH = timedelta(hours=1)
"""An answer that is not older is not computed again for somebody who only asks the same."""
SHOWN = 25
"""Stops or regrets on the page; all that are kept are in the CSV."""
FIELDS = ("policy", "scope", "idle", "days")
SHORT = 0.99
"""Of the days asked for; less is said to be short."""


SAVED = plots.Axis(_("hours saved"), whole_hours, 3_600.0)
REGRETS = plots.Axis(_("regrets"))


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The answer, how far it is, or the question; a POST asks it."""
    fleet, now = moment(request).fleet, ledger.utc_now()
    posted = request.method == "POST"
    view = asked(request.POST if posted else request.GET, fleet, now.timestamp())
    if posted:
        return _ask(request, view)
    replay = replays.known(view.question) if not view.mistakes else None
    if request.GET.get("format") == "csv" and replay is not None and replay.state == Progress.DONE:
        return _csv(request, view, replay)
    blocks = _blocks(request, view, replay, fleet)
    context = {
        "title": gettext("What if"),
        "view": view,
        "answer": "" if is_poll(request) else blocks[0].html(request),
        "policies": [one for one in IdlePolicy.objects.order_by("name", "id") if not one.of_stopped],
        "days": [(days, view.url(days=days)) for days in DAYS],
    }
    return page(request, "whatif/index.html", context, Live(blocks))


def _ask(request: HttpRequest, view: Asked) -> HttpResponse:
    if view.mistakes:  # the page of the address says which
        sent = {name: text_of(request.POST[name]) for name in FIELDS if name in request.POST}
        return redirect(f"{reverse('idle-what-if')}?{urlencode(sent)}")
    known, now = replays.known(view.question), ledger.utc_now()
    fresh = known is not None and known.state == Progress.DONE and known.asked > now - FRESH
    if not fresh or "again" in request.POST:
        try:
            replays.ask(view.question, signed_in(request), now)
        except replays.Busy as busy:
            messages.error(request, str(busy))
        else:
            jobs.start_replay()
    return redirect(view.url())


@require_POST
def cancel(request: HttpRequest, identifier: UUID) -> HttpResponse:
    replay = get_object_or_404(Replay.objects.light(), pk=identifier)
    if why_not := replays.cancel_refusal(replay, signed_in(request)):
        raise PermissionDenied(why_not)
    if not replays.cancel(replay, ledger.utc_now()):
        messages.error(request, gettext("It had ended already."))
    fleet, now = moment(request).fleet, ledger.utc_now()
    return redirect(asked(request.POST, fleet, now.timestamp()).url())


@dataclass(frozen=True)
class _Answer(Block):
    """Its `more` is found when it is shown: a result is large, and a poll looks at the state alone."""

    more: Callable[[], dict[str, Any]] = dict

    def html(self, request: HttpRequest, *, swap: bool = False) -> SafeString:
        shown = {**self.context, **self.more()}
        return Block(self.id, self.state, self.template, shown).html(request, swap=swap)


def _blocks(request: HttpRequest, view: Asked, replay: Replay | None, fleet: Fleet) -> list[Block]:
    """The answer, and the progress in it."""
    recorded = Recording.objects.values_list("since", flat=True).first()
    context: dict[str, Any] = {"view": view, "replay": replay, "since": recorded, "pairs": view.pairs()}
    state: tuple[Any, ...] = (tuple(view.pairs().items()), bool(view.mistakes), recorded is None)
    if replay is None:
        return [Block("answer", state, "whatif/answer.html", context)]
    state += (str(replay.pk), replay.unfinished or replay.state, str(replay.ended))
    if replay.state == Progress.DONE:
        more = partial(_shown, view, replay, fleet)
        return [_Answer("answer", state, "whatif/answer.html", context, more)]
    if not replay.unfinished:
        return [Block("answer", state, "whatif/answer.html", context)]
    share = 100 * replay.done / replay.total if replay.total else 0.0
    progress = Block(
        "progress", (replay.done, replay.total), "whatif/progress.html", {"replay": replay, "share": share}
    )
    may = not replays.cancel_refusal(replay, signed_in(request))
    context |= {"may_cancel": may, "progress": progress.html(request)}
    return [Block("answer", state, "whatif/answer.html", context), progress]


def _shown(view: Asked, replay: Replay, fleet: Fleet) -> dict[str, Any]:
    """What came out, for the limit that is looked at."""
    result = replay.result
    limits = [_with_money(one, view) for one in result["limits"]]
    place = next((place for place, one in enumerate(limits) if one["limit"] == view.limit), 0)
    one = limits[place]
    points = [plots.Point(each["saved"], each["regretted"], length(each["limit"])) for each in limits]
    rows = one["regrets"] if view.show == "regrets" else one["listed"]
    days = (result["last"] - result["first"]) / DAY
    return {
        "result": result,
        "limits": limits,
        "one": one,
        "curve": plots.curve(
            plots.Frame(
                "savings",
                gettext("Hours saved against regrets, for each limit"),
                gettext("The limit of {length} stands out.").format(length=length(view.limit)),
                "page",
            ),
            points,
            SAVED,
            REGRETS,
            place,
        ),
        "rows": [{**row, "there": row["id"] in fleet.environments} for row in _priced(rows[:SHOWN])],
        "tabs": [
            ("longest", gettext("Stops that save most"), one["stops"], view.url(show="longest")),
            ("regrets", gettext("Regrets"), one["regretted"], view.url(show="regrets")),
        ],
        "short": days < view.days * SHORT,
        "recorded": result["last"] - result["first"],
        "csv_url": view.url(format="csv"),
        "curve_csv_url": view.url(format="csv", of="limits"),
        "priced": any(each["amount"] is not None for each in limits),
        "own": result["too_many"] if view.policy is not None and view.limit == view.policy.idle else None,
        "currency": settings.CURRENCY,
    }


def _with_money(one: dict[str, Any], view: Asked) -> dict[str, Any]:
    return {
        **one,
        "regretted": one["back"] + one["work"],
        "amount": _amount(one["money"]),
        "url": view.url(idle=as_typed(one["limit"])),
        "current": one["limit"] == view.limit,
    }


def _amount(written: str | None) -> Decimal | None:
    return None if written is None else Decimal(written)


def _priced(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return ({**row, "amount": _amount(row["money"])} for row in rows)


def _csv(request: HttpRequest, view: Asked, replay: Replay) -> StreamingHttpResponse:
    """The curve, or the stops and regrets that are kept of the limit that is looked at."""
    limits, currency = replay.result["limits"], settings.CURRENCY.lower()
    name = f"what-if-{view.days}-days"
    if request.GET.get("of") == "limits":
        heads = ["idle limit", "stops", "environments", "hours saved", f"estimate {currency}", "regrets"]
        return download(f"{name}-limits", heads, (_limit_cells(one) for one in limits))
    one = next((one for one in limits if one["limit"] == view.limit), limits[0])
    known = {(row["id"], row["at"]): row for row in (*one["listed"], *one["regrets"])}
    heads = ["environment", "id", "stopped at", "until", "because", "hours saved", f"estimate {currency}"]
    heads += ["regret", "minutes until somebody was back", "who came back"]
    rows = sorted(known.values(), key=lambda row: (row["at"], row["id"]))
    return download(f"{name}-{view.typed}", heads, (_cells(row) for row in rows))


def _limit_cells(one: dict[str, Any]) -> list[Any]:
    saved, regrets = f"{one['saved'] / 3600:.3f}", one["back"] + one["work"]
    return [length(one["limit"]), one["stops"], one["environments"], saved, one["money"] or "", regrets]


ENDS = {"back": "somebody was back", "stopped": "it really stopped", "record": "the record ends"}


def _cells(row: dict[str, Any]) -> list[Any]:
    moments = [timezone.localtime(datetime.fromtimestamp(row[name], UTC)) for name in ("at", "until")]
    times = [at.isoformat(timespec="seconds") for at in moments]
    after = f"{row['after'] / 60:.1f}" if row["regret"] else ""
    saved, ended = f"{row['saved'] / 3600:.3f}", ENDS[row["end"]]
    regret = {"": "", "back": "somebody was back", "work": "work was under way"}[row["regret"]]
    return [row["name"], row["id"], *times, ended, saved, row["money"] or "", regret, after, row["word"]]
