"""The cells of a row, in the order in which a person wants to see them.

    {% cells %}{% cell "phase" %}<td …>…</td>{% endcell %}…{% endcells %}

renders those that the context variable `cells` names. What the template has no cell for is plain: `plain` has its
column and its value.
"""

from typing import TYPE_CHECKING

from django import template
from django.template.base import Parser, Token
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboard.web.templatetags.words import when

if TYPE_CHECKING:
    from dashboard.web.columns import Column

register = template.Library()


class _CellNode(template.Node):
    def __init__(self, name: str, nodes: template.NodeList) -> None:
        self.name, self.nodelist = name, nodes

    def render(self, context: template.Context) -> SafeString:
        return self.nodelist.render(context)


class _CellsNode(template.Node):
    def __init__(self, cells: dict[str, _CellNode]) -> None:
        self._cells = cells
        self.nodelist = template.NodeList(cells.values())

    def render(self, context: template.Context) -> SafeString:
        own, plain = self._cells, context["plain"]
        found = (
            own[name].render(context) if name in own else plain_cell(*plain[name])
            for name in context["cells"]
        )
        return mark_safe("".join(found))  # noqa: S308  templates' outputs


def plain_cell(column: "Column", value: str | float | None) -> SafeString:
    if column.is_time and not isinstance(value, str):
        shown = when(value)
    elif value in {None, ""}:
        shown = format_html('<span class="none">{}</span>', "—")
    else:
        shown = format_html("<bdi>{}</bdi>", value)
    return format_html(
        '\n  <td role="cell" data-label="{}" class="{}">{}</td>', column.label, column.css, shown
    )


@register.tag
def cells(parser: Parser, _token: Token) -> _CellsNode:
    found: dict[str, _CellNode] = {}
    for node in parser.parse(("endcells",)):
        if isinstance(node, _CellNode):
            found[node.name] = node
    parser.delete_first_token()
    return _CellsNode(found)


@register.tag
def cell(parser: Parser, token: Token) -> _CellNode:
    _, name = token.split_contents()
    nodes = parser.parse(("endcell",))
    parser.delete_first_token()
    return _CellNode(name.strip('"'), nodes)
