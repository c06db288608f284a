"""A Valkey of the run's own."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.stack import parts

READY_SECONDS = 20.0


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Yields its address; it ends with the block."""
    path = folder / "valkey.sock"
    spec = parts.valkey(path, folder)
    with subprocess.Popen(spec.argv, stdout=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + READY_SECONDS
            while not spec.ready(""):
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit("Valkey did not start.")
                time.sleep(0.02)
            yield f"unix://{path}"
        finally:
            process.terminate()
