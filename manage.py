#!/usr/bin/env python
"""Django's command line for the Ona dashboard: `python manage.py help`."""

from dashboard.__main__ import main

if __name__ == "__main__":
    main()
