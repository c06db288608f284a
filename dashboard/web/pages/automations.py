"""The automations file of an environment: shown, edited, compared with what is there, and sent.

Three steps of one form, each a plain POST: the editor, with what is wrong at each line; a preview of what would
change; the action. The file travels with the form, so that nothing is kept of what is never sent. What it was made
from travels as a fingerprint: when the services and tasks have changed since, the page says so.
"""

import logging
import time
from dataclasses import dataclass, replace
from typing import Any, cast

from celery.exceptions import CeleryError
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods
from kombu.exceptions import KombuError

from dashboard import jobs
from dashboard.control import ledger
from dashboard.control.automations_file import EXAMPLE, Checked, Comparison, check, compare, write
from dashboard.control.models import State
from dashboard.control.permissions import refusal
from dashboard.control.verbs import RULES, Params, Verb, mistake
from dashboard.fleet.bounds import LONGEST_FILE
from dashboard.fleet.details import AUTOMATIONS_FILE, TOO_LONG, CurrentFile
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.store import StoreError
from dashboard.web.http import found_or_404, is_fragment, moment, signed_in, text_of, varied

logger = logging.getLogger(__name__)
VERB = Verb.UPSERT_AUTOMATIONS
FRESH = 10.0
"""Seconds for which the file that was read counts as the one there is now."""
MOST_TRIES = 15
"""Seconds that a page which waits for the file asks for it again, once each second."""
LIVE = frozenset({"starting", "running", "stopping"})


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, identifier: str) -> HttpResponse:
    row = cast("Environment", found_or_404(request, Kind.ENVIRONMENT, identifier))
    if is_fragment(request):  # from a menu that opens dialogs: this takes a page
        response = HttpResponse(status=204)
        response["HX-Redirect"] = request.path
        return response
    desk = Desk(request, row, refusal(signed_in(request), VERB, row, moment(request).fleet))
    if request.method == "GET":
        return varied(desk.download() if "download" in request.GET else desk.open())
    if desk.refused:
        raise PermissionDenied(desk.refused)
    return varied(desk.answer())


