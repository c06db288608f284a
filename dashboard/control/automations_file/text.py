"""From text to YAML nodes that know their lines.

Nodes are composed and never constructed: no tag makes an object, nothing is resolved but the kind of a scalar.
Anchors, aliases and merge keys are refused, and depth and number of nodes are bounded, so that no text grows when it
is read. So is `!!null` before something, which would be dropped unseen.
"""

import yaml
from django.utils.translation import gettext_noop as _
from yaml.nodes import Node, ScalarNode

from dashboard.control.automations_file.mistakes import Mistake
from dashboard.fleet.sentences import sentence

TAG = "tag:yaml.org,2002:"
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
DEEPEST = 10
MOST_NODES = 20_000
WORDS = {
    "found character '\\t' that cannot start any token": _("a tab stands where only spaces may indent"),
    "mapping values are not allowed here": _(
        "a colon is not expected here: put the text in quotes, or check the indent"
    ),
    "could not find expected ':'": _("a colon is missing"),
    "but found another document": _("there is more than one document"),
}


class Refused(yaml.MarkedYAMLError):
    """Well-formed, and not taken here."""


class Composer(yaml.SafeLoader):
    """PyYAML's, within bounds."""

    def __init__(self, text: str) -> None:
        self.depth = self.nodes = 0
        super().__init__(text)

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise Refused(
                problem=sentence("anchors and aliases (& and *) are not taken here: write it out"),
                problem_mark=event.start_mark,
            )
        self.depth, self.nodes = self.depth + 1, self.nodes + 1
        if self.depth > DEEPEST or self.nodes > MOST_NODES:
            deep = self.depth > DEEPEST
            what = sentence("it is nested too deep") if deep else sentence("it has too many parts")
            raise Refused(problem=what, problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if node is not None and (problem := _unwritten(node)):
            raise Refused(problem=problem, problem_mark=node.start_mark)
        return node


def _unwritten(node: Node) -> str:
    """Why a node that says something else than its text is not taken, "" when it is."""
    value = node.value if isinstance(node, ScalarNode) else None
    if node.tag == TAG + "merge":
        return sentence("<< is not taken here: write out what it would merge in, or put it in quotes")
    if node.tag == TAG + "null" and value not in NULLS:
        return sentence("the tag !!null is not taken here: take it away, or what follows it")
    return ""


def line_of(text: str, mark: yaml.Mark | None) -> int:
    """From 1. YAML knows more line ends than an editor does."""
    return 1 if mark is None else text.count("\n", 0, mark.index) + 1


def compose(text: str) -> Node | Mistake | None:
    """The root, what is wrong with the text, or None when there is nothing but comments."""
    loader: Composer | None = None
    try:
        loader = Composer(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        return Mistake(line_of(text, error.problem_mark or error.context_mark), _words(error))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return Mistake(
            line,
            sentence("the character U+{code} may not stand in YAML", code=f"{ord(text[error.position]):04X}"),
        )
    except (yaml.YAMLError, ValueError, OverflowError):  # numbers and escapes that PyYAML does not bound
        line = line_of(text, None if loader is None else loader.get_mark())
        return Mistake(line, sentence("this is not YAML: a number or an escaped character is out of range"))


def _words(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if isinstance(error, Refused):
        return problem
    ours = WORDS.get(problem)
    said = sentence(ours) if ours else ", ".join(part for part in (error.context, problem) if part)
    return sentence("this is not YAML: {what}", what=said)
