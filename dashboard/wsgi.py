"""The WSGI entry point: `granian --interface wsgi dashboard.wsgi:application`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
pages = get_wsgi_application()

from dashboard import jobs, patience  # noqa: E402 - Django's settings are there now
from dashboard.web.mount import mounted  # noqa: E402

patience.begin()
application = mounted(pages, settings.ORGANISATION.prefix)

jobs.parts.snapshot().follow()
