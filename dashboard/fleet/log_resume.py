"""Going on where the last reader of a log stopped. Pure: no network, no clock.

A log is served from its beginning each time. What was stored is recognised by its last lines: at the same place if
the server has kept everything, else wherever they come last in what it sends first.
"""

from collections import deque
from collections.abc import Sequence
from hashlib import blake2b
from typing import Generic, TypeVar

LINES_COMPARED = 8
MOST_PENDING = 5_000
PENDING_CHARACTERS = 2_000_000


Item = TypeVar("Item")


class Resume(Generic[Item]):
    """Fed with each line of a log, its text and what it is; says which are new.

    `read` and `mark` are those of the last reader.
    """

    def __init__(self, read: int, mark: str) -> None:
        self.before, self.sought = read, mark
        self.read = 0
        self.skipping = read > 0
        self._window: deque[bytes] = deque(maxlen=LINES_COMPARED)
        self._pending: deque[tuple[Item, int]] = deque()
        self._characters = 0
        self._found = False

    @property
    def mark(self) -> str:
        """A digest of the last lines."""
        return blake2b(b"".join(self._window), digest_size=8).hexdigest()

    def feed(self, text: str, item: Item) -> Sequence[Item]:
        """The lines that are known to be new by now."""
        self.read += 1
        self._window.append(blake2b(text.encode("utf-8", "replace"), digest_size=16).digest())
        if not self.skipping:
            return (item,)
        self._hold(item, len(text))
        if self.mark == self.sought:
            self._found = True
            self._pending.clear()
            self._characters = 0
            self.skipping = self.read != self.before  # elsewhere, the same words may come once more
        return ()

    def _hold(self, item: Item, characters: int) -> None:
        if len(self._pending) == MOST_PENDING:
            self._characters -= self._pending.popleft()[1]
        self._pending.append((item, characters))
        self._characters += characters
        while self._characters > PENDING_CHARACTERS:
            self._characters -= self._pending.popleft()[1]

    def settle(self) -> tuple[Sequence[Item], bool]:
        """What was sent at once has all come: the new lines among it, and whether they follow what was stored."""
        pending, follows = tuple(item for item, _ in self._pending), self._found
        self._pending.clear()
        self.skipping = False
        return pending, follows
