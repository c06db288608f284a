"""Parts of templates that are rendered once and sent many times."""

import time

from django import template
from django.template.loader_tags import BlockNode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from dashboard.web.kept import Piece, own, pieces

register = template.Library()


class _KeptNode(template.Node):
    child_nodelists = ()
    """A template that extends another looks through all of it for blocks, at each request; here are none."""

    def __init__(
        self, nodes: template.NodeList, name: str, states: list[template.base.FilterExpression]
    ) -> None:
        self.nodelist, self._name, self._states = nodes, name, states

    def render(self, context: template.Context) -> SafeString:
        found = (state.resolve(context) for state in self._states)
        key = (get_language(), self._name, *(tuple(one) if isinstance(one, list) else one for one in found))
        piece = pieces.get(key)
        if piece is None:
            piece = Piece("", comes_alone=False)
            pieces.put(key, piece)
        return mark_safe(  # noqa: S308  a template's output
            piece.html(
                lambda: self.nodelist.render(context), time.time(), fill=lambda gap: gap.render(context)
            )
        )


class _GapNode(template.Node):
    def __init__(self, nodes: template.NodeList) -> None:
        self.nodelist = nodes

    def render(self, context: template.Context) -> SafeString:
        return mark_safe(own(self, lambda: self.nodelist.render(context)))  # noqa: S308  a template's output


@register.tag
def kept(parser: template.base.Parser, token: template.base.Token) -> _KeptNode:
    """`{% kept "name" state … %}…{% endkept %}`: rendered once for each state, for everybody. Whatever the HTML depends
    on must be among the states, or within a gap. A block in it raises TemplateSyntaxError.
    """
    _, name, *states = token.split_contents()
    nodes = parser.parse(("endkept",))
    parser.delete_first_token()
    if nodes.get_nodes_by_type(BlockNode):
        raise template.TemplateSyntaxError(
            f"{{% kept {name} %}}: a block stands around what is kept, not in it"
        )
    return _KeptNode(nodes, name, [parser.compile_filter(state) for state in states])


@register.tag
def gap(parser: template.base.Parser, _: template.base.Token) -> _GapNode:
    """`{% kept … %}…{% gap %}…{% endgap %}…{% endkept %}`: within what is kept, what is rendered for each request. It
    knows the variables around the outermost `kept`, none that a loop or a `with` inside it has set.
    """
    nodes = parser.parse(("endgap",))
    parser.delete_first_token()
    return _GapNode(nodes)
