"""Who looks and who acts: pages that poll as an open tab does, and an admin who asks for one action after another."""

import json
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

from scripts.rolling.front import Answer, Front

EVERY = 2.0
"""Seconds between two polls of a page."""
PATHS = (
    "/",
    "/environments/",
    "/environments/?q=phase:running",
    "/environments/?sort=active",
    "/services/",
    "/tasks/",
    "/executions/",
    "/activity/",
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Person:
    """Somebody who is signed in; all their pages share the cookies, as in a browser."""

    front: Front
    cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self, name: str, password: str) -> "Person":
        self._keep(self.front.send("GET", "/accounts/login/", {}))
        self._keep(self.post("/accounts/login/", username=name, password=password))
        if "ona_session" not in self.cookies:
            raise SystemExit(f"{name} could not sign in.")
        return self

    def get(self, path: str, **headers: str) -> Answer:
        return self.front.send("GET", path, self._headers() | headers)

    def post(self, path: str, **fields: str) -> Answer:
        fields["csrfmiddlewaretoken"] = self.cookies.get("ona_csrf", "")
        return self.front.send("POST", path, self._headers() | FORM, urlencode(fields))

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    def _keep(self, answer: Answer) -> None:
        self.cookies |= dict(one.split("=", 1) for one in answer.cookies)


@dataclass
class Crowd:
    """Pages that are open until `close`; `looked` counts their polls, `changed` those that brought something."""

    over: threading.Event = field(default_factory=threading.Event)
    looked: int = 0
    changed: int = 0
    _threads: list[threading.Thread] = field(default_factory=list)

    def open(self, people: list[Person], many: int) -> None:
        for number in range(many):
            words = (people[number % len(people)], PATHS[number % len(PATHS)], EVERY * number / many)
            thread = threading.Thread(target=self._page, args=words, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _page(self, person: Person, path: str, first: float) -> None:
        self.over.wait(first)
        seen = ""
        while not self.over.is_set():
            answer = person.get(seen, **{"HX-Request": "true"}) if seen else person.get(path)
            self.looked += 1
            if answer.status == 200:
                self.changed += 1
                seen = poll_address(answer.body) or seen
            self.over.wait(EVERY)


def poll_address(page: str) -> str:
    """What the poller of a page, or of an answer to a poll, asks for next; "" where there is none."""
    found = re.search(r'<div id="poll" hx-get="([^"]*)"[^>]* hx-vals=(["\'])(.*?)\2', page)
    if found is None:
        return ""
    url, values = unescape(found[1]), json.loads(unescape(found[3]))
    return f"{url}{'&' if '?' in url else '?'}{urlencode(values)}"


def act(person: Person, addresses: Iterable[str], every: float) -> None:
    """Ask for one thing after another, as fast as one person may (120 forms a minute)."""
    for address in addresses:
        person.post(address, reason="rolling")
        time.sleep(every)
