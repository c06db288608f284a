"""English text that knows how it was made, so that a page can say it in another language."""

from typing import Any


class Formed(str):
    """`template`, filled with `values`."""

    template: str
    values: dict[str, Any]


def formed(template: str, **values: Any) -> Formed:
    made = Formed(template.format(**values))
    made.template, made.values = template, values
    return made
