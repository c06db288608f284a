"""Holds what this code reads and sends against the descriptors: every field is dealt with, or listed with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.ona.descriptors.shapes import Shape


@dataclass
class Comparison:
    """`undecided`: in the descriptors only; `invented`: here only; `enums`: those of the fields that are dealt with."""

    messages: Mapping[str, Mapping[str, Any]]
    listed: Mapping[str, str]
    undecided: set[str] = field(default_factory=set)
    invented: set[str] = field(default_factory=set)
    both: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    enums: set[str] = field(default_factory=set)

    def hold(self, message: str, shape: Shape) -> None:
        """One message and what it holds."""
        there = self.messages[message]
        self.invented |= {f"{message}.{name}" for name in shape.keys() - there.keys()}
        for name, kind in there.items():
            place = f"{message}.{name}"
            if place in self.listed:
                self.used.add(place)
                self.both |= {place} if name in shape else set()
            elif name not in shape:
                self.undecided.add(place)
            else:
                self.below(kind, shape[name])

    def below(self, kind: Mapping[str, str], shape: Shape) -> None:
        """What a field holds; a message of which nothing in particular is dealt with counts as a plain value."""
        self.enums |= {kind["enum"]} - {""}
        if kind["message"]:
            self.hold(kind["message"], shape)
