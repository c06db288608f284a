"""The one API: its addresses, its document, and what becomes of what is raised."""

from copy import deepcopy
from functools import cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, get_script_prefix, path
from django.views.decorators.http import require_GET
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from dashboard.web.api import acts, ledger, many, reads, verdicts
from dashboard.web.api.door import ROOT
from dashboard.web.api.problems import PROBLEM, Place, Problem, ProblemDetails, answer

PREFIX = ROOT.removeprefix("/")
DESCRIPTION = """\
What the dashboard knows and does, for scripts. Send a personal token, made at `/accounts/tokens/`:
`Authorization: Bearer fleet_…`. Cookies count for nothing here.

A token opens what its person may at that moment, within its scopes: `read` for what is asked with GET, `act` for the
rest. 300 requests a minute and token; 429 says in `Retry-After` for how many seconds to wait.

Every error is `application/problem+json`. Lists take the filter language of the pages, and refuse what they cannot read
instead of leaving it out.
"""

api = NinjaAPI(
    title="Ona fleet dashboard",
    version="1",
    description=DESCRIPTION,
    docs_url=None,
    openapi_url=None,
    urls_namespace="api-v1",
)
api.add_router("", reads.router, tags=["fleet"])
api.add_router("", verdicts.router, tags=["idle"])
api.add_router("", ledger.router, tags=["ledger"])
api.add_router("", acts.router, tags=["acts"])
api.add_router("", many.router, tags=["acts"])


@api.exception_handler(Problem)
def _problem(_: HttpRequest, raised: Any) -> HttpResponse:
    answered: HttpResponse = raised.answer()
    return answered


@api.exception_handler(ValidationError)
def _not_valid(_: HttpRequest, raised: Any) -> HttpResponse:
    """In the words of pydantic, without what was sent."""
    places = tuple(
        Place(where=".".join(str(part) for part in one["loc"])[:200], message=str(one["msg"])[:300])
        for one in raised.errors[:20]
    )
    return answer(422, "Some of it is not as the document says.", errors=places)


@api.exception_handler(HttpError)
def _http_error(_: HttpRequest, raised: Any) -> HttpResponse:
    status = raised.status_code
    return answer(status, "The body is no JSON." if status == 400 else str(raised))


@api.exception_handler(Http404)
def _not_found(_: HttpRequest, raised: Any) -> HttpResponse:
    return answer(404, str(raised))


@api.exception_handler(PermissionDenied)
def _forbidden(request: HttpRequest, raised: Any) -> HttpResponse:
    request.why_refused = str(raised)  # type: ignore[attr-defined]
    return answer(403, str(raised))


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document, with the addresses as they are under whatever path the dashboard has."""
    return _document(f"{get_script_prefix()}{PREFIX}")


@cache
def _document(prefix: str) -> dict[str, Any]:
    """Errors are added here: the same ones everywhere."""
    found: dict[str, Any] = deepcopy(dict(api.get_openapi_schema(path_prefix=prefix)))
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    told = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**told.pop("$defs"), "ProblemDetails": told}
    error = {
        "description": "What is wrong, as problem details.",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    }
    for operations in found["paths"].values():
        for operation in operations.values():
            known = {str(status): said for status, said in operation["responses"].items()}
            for status in ("400", "401", "403", "404", "409", "413", "415", "422", "429", "503"):
                known.setdefault(status, error)
            operation["responses"] = known
            operation["operationId"] = operation["operationId"].rpartition("_api_")[2]
    return found


@require_GET
def openapi(_: HttpRequest) -> HttpResponse:
    return JsonResponse(document())


def addresses() -> list[URLPattern]:
    """Everything under `/api/v1/`, each with its name. What it takes is a token, which is looked at inside."""
    openapi.login_required = False  # type: ignore[attr-defined]
    found = [path(f"{PREFIX}openapi.json", openapi, name="api-openapi")]
    for pattern in api.urls[0]:
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            pattern.callback.login_required = False  # type: ignore[attr-defined]
            found.append(path(f"{PREFIX}{pattern.pattern}", pattern.callback, name=pattern.name))
    return found
