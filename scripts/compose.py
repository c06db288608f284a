"""What docker-compose.yml and the Dockerfile say of each service, for running it as a process of this machine."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
OURS = ("web", "worker", "watch", "beat")
"""The services that are the dashboard."""


class Missing(Exception):
    """A variable that the file demands has no value."""


@dataclass(frozen=True)
class Service:
    """`command` as words, `environment` as the container would have it, seconds of `grace` between TERM and KILL."""

    command: list[str]
    environment: dict[str, str]
    check: list[str]
    grace: float


def services() -> dict[str, Any]:
    """The file's services as they are written."""
    known: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return dict(known["services"])


def service(name: str, given: Mapping[str, str]) -> Service:
    """One service; `given` is what `.env` would hold. Raises Missing."""
    written = services()[name]
    command = interpolated(str(written["command"]), given) if "command" in written else ""
    told = {key: interpolated(str(value), given) for key, value in written.get("environment", {}).items()}
    ours = image_variables() if written["image"] == "ona-dashboard" else {}
    test = written.get("healthcheck", {}).get("test", ["NONE"])
    check = shlex.split(test[1]) if test[0] == "CMD-SHELL" else list(test[1:])
    grace = float(str(written.get("stop_grace_period", "10s")).removesuffix("s"))
    return Service(shlex.split(command) or image_command(), ours | told, check, grace)


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """As compose does it: `${A}`, `${A:-default}`, `${A:?what to set}`; raises Missing for the last."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found[1], found[2] or "", found[3] or ""
        if kind == ":?" and not given.get(name):
            raise Missing(f"{name}: {rest}")
        return given.get(name) or (rest if kind == ":-" else "")

    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", value, text)


def image_command() -> list[str]:
    """What the image runs where the file names no command."""
    return re.findall(r'"([^"]+)"', _dockerfile().rpartition("\nCMD [")[2])


def image_variables() -> dict[str, str]:
    """What the last stage of the image sets, without PATH and VAR_DIR, which are places in it."""
    words = re.findall(r"^ENV (.+)$", _dockerfile(), re.MULTILINE)[-1].split()
    found = dict(word.split("=", 1) for word in words)
    return {name: value for name, value in found.items() if name not in {"PATH", "VAR_DIR"}}


def _dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")
