"""The help of the filter language, made from the table of fields: for the pages and, as Markdown, for the guide."""

from collections.abc import Iterator
from dataclasses import dataclass

from dashboard.fleet.entities import Kind
from dashboard.fleet.marking import marked as _
from dashboard.fleet.query.fields import FIELDS
from dashboard.fleet.query.flags import flags_of
from dashboard.fleet.query.language import LONGEST_TEXT, MOST_TERMS
from dashboard.fleet.query.values import Takes

TITLES = {
    Kind.ENVIRONMENT: _("Environments"),
    Kind.SERVICE: _("Services"),
    Kind.TASK: _("Tasks"),
    Kind.EXECUTION: _("Task executions"),
}
RULES = (
    (
        "otter",
        _("rows in which the word occurs: in the name, id, person, project, environment, branch or failure"),
    ),
    ("otter owl", _("a space means and: both occur")),
    ("otter,owl", _("a comma means or: one of them occurs")),
    ("-otter", _("a minus means not")),
    ('"sunny otter"', _('quotes hold words together; inside them \\" is a quote')),
    ("phase:running,starting", _("a field has one of the values")),
    ('project:="Web shop"', _("the whole value, and not only a part of it")),
    ("idle:>2h", _("a comparison: < <= > >= with a number, or with a time in s, m, h, d or w")),
    ("is:mine", _("a flag")),
    ("has:failure", _("there is something in the field")),
)
HEAD = """# The filter language

The same language filters every list, and is what a view saves. This page is made from the table of fields in the code
by `python -m scripts.filter_guide`; a test compares the two.
"""
TAIL = f"""
Upper and lower case, width and composition of letters make no difference. A query has at most {LONGEST_TEXT:,} letters
and {MOST_TERMS} terms. There are no patterns, so no query is slow.

A mistake is shown under the box, in its place, with the nearest valid word. While you type, the list keeps to what last
made sense. An address with a mistake, such as an old link, goes by what is right in it and says so.

The list of environments leaves out archived ones unless the filter names `archived` or `phase:archived`; that of
services leaves out the platform's own unless it names `platform` or `role`.
"""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    means: str
    takes: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """The help of one list: the rules by example, its fields, its flags, and the fields that `has:` knows."""

    title: str
    rules: tuple[tuple[str, str], ...]
    fields: tuple[Line, ...]
    flags: tuple[tuple[str, str], ...]
    has: tuple[str, ...]


def guide(kind: Kind) -> Guide:
    return Guide(
        TITLES[kind],
        RULES,
        tuple(
            Line(
                field.name,
                field.means,
                ", ".join(field.words) if field.takes is Takes.WORD else field.takes.value,
                field.examples,
            )
            for field in FIELDS[kind].values()
        ),
        tuple((f"is:{flag.name}", flag.means) for flag in flags_of(kind).values()),
        tuple(f"has:{field.name}" for field in FIELDS[kind].values() if field.has),
    )


def markdown() -> str:
    """docs/guide/filter.md."""
    return "\n".join((HEAD, *_rules(), TAIL.rstrip(), *(line for kind in TITLES for line in _kind(kind)), ""))


def _rules() -> Iterator[str]:
    yield "| you type | you get |"
    yield "|---|---|"
    for example, means in RULES:
        yield f"| `{example}` | {means} |"


def _kind(kind: Kind) -> Iterator[str]:
    found = guide(kind)
    yield f"\n## {found.title}\n"
    yield "| field | is | takes | for example |"
    yield "|---|---|---|---|"
    for line in found.fields:
        examples = " ".join(f"`{example}`" for example in line.examples)
        yield f"| `{line.name}` | {line.means} | {line.takes} | {examples} |"
    yield "\n| flag | means |"
    yield "|---|---|"
    for name, means in found.flags:
        yield f"| `{name}` | {means} |"
    yield f"\nAlso {', '.join(f'`{name}`' for name in found.has)}."
