"""What stands before the API: a browser's cookies count for nothing there, and no answer of it is a page."""

from django.http import HttpRequest, HttpResponse

from dashboard.web.api.problems import PROBLEM, answer
from dashboard.web.http import GetResponse

ROOT = "/api/v1/"
ADDRESSES = "dashboard.api_urls"
"""Where they stand; loaded by the first request that comes through the door."""
WORDS = {
    400: "This request cannot be read.",
    404: "There is no such address. Those that there are stand in openapi.json.",
    405: "This address does not take that method.",
    413: "This is more than a request may carry.",
    429: "Too many requests. Wait for as many seconds as Retry-After says.",
    500: "Something broke here. The id in X-Request-ID finds it in the log.",
    503: "The dashboard's database does not answer. What is sent again with its Idempotency-Key is done once.",
}


def api_door(get_response: GetResponse) -> GetResponse:
    """Middleware, before sessions. Without cookies a request proves nothing but its token: so no other site can have a
    browser send one, and no form token is needed.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ROOT):
            return get_response(request)
        request.urlconf = ADDRESSES
        request.META.pop("HTTP_COOKIE", None)
        request.COOKIES = {}
        response = get_response(request)
        if response.status_code >= 400 and response.get("Content-Type", "") != PROBLEM:
            response = _as_problem(response)
        response["Cache-Control"] = "no-store"
        response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
        response["X-Content-Type-Options"] = "nosniff"
        response.cookies.clear()
        return response

    return middleware


def _as_problem(response: HttpResponse) -> HttpResponse:
    kept = {name: response[name] for name in ("Allow", "Retry-After", "WWW-Authenticate") if name in response}
    return answer(response.status_code, WORDS.get(response.status_code, ""), headers=kept)
