"""A Valkey of a test's own, which it may kill, pause and start again."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dashboard.stack import parts
from tests.conftest import until


@dataclass
class OwnValkey:
    folder: Path
    process: subprocess.Popen | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "own.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        spec = parts.valkey(self.socket, self.folder)
        self.process = subprocess.Popen(spec.argv, stdout=subprocess.DEVNULL)
        until(lambda: spec.ready(""))

    def kill(self) -> None:
        """At once, without saving anything."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)


@contextmanager
def own_valkey() -> Iterator[OwnValkey]:
    """In a short path of its own: a unix socket's may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="ona-own-") as folder:
        server = OwnValkey(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()
