"""Does anything cross between two organisations? Two real ones side by side, and everything of one tried at the other.

python -m scripts.organisations

Starts `manage.py up --organisations 2` in a temporary folder, signs in to both through the one port, makes one of
everything in the first, and asks the second for it: as itself, and with what the first gave out. Exit code 1 when
anything crossed.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 240
NAMES = ("acme", "borealis")
POLICY = {"name": "Nightly of acme", "scope": "phase:running", "idle": "2h", "act": "stop", "zone": "UTC"} | {
    "most_a_run": "20",
    "most_an_hour": "60",
    "then": "save",
}


@dataclass
class Person:
    """The admin of one organisation, in a browser of their own."""

    url: str
    slug: str
    password: str
    browser: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60))

    def address(self, path: str) -> str:
        return f"{self.url}/o/{self.slug}{path}"

    def get(self, path: str) -> httpx.Response:
        return self.browser.get(self.address(path))

    def post(self, path: str, token: str | None = None, **fields: str) -> httpx.Response:
        told = {"csrfmiddlewaretoken": self.token() if token is None else token} | fields
        return self.browser.post(self.address(path), data=told, headers={"Referer": self.address(path)})

    def token(self) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get("/accounts/login/").text)
        must(found, "no token")
        return str(found[1]) if found else ""

    def sign_in(self, password: str | None = None) -> bool:
        answer = self.post("/accounts/login/", username="admin", password=password or self.password)
        return answer.status_code == 302

    def environments(self) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = self.get("/environments/?q=phase:running&format=json").json()
        return rows

    def cookie(self, kind: str) -> str:
        return str(self.browser.cookies.get(f"ona_{kind}_{self.slug}") or "")


def must(held: object, what: str) -> None:
    """What has to be so before anything can be tried."""
    if not held:
        raise SystemExit(what)


class Tally:
    """What was tried, and what crossed."""

    def __init__(self) -> None:
        self.crossed = 0

    def __call__(self, what: str, held: object) -> None:
        self.crossed += not held
        print(f"{'apart  ' if held else 'CROSSED'}  {what}", flush=True)


@contextmanager
def two(port: int) -> Iterator[tuple[Path, Person, Person]]:
    with tempfile.TemporaryDirectory(prefix="ona-two-") as folder:
        said = Path(folder) / "said"
        command = [sys.executable, "manage.py", "up", "--port", str(port), "--organisations", "2"]
        with said.open("w") as output:
            process = subprocess.Popen(
                [*command, "--environments", "30"],
                cwd=ROOT,
                stdout=output,
                stderr=output,
                env={"PATH": "/usr/bin:/bin", "VAR_DIR": f"{folder}/var"},
            )
        try:
            passwords = _started(said)
            url = f"http://127.0.0.1:{port}"
            acme, borealis = (Person(url, *told) for told in zip(NAMES, passwords, strict=True))
            yield Path(folder) / "var", acme, borealis
        finally:
            process.terminate()
            process.wait()


def _started(said: Path) -> list[str]:
    """Passwords of both admins."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        passwords = re.findall(r"^ +admin +(\S+)$", said.read_text(), re.MULTILINE)
        if "Dashboard: " in said.read_text() and len(passwords) == len(NAMES):
            return passwords
        time.sleep(0.5)
    raise SystemExit(f"They did not start:\n{said.read_text()}")


def _read(person: Person) -> list[dict[str, str]]:
    end = time.monotonic() + START_SECONDS
    while not (found := person.environments()):
        must(time.monotonic() < end, f"{person.slug} has read no fleet")
        time.sleep(0.5)
    return found


def signing_in(tally: Tally, acme: Person, borealis: Person) -> None:
    tally("a password of one opens nothing in the other", not borealis.sign_in(acme.password))
    must(acme.sign_in() and borealis.sign_in(), "nobody could sign in")
    names = {cookie.name for cookie in acme.browser.cookies.jar}
    paths = {cookie.path for cookie in acme.browser.cookies.jar}
    tally(
        f"cookies have the path and the name of their organisation: {', '.join(sorted(names))}",
        paths == {"/o/acme/"},
    )
    seen = httpx.Client(timeout=60, cookies=acme.browser.cookies).get(borealis.address("/environments/"))
    tally("a browser that is signed in to one is nobody in the other", seen.status_code == 302)
    forged = {"ona_session_borealis": acme.cookie("session"), "ona_csrf_borealis": acme.cookie("csrf")}
    seen = httpx.get(borealis.address("/environments/"), cookies=forged, timeout=60)
    tally("the session of one is unknown to the other, even under its name", seen.status_code == 302)


