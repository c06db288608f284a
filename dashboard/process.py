"""Which process this is, and whether another one of this machine is still alive."""

import os
import socket


def this_process() -> str:
    """`host:pid`."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}"


def has_died(process: str) -> bool:
    """True when `process` ran on this machine and no longer does; of other machines nothing is known.

    A process id that is in use again reads as alive: then only time tells.
    """
    host, _, pid = process.rpartition(":")
    if host != socket.gethostname()[:100] or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
