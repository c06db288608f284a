"""A text that must not be seen: an access token, the value of an environment variable."""

from typing import NoReturn


class Secret:
    """Hides a text from repr, str, format, pickle and logs; `reveal` gives it to whoever sends it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Put it on the wire and nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "…"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        """Neither a queue nor a cache may hold one."""
        raise TypeError("a secret is neither pickled nor copied")
