"""Who runs a command, for the audit: the account of this machine, which is all that is known."""

import getpass

from dashboard.control.audit.log import Person

COMMAND_LINE = "command line"


def at_the_machine() -> Person:
    try:
        return Person(f"{getpass.getuser()} at the command line")
    except (KeyError, OSError):  # a container's user without a name
        return Person("somebody at the command line")
