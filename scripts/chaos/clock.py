"""The stack's clock, which can be moved under processes that run: see moved.c."""

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("moved.c")


class StackClock:
    """Seconds by which the stack's time of day is ahead of this machine's. Without a C compiler it cannot be moved."""

    def __init__(self, folder: Path) -> None:
        path, self._library = folder / "clock", folder / "moved.so"
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._moved = mmap.mmap(file.fileno(), 8)
        self.variables = {"CHAOS_CLOCK": str(path), "LD_PRELOAD": str(self._library)} if self._made() else {}

    def _made(self) -> bool:
        compiler = shutil.which("cc") or shutil.which("gcc")
        command = [compiler or "cc", "-O2", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE)]
        return (
            compiler is not None and subprocess.run(command, check=False, capture_output=True).returncode == 0
        )

    @property
    def can_move(self) -> bool:
        return bool(self.variables)

    def move(self, seconds: int) -> None:
        self._moved[:] = struct.pack("q", seconds)
