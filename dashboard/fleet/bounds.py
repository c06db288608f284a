"""How much is kept of what the API says, and taken of what people type: characters and items."""

LONGEST_ID = 128
LONGEST_NAME = 200
LONGEST_MESSAGE = 1_000
LONGEST_COMMAND = 8_000
LONGEST_FILE = 64_000
"""Of an automations file: ten times a long one, and little enough for the ledger and for a page."""
MOST_MESSAGES = 20
MOST_PORTS = 100
MOST_NEEDS = 100
