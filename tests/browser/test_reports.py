"""A script that got into a page does not run, and the log says that one was there."""

import pytest

from tests.browser.conftest import Stack, Visit, until

pytestmark = pytest.mark.browser
INJECT = """() => {
  const script = document.createElement("script");
  script.textContent = "window.injected = true";
  document.body.append(script);
}"""


def test_an_injected_script_is_refused_and_reported(visit: Visit, stack: Stack) -> None:
    viewer = visit("viewer")
    viewer.expected.append("Content Security Policy")
    page = viewer.page("/system/")
    page.evaluate(INJECT)
    assert page.evaluate("window.injected") is None
    log = stack.folder / "log" / "web.log"
    until(lambda: "a browser refused 'script-src-elem' from 'inline'" in log.read_text(encoding="utf-8"))
