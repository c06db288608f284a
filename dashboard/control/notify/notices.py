"""What messages say. Texts of others are made harmless first: a name must not become a link, a mention or a header."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import get_script_prefix, reverse

from dashboard.control.models import Act, Action, Exemption, IdlePolicy, State, StopWarning
from dashboard.fleet.spans import time_of_day

LONGEST = 300
MOST_LISTED = 30
NO_LINK = "(No link: the dashboard does not know its own address, PUBLIC_URL.)"


def plain(text: str, longest: int = LONGEST) -> str:
    """A text of somebody else on one line, such that no mail program or chat makes a link or a mention of it."""
    kept = "".join(
        " " if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} else letter for letter in text
    )
    kept = " ".join(kept.split())
    kept = kept.replace("://", ": //").replace("](", "] (")
    kept = re.sub(r"(?i)\bwww\.", "www .", re.sub(r"@(?=\S)", "@\N{ZERO WIDTH SPACE}", kept))
    kept = kept.replace("<", "‹").replace(">", "›").replace("`", "'")  # noqa: RUF001 - like them, and harmless
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"


def link(name: str, *arguments: str) -> str:
    """An absolute address, "" where `PUBLIC_URL` is not set."""
    base = settings.PUBLIC_URL
    if not base:
        return ""
    return f"{base}/{reverse(name, args=arguments).removeprefix(get_script_prefix())}"  # which a worker may not have


@dataclass(frozen=True, slots=True)
class Idle:
    """An idle environment as a message speaks of it; `deadline` is None where nothing stops it."""

    identifier: str
    name: str
    because: str
    deadline: datetime | None = None

    @classmethod
    def of(cls, warning: StopWarning) -> "Idle":
        return cls(warning.environment_id, warning.name, warning.because, warning.deadline)


def clock(at: datetime, now: datetime) -> str:
    """A time for somebody elsewhere, with its zone: 18:40 UTC, on another day Mon 23 Nov 18:40 UTC."""
    zone = now.strftime("%Z") or "UTC"
    return f"{time_of_day(at.timestamp(), now)} {zone}"


ENDINGS = {
    Act.STOP: "A stop keeps files and commits; what runs ends. Whoever is active in it until then keeps it.",
    Act.DELETE: "A delete cannot be undone: files, and commits that were not pushed, are gone. Start it, or keep it, "
    "before then.",
    Act.ARCHIVE: "Ona archives what is stopped, after 1 to 30 days depending on plan and policy, and may delete later "
    "what is archived. Starting it once begins that time anew.",
}
DEEDS = {Act.STOP: ("stops", "stop"), Act.DELETE: ("is deleted", "are deleted")}
"""What is done by the deadline, of one and of many."""
STANDING = {Act.ARCHIVE: ("is archived soon", "are archived soon")}


def before(some: Sequence[Idle], policy: IdlePolicy, now: datetime, *, personal: bool) -> tuple[str, str]:
    """Subject and text of a warning: what happens when, why, and the one link that prevents it."""
    first, act = some[0], Act(policy.act)
    one, many = DEEDS.get(act) or STANDING.get(act, ("is idle", "are idle"))
    if len(some) > 1:
        when = "" if first.deadline is None else f" from {clock(_earliest(some), now)} on"
        subject = f"{len(some)} {'of your ' if personal else ''}environments {many}{when}"
    else:
        when = "" if first.deadline is None else f" at {clock(first.deadline, now)}"
        subject = f"{plain(first.name)} {one}{when}"
    lines = [f"Policy {plain(policy.name)} says:", ""]
    for idle in some[:MOST_LISTED]:
        lines += [_sentence(idle, one, act, now), *_keep_awake(idle, act), ""]
    lines += [*_more(len(some)), *([ENDINGS[act]] if act in ENDINGS else [])]
    return subject, "\n".join([*lines, *_foot(personal=personal)])


def all_clear(
    some: Sequence[StopWarning], policy: IdlePolicy, now: datetime, *, personal: bool
) -> tuple[str, str]:
    """Subject and text for whoever was warned of stops that will not come."""
    deed = "deleted" if policy.act == Act.DELETE else "stopped"
    subject = f"{plain(some[0].name)} is not {deed} after all"
    if len(some) > 1:
        subject = f"{len(some)} {'of your ' if personal else ''}environments are not {deed} after all"
    lines = [f"Policy {plain(policy.name)} had said otherwise:", ""]
    for one in some[:MOST_LISTED]:
        when = "" if one.deadline is None else f" at {clock(one.deadline, now)}"
        lines += [f"{plain(one.name)} was to be {deed}{when}. It is not: {plain(one.outcome, 500)}.", ""]
    lines += [*_more(len(some)), "Before anything like it there is another warning."]
    return subject, "\n".join([*lines, *_foot(personal=personal)])


def paused(policy: IdlePolicy, why: str) -> tuple[str, str]:
    """To the admin who armed a policy that has paused itself."""
    where = link("idle-policy", str(policy.pk))
    subject = f"Policy {plain(policy.name)} has paused itself"
    lines = [f"{subject} and stops nothing: {plain(why)}.", *([f"See it: {where}"] if where else [])]
    return subject, "\n".join(lines)


def after(some: Sequence[Action], now: datetime, *, personal: bool) -> tuple[str, str]:
    """Subject and text of what was done to environments: by whom, why, and the link that starts each again."""
    deed = "deleted" if some[0].deed == "delete" else "stopped"
    subject = f"{plain(some[0].target_name)} was {deed}"
    if len(some) > 1:
        subject = f"{len(some)} {'of your ' if personal else ''}environments were {deed}"
    lines = [f"By {plain(some[0].actor_name)}:", ""]
    for one in some[:MOST_LISTED]:
        when = (
            f" at {clock(one.ended, now)}" if one.ended is not None and one.state == State.CONFIRMED else ""
        )
        doubt = "" if when else " (Ona accepted that; it was not seen to end)"
        lines.append(f"{plain(one.target_name)} was {deed}{when}{doubt}, because: {plain(one.reason, 1000)}.")
        if deed == "stopped" and (where := link("environments-act", one.target_id, "start")):
            lines.append(f"Start it again: {where}")
        lines.append("")
    lines += _more(len(some))
    lines.append("Its files and commits are kept." if deed == "stopped" else "That cannot be undone.")
    return subject, "\n".join([*lines, *_foot(personal=personal)])


def exemption_ends(exemption: Exemption, now: datetime) -> tuple[str, str]:
    """To whoever granted it, the day before."""
    subject = f"The exemption of {plain(exemption.name)} ends at {clock(exemption.until, now)}"
    where = (
        link("environments-keep", exemption.environment_id)
        if exemption.environment_id
        else link("idle-exemptions")
    )
    lines = [
        f"{subject}. You granted it: {plain(exemption.reason)}.",
        "After that it may be stopped when it is idle.",
    ]
    return subject, "\n".join([*lines, *([f"To prolong it: {where}"] if where else [NO_LINK])])


def _earliest(some: Sequence[Idle]) -> datetime:
    return min(one.deadline for one in some if one.deadline is not None)


def _sentence(one: Idle, deed: str, act: Act, now: datetime) -> str:
    because = plain(one.because, 1000)
    if one.deadline is not None:
        return f"{plain(one.name)} {deed} at {clock(one.deadline, now)}, because it is {because}."
    nothing = " Nothing stops it for that." if act == Act.WARN else ""
    return f"{plain(one.name)} is {because}.{nothing}"


def _keep_awake(one: Idle, act: Act) -> list[str]:
    if act == Act.ARCHIVE:
        where = link("environments-act", one.identifier, "start")
        return [f"Start it: {where}"] if where else []
    if one.deadline is None:
        where = link("environments-detail", one.identifier)
        return [f"See it: {where}"] if where else []
    where, keep = link("environments-keep", one.identifier), "Keep it" + (" awake" if act == Act.STOP else "")
    return [f"{keep}: {where}" if where else f"{keep} by exempting it in the dashboard. {NO_LINK}"]


def _more(number: int) -> list[str]:
    return [f"and {number - MOST_LISTED} more.", ""] if number > MOST_LISTED else []


def _foot(*, personal: bool) -> list[str]:
    """Why somebody gets this."""
    if not personal:
        return []
    where = link("told")
    how = f" To change that: {where}" if where else ""
    return ["", f"You get this because you made it.{how}"]
