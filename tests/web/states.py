"""What pages show when a form is wrong, a question is put, somebody may not, or something is away."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace

from django.http import HttpResponse
from django.utils import timezone

from dashboard.control.models import Batch, IdlePolicy
from dashboard.control.policies import runs as policy_runs
from dashboard.fleet import remarks
from dashboard.fleet.entities import Environment
from dashboard.fleet.store import Observation, Sweep
from dashboard.fleet.trouble import meaning
from dashboard.ona import errors
from tests.web.conftest import HTMX, Dashboard
from tests.web.test_database_outage import no_database
from tests.web.test_policies import GOOD

Pages = Iterator[tuple[str, HttpResponse]]
GERMAN = {"Accept-Language": "de"}
FRACTION = re.compile(r' [a-z][a-z0-9-]*="-?[\d.]+,\d+"')
"""An attribute with a number as German writes it, which no browser reads."""


def states(dashboard: Dashboard) -> Pages:
    """Each with a name."""
    yield from forms_and_refusals(dashboard)
    yield from of_a_policy(dashboard)
    yield from of_a_batch(dashboard)
    yield from of_an_automations_file(dashboard)
    yield from of_polls(dashboard)
    yield from without_the_database(dashboard)


def forms_and_refusals(dashboard: Dashboard) -> Pages:
    running = dashboard.running().id
    for path in DIALOGS:
        yield f"dialog {path}", dashboard.get(path.format(id=running), **HTMX, **GERMAN)
    for path in FORMS:
        for fields in ({}, WRONG):
            answer = dashboard.clients["admin"].post(path.format(id=running), fields, headers=GERMAN)
            yield f"wrong {path} {len(fields)}", answer
    for path in REFUSED:
        yield f"refused {path}", dashboard.get(path.format(id=running), "viewer", **GERMAN)
    for path in MISTAKEN:
        yield path, dashboard.get(path, **GERMAN)
    wrong = {"username": "x", "password": "y"}
    yield "sign-in", dashboard.clients["anonymous"].post("/accounts/login/", wrong, headers=GERMAN)
    service = next(iter(dashboard.fleet.services))
    yield "log", dashboard.get(f"/services/{service}/log/", **GERMAN)


def of_a_policy(dashboard: Dashboard) -> Pages:
    admin, new = dashboard.clients["admin"], "/idle/policies/new/"
    policy = GOOD | {"scope": "phase:running"}
    yield "preview", admin.post(new, policy | {"then": "preview"}, headers=GERMAN)
    assert admin.post(new, policy | {"then": "save"}, headers=GERMAN).status_code == 302
    found = IdlePolicy.objects.get()
    policy_runs.run_all(dashboard.simulated.snapshot().now(), timezone.localtime())
    for page in ("", "edit/", "arm/", "pause/", "delete/"):
        yield f"policy {page}", dashboard.get(f"/idle/policies/{found.pk}/{page}", **GERMAN)


def of_a_batch(dashboard: Dashboard) -> Pages:
    """From its question to its end."""
    admin, chosen = dashboard.clients["admin"], [dashboard.running().id, dashboard.stopped().id, "gone"]
    yield "question", admin.post("/environments/bulk/", {"id": chosen, "deed": "stop"}, headers=GERMAN)
    path = f"/batches/{Batch.objects.get().pk}/"
    yield "without a reason", admin.post(f"{path}begin/", {}, headers=GERMAN)
    admin.post(f"{path}begin/", {"reason": "ada"}, headers=GERMAN)
    admin.post(f"{path}cancel/", headers=GERMAN)
    for page in (path, "/batches/", "/activity/"):
        yield page, dashboard.get(page, **GERMAN)
    yield "undo", admin.post(f"{path}undo/", {}, headers=GERMAN)


def of_an_automations_file(dashboard: Dashboard) -> Pages:
    running = dashboard.running().id
    path = f"/environments/{running}/automations/"
    dashboard.simulated.sync().automations_file(running)
    yield "file", dashboard.get(path, **GERMAN)
    for content in FILES:
        answer = dashboard.clients["admin"].post(path, {"step": "preview", "text": content}, headers=GERMAN)
        yield f"file {content}", answer


def of_polls(dashboard: Dashboard) -> Pages:
    """They failed, or were odd, or are long ago."""
    notes = list(remarks.notes([Observation(Environment("e", "e", "strange"), 0.0)], ()))
    trouble = meaning(errors.RateLimited("code", "ada"))
    for name in ("hot", "full"):
        sweep = Sweep(name, time.time() - 3600, 1.0, notes=notes)
        dashboard.simulated.store.record(sweep)
        yield f"stale {name}", dashboard.get("/system/", **GERMAN)
        dashboard.simulated.store.record(replace(sweep, error="ada", meaning=trouble))
        yield f"failed {name}", dashboard.get("/system/", **GERMAN)


def without_the_database(dashboard: Dashboard) -> Pages:
    running = dashboard.running().id
    for path in AWAY:
        dashboard.get(path.format(id=running))
    with no_database(dashboard):
        for path in AWAY:
            yield f"away {path}", dashboard.get(path.format(id=running), **GERMAN)


AWAY = ("/", "/environments/", "/environments/{id}/", "/activity/")
DIALOGS = (
    *(
        "/environments/{id}/stop/",
        "/environments/{id}/edit/",
        "/environments/{id}/delete/",
        "/environments/{id}/exempt/",
    ),
    *("/environments/{id}/edit-ports/", "/environments/{id}/add-service/", "/environments/{id}/add-task/"),
    *(
        "/columns/environments/",
        "/views/new/environments/?q=phase:running",
        "/filter/environments/",
        "/keys/",
        "/find/?q=ot",
    ),
    *(
        "/idle/channels/new/",
        "/webhooks/new/",
        "/environments/{id}/history/",
    ),
)
FORMS = (
    *("/environments/{id}/edit/", "/environments/{id}/exempt/", "/environments/{id}/edit-ports/"),
    *(
        "/environments/{id}/add-service/",
        "/environments/{id}/add-task/",
        "/environments/new/",
        "/idle/policies/new/",
    ),
    *(
        "/idle/exemptions/new/",
        "/idle/channels/new/",
        "/webhooks/new/",
        "/views/new/environments/",
        "/classes/prices/",
    ),
    *("/accounts/tokens/", "/idle/what-if/", "/environments/bulk/", "/idle/stop/", "/columns/environments/"),
)
WRONG = {
    "name": "a" * 300, "until": "soon", "scope": "fase:x", "q": "fase:x",
    "i": "idle:often", "kind": "webhook", "address": "ftp://x",
    "idle": "soon", "reference": "ä ö", "timeout": "1", "filter": "fase:x", "query": "fase:x", "price": "much",
    "days": "900",
    "during": "Xyz", "port": "1", "repository": "nowhere", "scopes": "ada", "expires": "soon",
}  # fmt: skip
REFUSED = (
    *(
        "/environments/new/",
        "/environments/{id}/stop/",
        "/idle/channels/",
        "/idle/policies/new/",
        "/webhooks/",
    ),
    *("/idle/exemptions/new/", "/classes/prices/", "/environments/{id}/", "/environments/{id}/automations/"),
)
MISTAKEN = (
    *(
        "/environments/?q=fase:running idle:often is:nice",
        "/services/?q=created:>x",
        "/activity/audit/?q=nofield:x number:x",
    ),
    *(
        "/activity/audit/?q=act:nothing age:=3d at:<x",
        "/environments/nothing/",
        "/idle/?limit=often",
        "/costs/?by=nothing",
    ),
    *("/help/", "/webhooks/", "/accounts/step-up/", "/idle/what-if/?q=fase:x"),
)
FILES = (
    "services:\n  web:\n    nam: x\n", "tasks: [", "a: &b c", "x",
    "services:\n  web:\n    name: 3\n    role: edtor\n",
    "tasks:\n  web:\n    name: x\n    command: y\n    dependsOn: [no]\n    prebuildRequiresSuccess: 3\n",
    "tasks:\n  fresh:\n    name: x\n    command: ada\n",
    "\x07", "a: \t- b", "services: {}", "tasks:\n  'ä': {name: x}\n",
)  # fmt: skip
