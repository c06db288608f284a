"""A form that is pressed twice is sent once: the second answer would hide what the first one shows only once."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser


def test_two_presses_make_one_token_and_its_text_stays_in_view(visit: Visit) -> None:
    page = visit("viewer").page("/accounts/tokens/")
    sent = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    page.get_by_label("What it is for").fill("nightly")
    page.get_by_role("button", name="Make token").evaluate("""button => {
      button.click();
      setTimeout(() => button.click(), 10);
    }""")
    expect(page.get_by_role("heading", name="The token “nightly”")).to_be_visible()
    expect(page.locator("pre")).to_contain_text("fleet_")
    assert sent == ["POST"]
