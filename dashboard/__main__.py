"""The command line: `ona-dashboard up` where it is installed, `python manage.py up` in the repository, and in both
`python -m dashboard up`.
"""

import os
import sys

from dashboard.config.base import ConfigurationError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    if sys.argv[1:2] == ["serve"]:  # watches over processes that load Django; it does without
        from dashboard.serving import main as serve

        serve(sys.argv[2:])
        return
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ConfigurationError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