@dataclass(frozen=True)
class Desk:
    """One environment's file, as one request sees it. `refused` is why its person may only read, or ""."""

    request: HttpRequest
    row: Environment
    refused: str

    @property
    def path(self) -> str:
        return reverse("environments-automations", args=[self.row.id])

    @property
    def home(self) -> str:
        return reverse("environments-detail", args=[self.row.id])

    def current(self) -> tuple[CurrentFile | None, bool]:
        """What the store knows, and whether that is fresh; if it is not, the workers are asked to read it."""
        try:
            found = jobs.parts.store().detail(AUTOMATIONS_FILE, self.row.id)
            file = found if isinstance(found, CurrentFile) else None
            fresh = file is not None and time.time() - file.read_at < FRESH
            if not fresh:
                jobs.read_automations_file.delay(self.row.id)
        except (StoreError, CeleryError, KombuError, OSError) as error:
            logger.warning("no automations file of %s: %s", self.row.id, type(error).__name__)
            return None, False
        return _bounded(file), fresh

    # Reading

    def open(self) -> HttpResponse:
        file, fresh = self.current()
        if file is None or not fresh:
            return self.wait()
        if "new" in self.request.GET:
            return self.editor(file, EXAMPLE)
        return self.editor(file, write(file))

    def wait(self) -> HttpResponse:
        """A page that comes back by itself, without JavaScript too, until the workers have read the file."""
        tries = _number(self.request.GET.get("try", ""))
        response = self.page("waiting", {"over": tries >= MOST_TRIES})
        if tries < MOST_TRIES:
            address = self.request.GET.copy()
            address["try"] = str(tries + 1)
            response["Refresh"] = f"1; url={self.path}?{address.urlencode()}"
        return response

    def download(self) -> HttpResponse:
        file, fresh = self.current()
        if file is None or not fresh or file.trouble:
            return redirect(self.path)
        response = HttpResponse(write(file), content_type="application/yaml; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="automations.yaml"'
        return response

    # Writing

    def answer(self) -> HttpResponse:
        """To one of the form's buttons: edit, preview or apply."""
        text = text_of(self.request.POST.get("text", "")).replace("\r\n", "\n").replace("\r", "\n")
        step, (file, _) = self.request.POST.get("step", "preview"), self.current()
        if file is None or file.trouble:
            return self.editor(file, text, status=422)
        if step == "edit":
            return self.editor(file, text)
        checked = _checked(text, file)
        if checked.mistakes:
            return self.editor(file, text, checked, status=422)
        if step == "apply" and self.request.POST.get("base") == file.fingerprint:
            return self.apply(file, text, checked)
        return self.preview(file, text, checked)

    def apply(self, file: CurrentFile, text: str, checked: Checked) -> HttpResponse:
        comparison = compare(file, checked.file)
        if not comparison.changes:
            return self.preview(file, text, checked)
        params = _params(file, checked, comparison)
        asked = ledger.request(
            signed_in(self.request),
            VERB,
            self.row,
            moment(self.request).fleet,
            now=ledger.utc_now(),
            enqueue=jobs.enqueue_action,
            reason=" ".join(text_of(self.request.POST.get("reason", "")).split()),
            params=params,
        )
        if not asked.new and asked.action.params != params:
            return self.preview(file, text, checked, others=asked.action.actor_name)
        self.say(asked)
        return redirect(self.home)

    def say(self, asked: ledger.Request) -> None:
        what = gettext("The automations file of “{name}”").format(name=self.row.name)
        if not asked.new:
            messages.warning(
                self.request,
                gettext("{what} was sent already by {actor_name}.").format(
                    what=what, actor_name=asked.action.actor_name
                ),
            )
        elif asked.action.state == State.SKIPPED:
            messages.warning(
                self.request,
                gettext("{what} was skipped: {outcome}.").format(what=what, outcome=asked.action.outcome),
            )
        else:
            messages.success(self.request, gettext("{what} is on its way.").format(what=what))

    # Pages

    def editor(
        self, known: CurrentFile | None, text: str, checked: Checked | None = None, status: int = 200
    ) -> HttpResponse:
        """With nothing `known` of what is there, the text comes back as it was sent."""
        file = known or CurrentFile(self.row.id)
        context = {
            "text": text,
            "mistakes": checked.mistakes if checked else (),
            "base": self.request.POST.get("base") or file.fingerprint,
            "untold": [one for one in file.entries if one.unsaid],
            "left_out": [one for one in file.entries if one.left_out],
            "unread": known is None,
            "longest": LONGEST_FILE,
            "new": "new" in self.request.GET,
        }
        return self.page("editor", {"file": file, **context}, status)

    def preview(self, file: CurrentFile, text: str, checked: Checked, others: str = "") -> HttpResponse:
        opened = self.request.POST.get("base", "")
        comparison = compare(file, checked.file)
        services = moment(self.request).fleet.services
        running = [
            one.reference for one in comparison.changed if (row := services.get(one.id)) and row.phase in LIVE
        ]
        context = {
            "text": text,
            "base": file.fingerprint,
            "comparison": comparison,
            "moved": bool(opened) and opened != file.fingerprint and comparison.changes,
            "others": others,
            "running": running,
            "pointless": RULES[VERB].pointless(self.row),
            "reason": text_of(self.request.POST.get("reason", "")),
        }
        status = 409 if others or (context["moved"] and self.request.POST.get("step") == "apply") else 200
        return self.page("preview", {"file": file, **context}, status)

    def page(self, name: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        shared = {"row": self.row, "refused": self.refused, "path": self.path, "home": self.home}
        return render(self.request, f"automations/{name}.html", shared | context, status=status)


def _bounded(file: CurrentFile | None) -> CurrentFile | None:
    """A file that would be refused when it is sent back is not offered for editing."""
    if file is None or file.trouble or len(write(file)) <= LONGEST_FILE:
        return file
    return replace(file, entries=(), trouble=TOO_LONG)


def _checked(text: str, file: CurrentFile) -> Checked:
    """What the check found; should the API's own rules refuse more than it knows of, that is said as well."""
    checked = check(text, file)
    if checked.mistakes:
        return checked
    place, rule = mistake(VERB, {"file": checked.file})
    return checked.refused(place, rule) if rule else checked


def _params(file: CurrentFile, checked: Checked, comparison: Comparison) -> Params:
    return {
        "file": checked.file,
        "base": file.fingerprint,
        "adds": [one.reference for one in comparison.added],
        "changes": [one.reference for one in comparison.changed],
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
