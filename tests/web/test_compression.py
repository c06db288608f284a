"""Pages are compressed for browsers that take it, and for nobody else."""

import gzip
import re

import pytest

from tests.web.conftest import HTMX, Dashboard, text


def masked(html: str) -> str:
    """Without what each answer makes anew: the token of forms, and how long ago things were."""
    return re.sub(
        r'name="csrfmiddlewaretoken" value="[^"]+"|data-now="[^"]+"|<time[^<]*</time>|[\d.]+ (s|min)\b',
        "",
        html,
    )


def test_a_page_is_the_same_page_and_a_fraction_of_its_size(dashboard: Dashboard) -> None:
    plain = dashboard.get("/environments/")
    small = dashboard.get("/environments/", **{"Accept-Encoding": "br, gzip;q=0.8"})
    assert (small["Content-Encoding"], int(small["Content-Length"])) == ("gzip", len(small.content))
    assert masked(gzip.decompress(small.content).decode()) == masked(text(plain))
    assert len(small.content) < len(plain.content) / 5
    for page in (plain, small):
        assert "Accept-Encoding" in page["Vary"]
    lengths = {len(dashboard.get("/keys/", **{"Accept-Encoding": "gzip"}).content) for _ in range(8)}
    assert len(lengths) > 1


@pytest.mark.parametrize("takes", ["", "br", "identity", "gzip;q=0", "gzip; q=0.0, br", "xgzipx"])
def test_who_does_not_take_it_gets_it_plain(dashboard: Dashboard, takes: str) -> None:
    page = dashboard.get("/keys/", **{"Accept-Encoding": takes})
    assert not page.has_header("Content-Encoding")
    assert "<html" in text(page)


def test_what_is_small_no_page_or_a_file_stays_as_it_is(dashboard: Dashboard) -> None:
    takes = {"Accept-Encoding": "gzip"}
    assert not dashboard.get("/healthz", **takes).has_header("Content-Encoding")
    assert not dashboard.get("/environments/?format=csv", **takes).has_header("Content-Encoding")
    assert not dashboard.get("/watching/?seen=x", **HTMX, **takes).has_header("Content-Encoding")
