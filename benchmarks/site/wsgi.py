"""As dashboard/wsgi.py."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.site.settings"

from dashboard.wsgi import application

__all__ = ["application"]
