"""Any request at all: every address by every method, with parameters of the pages and values that belong nowhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse
from hypothesis import strategies as st

from dashboard.api_urls import urlpatterns
from dashboard.web.api.door import ADDRESSES

ROOT = Path(__file__).parents[2]
METHODS = ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
MARK = "<script>fuzz</script>"
HOSTILE = (
    "", " ", "0", "-1", "1", "99999999999999999999", "1e999", "nan", "null", "undefined", "[]", "{}",
    MARK, '"onmouseover=fuzz x="', "{{ settings.SECRET_KEY }}", "'; DROP TABLE control_action; --", "%00", "\x00",
    "%0d%0aSet-Cookie: fuzz=1", "\r\nSet-Cookie: fuzz=1", "//evil.example", "https://evil.example/",
    "javascript:alert(1)", "\\\\evil.example", "../../etc/passwd", "phase:running", "idle:>2h -creator:x", 'project:"',
    "age:>999999w", "act:refused", "(" * 400, "x" * 5000, "💥", "\u202e", "2026-02-30", "9999-12-31",
    "0000-00-00", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
BODIES = (
    b"",
    b"{",
    b"{}",
    b"null",
    b"[" * 2000,
    b"\xff\xfe",
    b"a=%ff&b",
    b"--x\r\nContent-Disposition: form-data",
)
TYPES = (
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/csp; charset=x",
    "",
)
HEADERS: Mapping[str, tuple[str, ...]] = {
    "HX-Request": ("true", "nonsense"),
    "HX-Current-URL": ("http://testserver/idle/?q=x", "javascript:alert(1)", "\x00"),
    "HX-Boosted": ("true",),
    "Referer": ("https://evil.example/", "http://testserver/"),
    "X-Forwarded-For": ("127.0.0.1",),
    "X-Forwarded-Proto": ("https", "x"),
    "X-Forwarded-Host": ("evil.example",),
    "X-HTTP-Method-Override": ("DELETE",),
    "OnaUser": ("admin",),
    "OnaGroups": ("admins",),
    "Authorization": ("Bearer x", "Basic YWRtaW46YWRtaW4="),
    "Accept-Language": ("x" * 300,),
    "If-None-Match": ('"x"',),
    "Range": ("bytes=0-1",),
}


@dataclass(frozen=True)
class Asked:
    """One request, printed whole where it is found to be wrong."""

    name: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    body: tuple[bytes, str] = (b"", "")
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, browser: Client) -> HttpResponse:
        """Raises nothing that the application raises: that is a 500 then, as on a server."""
        browser.raise_request_exception = False
        sent: dict[str, Any] = {"query_params": dict(self.query), "headers": dict(self.headers)}
        if self.form is not None and self.method == "POST":
            return browser.post(self.path, dict(self.form), **sent)
        return browser.generic(self.method, self.path, *self.body, **sent)


def words() -> list[str]:
    """Every parameter that a page or a form of ours names."""
    found: set[str] = set()
    for path in [*ROOT.glob("dashboard/web/**/*.py"), *ROOT.glob("templates/**/*.html")]:
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'(?:GET|POST)(?:\.get|\.getlist)?[(\[]"(\w+)"', text))
        found |= set(re.findall(r'<(?:input|select|textarea|button)[^>]* name="([\w-]+)"', text))
        found |= set(re.findall(r"(\w+) = (?:forms\.)?\w+Field\(", text))
    return sorted(found | {"seen", "shown"})


def requests(ids: list[str], deeds: list[str]) -> st.SearchStrategy[Asked]:
    """`ids` are those of resources and of what people made; `deeds` what may be done to them."""
    text = st.one_of(st.sampled_from(HOSTILE), st.sampled_from([*ids, *deeds]), st.text(max_size=40))
    parameters = st.dictionaries(st.sampled_from(words()), text, max_size=6)
    headers = st.lists(st.sampled_from(sorted(HEADERS)), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: st.sampled_from(HEADERS[name]) for name in names})
    )

    @st.composite
    def build(draw: st.DrawFn) -> Asked:
        pattern = draw(st.sampled_from(urlpatterns))
        return Asked(
            name=str(pattern.name),
            method=draw(st.sampled_from(("GET", "POST", "POST", *METHODS))),
            path=_path(draw, pattern, ids, deeds),
            query=draw(parameters),
            form=draw(st.one_of(st.none(), parameters, parameters)),
            body=(draw(st.sampled_from(BODIES)), draw(st.sampled_from(TYPES))),
            headers=draw(headers),
        )

    return build()


def _path(draw: st.DrawFn, pattern: URLPattern, ids: list[str], deeds: list[str]) -> str:
    """Its address, with what it takes or, where that is refused, with something that does not belong there."""
    arguments = {}
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__
        likely = deeds if kind == "SlugConverter" else ids
        arguments[name] = draw(
            st.one_of(st.sampled_from(likely), st.sampled_from(likely), st.sampled_from(HOSTILE))
        )
    try:
        return reverse(str(pattern.name), ADDRESSES, kwargs=arguments)
    except (NoReverseMatch, ValueError, AttributeError, TypeError):
        odd = re.sub(
            r"<[^>]+>", lambda _: draw(st.sampled_from(("x", "%00", "%2e%2e", "0"))), str(pattern.pattern)
        )
        return f"/{odd}".replace("^", "").replace("$", "")
