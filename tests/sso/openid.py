"""A real OpenID provider (npm's certified oidc-provider), people who sign in there, and what may go wrong between."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from dashboard.stack.parts import free_port
from scripts.node import made_ready
from tests.conftest import until

CLIENT, SECRET = "ona-dashboard", "a secret: of the client"
PEOPLE = {
    "oda": {
        "email": "operator@example.com",
        "email_verified": True,
        "name": "Oda Perera",
        "groups": ["developers", "cyclists"],
    },
    "ada": {
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Admin",
        "groups": ["fleet-admins"],
    },
    "eve": {
        "email": "operator@example.com",
        "email_verified": False,
        "name": "Eve",
        "groups": ["developers"],
    },
    "vic": {"name": "Vic"},
}
Answer = Callable[[httpx.Response], httpx.Response]


@dataclass
class OpenId:
    """The provider. `keys` sign its tokens; `tell` changes what it knows."""

    port: int
    keys: list[RSAKey]
    client: dict[str, Any]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tell(self, **settings: Any) -> None:
        assert httpx.put(f"{self.issuer}/test", json=settings).status_code == 204

    def know(self, *keys: RSAKey) -> None:
        """Sign with the first of `keys`, and publish them all."""
        self.tell(jwks={"keys": [key.as_dict(private=True) for key in keys]})

    def reset(self) -> None:
        self.tell(people=PEOPLE, refresh=True, conform=True, client=self.client)
        self.know(*self.keys)

    def regroup(self, person: str, *groups: str) -> None:
        self.tell(people=PEOPLE | {person: PEOPLE[person] | {"groups": list(groups)}})

    def token(self, **claims: Any) -> str:
        """A token that is right in every way but `claims` (None: left out)."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT, "sub": "ada", "iat": now, "exp": now + 600}
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.keys[0].kid}, said, self.keys[0])


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@contextmanager
def running(*origins: str) -> Iterator[OpenId]:
    """The provider, for dashboards at `origins`."""
    key, port = new_key(), free_port()
    client = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [f"{origin}/accounts/sso/callback/" for origin in origins],
        "post_logout_redirect_uris": [f"{origin}/accounts/login/" for origin in origins],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "backchannel_logout_uri": f"{origins[-1]}/accounts/sso/logout/",
    }
    openid = OpenId(port, [key], client)
    settings = {
        "issuer": openid.issuer,
        "port": port,
        "client": client,
        "people": PEOPLE,
        "jwks": KeySet([key]).as_dict(private=True),
    }
    ready = made_ready(Path(__file__).with_name("provider"), "server.mjs")
    environ = {**os.environ, "PROVIDER": json.dumps(settings), "NODE_ENV": "production"}
    process = subprocess.Popen(
        [ready.node, str(ready.place / "server.mjs")], env=environ, stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: _answers(openid) or process.poll() is not None, 30)
        assert process.poll() is None
        yield openid
    finally:
        process.terminate()
        process.wait(20)


def _answers(openid: OpenId) -> bool:
    try:
        return httpx.get(f"{openid.issuer}/.well-known/openid-configuration").status_code == 200
    except httpx.HTTPError:
        return False


def pass_through(browser: httpx.Client, url: str, person: str, origin: str) -> str:
    """What somebody does at the provider: name and password, and yes. Returns where it sends them back to."""
    for _ in range(12):
        if url.startswith(origin):
            return url
        page = browser.get(url)
        if page.status_code == 200:
            prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
            action = re.search(r'action="([^"]+)"', page.text)
            assert prompt, page.text
            assert action, page.text
            fields = {"prompt": prompt[1], "login": person, "password": "any"}
            page = browser.post(urljoin(url, action[1]), data=fields)
        assert page.is_redirect, page.text
        url = urljoin(str(page.url), page.headers["Location"])
    raise AssertionError(f"never came back: {url}")


@dataclass
class Between(httpx.BaseTransport):
    """Between the dashboard and the provider: carries every call over the network, unless `down`, and lets a test
    change the answers of a path.
    """

    down: bool = False
    changes: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _network: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.down:
            raise httpx.ConnectError("nobody is there", request=request)
        response = self._network.handle_request(request)
        response.read()
        change = self.changes.get(request.url.path)
        return change(response) if change else response

    def change(self, path: str, **fields: Any) -> None:
        """Replace fields of the JSON that `path` answers; None leaves one out."""

        def changed(response: httpx.Response) -> httpx.Response:
            told = {**json.loads(response.content), **fields}
            return httpx.Response(
                response.status_code, json={name: value for name, value in told.items() if value is not None}
            )

        self.changes[path] = changed
