"""The front door: `Ona.open(base_url, api_key)`."""

import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx

from dashboard.ona.automations import Automations
from dashboard.ona.directory import Directory
from dashboard.ona.environments import Environments
from dashboard.ona.events import Events
from dashboard.ona.http import Bearer, Wire, api_address, new_client
from dashboard.ona.pace import Pace, Unpaced
from dashboard.ona.transport import Transport


class Ona:
    """The API with one key. Threads may share it; use it as a context manager, or close it."""

    def __init__(self, transport: Transport, owned: httpx.Client | None) -> None:
        """Use `open`. `owned` is closed with this object."""
        self._transport, self._owned = transport, owned
        self.environments = Environments(transport)
        self.automations = Automations(transport)
        self.directory = Directory(transport)
        self.events = Events(transport)

    @classmethod
    def open(  # noqa: PLR0913 - each is one knob with a name
        cls,
        base_url: str,
        api_key: str,
        *,
        newer_key: Callable[[str], str] | None = None,
        pace: Pace | None = None,
        http: httpx.Client | None = None,
        timeout: float = 10.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        rng: Callable[[], float] = random.random,
    ) -> Self:
        """Prepares calls to `base_url` (`https://app.gitpod.io/api`); nothing is sent yet.

        `timeout` is in seconds, for each read and write; `clock` gives epoch seconds; `rng` gives 0.0 to 1.0.
        `newer_key` is asked, with the key, for another one when the API refuses it. An `http` that is passed in stays
        the caller's to close. ValueError when the address or the key cannot be used.
        """
        address, key = api_address(base_url), Bearer(api_key, newer_key)
        client = http if http is not None else new_client()
        wire = Wire(client, key, pace if pace is not None else Unpaced(), timeout, clock)
        return cls(Transport(address, wire, sleep, rng), client if http is None else None)

    @property
    def requests(self) -> int:
        """HTTP requests sent so far, retries and redirects included."""
        return self._transport.wire.requests

    @property
    def clock_ahead(self) -> float | None:
        """Seconds by which the API's clock was ahead of ours at the last answer; None while that is not known."""
        return self._transport.wire.ahead

    def close(self) -> None:
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