def forms(tally: Tally, acme: Person, borealis: Person, ours: str, theirs: str) -> None:
    fields = {"name": "View of acme", "query": "phase:running"}
    refused = borealis.post("/views/new/environments/", token=acme.token(), **fields)
    tally("a form with the token of one is refused by the other", refused.status_code == 403)
    stolen = {"ona_session_borealis": acme.cookie("session"), "ona_csrf_borealis": borealis.cookie("csrf")}
    told = {"csrfmiddlewaretoken": borealis.token(), "reason": "x"}
    at = borealis.address(f"/environments/{theirs}/stop/")
    refused = httpx.post(at, data=told, cookies=stolen, headers={"Referer": at}, timeout=60)
    tally(
        "an action with the session of one leads to the sign-in of the other",
        "/accounts/login/" in refused.headers.get("location", ""),
    )
    asked = borealis.post(f"/environments/{ours}/stop/", reason="x")
    tally("an environment of one cannot be stopped from the other", asked.status_code == 404)


def things(tally: Tally, acme: Person, borealis: Person, ours: dict[str, str]) -> None:
    """One of everything is made at the first; the second knows none of it."""
    until = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    made = {
        "saved view": acme.post("/views/new/environments/", name="View of acme", query="phase:running"),
        "exemption": acme.post(f"/environments/{ours['id']}/exempt/", until=until, reason="Kept by acme"),
        "policy": acme.post("/idle/policies/new/", **POLICY),
        "action": acme.post(f"/environments/{ours['id']}/stop/", reason="Stopped by acme"),
    }
    for what, answer in made.items():
        must(answer.status_code == 302, f"no {what} was made: {answer.status_code} {_why(answer)}")
    marks = {
        "View of acme": "/views/",
        "Kept by acme": "/idle/exemptions/",
        "Nightly of acme": "/idle/policies/",
        ours["id"]: "/activity/",
    }
    for mark, path in marks.items():
        must(mark in acme.get(path).text, f"{mark} is not at {path} of acme")
        tally(f"{path} of one shows nothing of the other", mark not in borealis.get(path).text)
    views = re.findall(r"/o/acme(/views/[0-9a-f-]{36}/)", acme.get("/views/").text)
    policies = re.findall(r"/o/acme(/idle/policies/[0-9a-f-]{36}/)", acme.get("/idle/policies/").text)
    ends = re.findall(r"/o/acme(/idle/exemptions/[0-9a-f-]{36}/end/)", acme.get("/idle/exemptions/").text)
    for path in {*views, *policies, *ends, f"/environments/{ours['id']}/"}:
        must(acme.get(path).status_code in {200, 405}, path)
        status = (
            borealis.get(path).status_code if not path.endswith("/end/") else borealis.post(path).status_code
        )
        tally(f"{re.sub('[0-9a-f-]{36}', '…', path)} of one is unknown to the other", status == 404)


def _why(answer: httpx.Response) -> str:
    return " ".join(re.findall(r'class="[^"]*(?:error|bad)[^"]*"[^>]*>([^<]+)', answer.text))[:300]


def processes(tally: Tally, var: Path) -> None:
    """What the environment of the processes of one holds."""
    up = {name: json.loads((var / "organisations" / name / "up.json").read_text())["pids"] for name in NAMES}
    environs = {
        name: [(Path("/proc") / str(pid) / "environ").read_text() for pid in pids.values()]
        for name, pids in up.items()
    }
    for name, other in (NAMES, NAMES[::-1]):
        held = not any(f"organisations/{other}" in one for one in environs[name])
        tally(f"no process of {name} knows a folder, database or Redis of {other}", held)


def main() -> int:
    tally = Tally()
    with two(8941) as (var, acme, borealis):
        signing_in(tally, acme, borealis)
        ours, theirs = _read(acme), _read(borealis)
        tally(
            "the fleets have no environment in common",
            not {one["id"] for one in ours} & {one["id"] for one in theirs},
        )
        forms(tally, acme, borealis, ours[0]["id"], theirs[0]["id"])
        things(tally, acme, borealis, ours[0])
        processes(tally, var)
        page = acme.get("/environments/")
        leads = re.findall(r'\s(?:href|src|action|hx-get|hx-post)="(/[^"]*)"', page.text)
        outside = sorted({url for url in leads if not url.startswith("/o/acme/")})
        tally(f"a page leads outside by the switcher only: {' '.join(outside)}", outside == ["/o/borealis/"])
    print(f"{tally.crossed} crossed")
    return 1 if tally.crossed else 0


if __name__ == "__main__":
    sys.exit(main())
