"""The mark of a text that catalogues have and that is kept in English.

Django's own wants settings, and what is known of a fleet needs none: sweeps are measured without them.
"""


def marked(text: str) -> str:
    """The text itself."""
    return text
