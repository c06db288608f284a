"""The entries of a log as HTML: lines, and sections that fold them.

A page holds `#log-lines`, each section `#log-section-<n>` within it. What a poll brings goes to the end of the one it
belongs to.
"""

from collections.abc import Mapping, Sequence

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from dashboard.fleet.log_entries import CLOSE, GAP, OPEN, Entry
from dashboard.fleet.sentences import looked_up
from dashboard.web.ansi import html, plain

CUT = _("… this line is longer, the rest was not kept")
TONES = {"success": "good", "failure": "bad", "failed": "bad", "cancelled": "rest"}
Nodes = list[SafeString | int]


class Tree:
    """Entries in their sections. `openings` are beginnings that the entries themselves do not have; what is in one
    of the sections `roots` stands as if it were in none.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        openings: Mapping[int, Entry],
        *,
        whole: bool,
        roots: frozenset[int] = frozenset(),
    ) -> None:
        self.whole, self.roots = whole, roots
        self.heads = {entry.number: entry for entry in openings.values()}
        self.ends = {entry.section: entry for entry in entries if entry.kind == CLOSE}
        self.root: Nodes = []
        self.inside: dict[int, Nodes] = {}
        self.elsewhere: dict[int, Nodes] = {}
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        if entry.number in self.roots:
            return
        if entry.kind == OPEN:
            self.heads[entry.number] = entry
            self._home(entry.section).append(entry.number)
            self.inside[entry.number] = []
        elif entry.kind == CLOSE:
            self._home(entry.section)
        else:
            self._home(entry.section).append(line(entry))

    def _home(self, section: int) -> Nodes:
        """Where what belongs to a section goes. A whole page gets sections that began before it, too."""
        if not section or section in self.roots:
            return self.root
        if section in self.inside:
            return self.inside[section]
        if not self.whole:
            return self.elsewhere.setdefault(section, [])
        head = self.heads.get(section)
        self._home(head.section if head else 0).append(section)
        return self.inside.setdefault(section, [])

    def lines(self) -> SafeString:
        """What goes to the end of the log itself."""
        return self._html(self.root)

    def parts(self) -> SafeString:
        """For a poll: additions to sections that the page has, and how those ended."""
        made = [
            format_html(
                '<div id="log-section-{}" hx-swap-oob="beforeend">{}</div>', number, self._html(nodes)
            )
            for number, nodes in self.elsewhere.items()
            if nodes
        ]
        made += [
            outcome(end, number, swap=True)
            for number, end in self.ends.items()
            if number not in self.inside and number not in self.roots
        ]
        return _joined(made)

    def _html(self, nodes: Nodes) -> SafeString:
        return _joined([self._section(node) if isinstance(node, int) else node for node in nodes])

    def _section(self, number: int) -> SafeString:
        head, end = self.heads.get(number), self.ends.get(number)
        folded = end is not None and end.outcome == "success" and not self._alone(number)
        return format_html(
            '<details class="log-fold" data-source="{}"{}><summary>{} {}</summary>'
            '<div id="log-section-{}">{}</div></details>',
            head.source if head else "",
            "" if folded else mark_safe(" open"),
            (plain(head.text) if head else "") or gettext("Section"),
            outcome(end, number),
            number,
            self._html(self.inside[number]),
        )

    def _alone(self, number: int) -> bool:
        """Whether folding it would leave nothing to read."""
        return self.whole and self.root == [number]


def outcome(end: Entry | None, number: int, *, swap: bool = False) -> SafeString:
    """How a section ended, and after how many seconds."""
    oob = mark_safe(' hx-swap-oob="true"') if swap else ""
    words = "" if end is None else f"{plain(end.outcome).replace('_', ' ') or 'ended'}, {end.seconds:.1f} s"
    tone = "" if end is None else TONES.get(end.outcome, "rest")
    took = "" if end is None else format_html(' data-seconds="{}"', f"{end.seconds:.3f}")
    return format_html('<small id="log-outcome-{}" class="{}"{}{}>{}</small>', number, tone, took, oob, words)


def line(entry: Entry) -> SafeString:
    if entry.kind == GAP:
        return format_html('<p class="log-gap">{}</p>', looked_up(entry.text))
    cut = format_html(' <em class="log-gap">{}</em>', CUT) if entry.cut else ""
    return format_html('<div class="line">{}{}</div>', html(entry.text), cut)


def earlier(before: int, kept: bool) -> SafeString:
    """How many lines come before those that are shown; `kept`: some of them are still there."""
    more = gettext(" The download has more.") if kept else ""
    words = ngettext("{} earlier line is not shown.", "{} earlier lines are not shown.", before)
    return format_html('<p class="log-gap">{}{}</p>', words.format(intcomma(before)), more)


def text_of(entry: Entry) -> str:
    """An entry in a file of plain text."""
    if entry.kind == OPEN:
        return f"== {plain(entry.text)}"
    if entry.kind == CLOSE:
        return f"== {plain(entry.outcome) or 'ended'}, {entry.seconds:.1f} s"
    return plain(entry.text) + (f" [{CUT}]" if entry.cut else "")


def _joined(parts: Sequence[SafeString]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308  every part is
