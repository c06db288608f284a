"""The last resort of `manage.py up`: ends its children when it could not (`kill -9`, out of memory).

    python guard.py < pipe

Every child writes `+name pid` to the pipe before it becomes what it is; the supervisor writes `-name pid` when
that child's process group is gone. The supervisor alone keeps the pipe open, so its end is the supervisor's end,
however it came; what is still noted then is ended, what others need last. Standard library only: it must start
at once and outlive everything.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable

GENTLE_SECONDS = 1.5
STEP_SECONDS = 0.05
LAST = ("valkey", "simulator")
"""Children that others need to finish what they are doing."""


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end(groups: Iterable[int]) -> None:
    """Asks the leader of each process group to end, then kills what is left of the group."""
    groups = list(groups)
    for group in filter(is_alive, groups):
        try:
            os.kill(group, signal.SIGTERM)
        except ProcessLookupError:
            os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + GENTLE_SECONDS
    while any(map(is_alive, groups)) and time.monotonic() < deadline:
        time.sleep(STEP_SECONDS)
    for group in filter(is_alive, groups):
        os.killpg(group, signal.SIGKILL)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    noted: dict[int, str] = {}
    for line in sys.stdin:
        name, pid = line[1:].split()
        if line.startswith("+"):
            noted[int(pid)] = name
        else:
            noted.pop(int(pid), None)
    end(pid for pid, name in noted.items() if name not in LAST)
    end(pid for pid, name in noted.items() if name in LAST)


if __name__ == "__main__":
    main()
