"""An automations file that a person edits: read with line numbers, checked, compared with what is there."""

from dashboard.control.automations_file.check import Checked, check
from dashboard.control.automations_file.compare import Change, Comparison, EntryChange, compare, holds
from dashboard.control.automations_file.mistakes import Mistake
from dashboard.control.automations_file.write import EXAMPLE, write

__all__ = [
    "EXAMPLE",
    "Change",
    "Checked",
    "Comparison",
    "EntryChange",
    "Mistake",
    "check",
    "compare",
    "holds",
    "write",
]
