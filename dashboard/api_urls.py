"""The addresses while a script asks: those of the pages, and those under `/api/v1/`.

`dashboard.web.api.door` has Django look here. So what answers scripts, eight megabytes of it, is loaded by the first
request of one, and not at all by a process that has none.
"""

from dashboard.urls import Pages, handler400, handler403, handler404, handler500
from dashboard.urls import urlpatterns as pages
from dashboard.web.api.service import addresses

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns: Pages = [*pages, *addresses()]
