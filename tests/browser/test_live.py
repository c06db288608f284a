"""A page that follows the fleet leaves people alone: focus, caret, selection, scroll, dialogs and the address."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import POST, Stack, Visit, assert_not_reloaded, mark, sign_in, stop_one, until
from tests.browser.test_stop import WISH, first_running, focused

pytestmark = pytest.mark.browser


def polls(page: Page, times: int = 2) -> None:
    """Wait for the answers to so many polls."""
    for _ in range(times):
        with page.expect_response(lambda response: "seen=" in response.url):
            pass


def test_typing_narrows_the_list_and_the_address_follows(visit: Visit) -> None:
    page = visit("admin").page("/environments/")
    everything = page.locator("#rows tr").count()
    mark(page)
    box = page.locator("#q")
    box.click()
    page.keyboard.type("oda", delay=30)
    expect(page).to_have_url(re.compile(r"\?(.*&)?q=oda\b"))
    expect(page.locator(".found")).to_contain_text(" of ")
    assert 0 < page.locator("#rows tr").count() < everything
    for row in page.locator("#rows tr").all():
        expect(row).to_contain_text(re.compile("oda", re.IGNORECASE))
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("X")
    expect(page).to_have_url(re.compile(r"q=odXa"))
    expect(page.locator("#rows")).to_contain_text("Nothing matches.")
    polls(page)
    expect(box).to_be_focused()
    assert box.evaluate("box => box.selectionStart") == 3
    assert page.url.endswith("/environments/?q=odXa")
    assert_not_reloaded(page)


def test_back_restores_what_was_there(visit: Visit) -> None:
    page = visit("admin").page("/environments/")
    page.locator("#chip-stopped").click()
    expect(page).to_have_url(re.compile(r"q=phase%3Astopped$"))
    page.locator("#q").fill("nothing has this name")
    expect(page.locator("#rows")).to_contain_text("Nothing matches.")
    page.go_back()
    expect(page.locator("#q")).to_have_value("phase:stopped")
    expect(page.locator("#chip-stopped")).to_have_attribute("aria-current", "true")
    expect(page.locator("#rows tr[id]").first).to_contain_text("Stopped")
    polls(page)
    expect(page.locator("#poll")).to_have_count(1)
    page.go_back()
    expect(page.locator("#chip-all")).to_have_attribute("aria-current", "true")
    page.reload()
    expect(page.locator("#chip-all")).to_have_attribute("aria-current", "true")


def test_filters_sort_and_search_add_up_without_a_reload(visit: Visit) -> None:
    page = visit("admin").page("/environments/")
    mark(page)
    page.locator("#chip-stopped").click()
    expect(page.locator("#chip-stopped")).to_have_attribute("aria-current", "true")
    page.locator("#sort-name").click()
    expect(page.get_by_role("columnheader", name="Environment")).to_have_attribute("aria-sort", "ascending")
    project = page.get_by_label("Project", exact=True)
    project.select_option(index=1)
    expect(page).to_have_url(re.compile("project%3A"))
    for part in ("phase%3Astopped", "sort=name", "project%3A%3D"):
        assert part in page.url
    expect(page.locator("#q")).to_have_value(re.compile("^phase:stopped project:="))
    names = page.locator("#rows tr .main a:first-child").all_inner_texts()
    assert names == sorted(names, key=str.casefold)
    assert_not_reloaded(page)
    address, shown = page.url, page.locator(".found").inner_text()
    page.goto(address)
    expect(page.locator(".found")).to_have_text(shown)
    expect(project).not_to_have_value("*")


WHERE = """[
  Math.round(document.activeElement.getBoundingClientRect().top),
  getSelection().toString(),
  document.activeElement.getAttribute("href"),
]"""


def test_a_poll_moves_neither_selection_nor_scroll_nor_focus(visit: Visit, stack: Stack) -> None:
    page = visit("admin", viewport={"width": 1440, "height": 300}).page()
    identifier = stop_one(page, stack)
    page.goto("/environments/")  # newest first: an order that does not change under the test
    mark(page)
    row = page.locator(f"#rows > #environment-{identifier}")  # rows that wait stand beside these
    expect(row.locator(".badge")).to_have_text("Stopped")
    polls(page, 3)  # what the stop still changes in its own row has come
    link = row.locator(".main a").first
    link.scroll_into_view_if_needed()
    link.focus()
    row.evaluate("row => getSelection().selectAllChildren(row.querySelector('[data-label=Phase] .badge'))")
    was = page.evaluate(WHERE)
    assert was[1] == "Stopped"
    another = page.locator("a.stop").first.get_attribute("href")
    with page.expect_response(lambda response: "seen=" in response.url and response.status == 200):
        assert page.evaluate(POST, another) == 200  # whatever the fleet does, a wish shows in view at once
    # A row above may have grown by a line; a lost scroll position would be hundreds of pixels off.
    until(
        lambda: page.evaluate(WHERE)[1:] == was[1:] and abs(page.evaluate(WHERE)[0] - was[0]) < 120,
        show=lambda: (was, page.evaluate(WHERE)),
    )
    assert_not_reloaded(page)


def test_other_rows_and_another_order_leave_what_stays_alone(visit: Visit) -> None:
    page = visit("admin").page("/environments/?phase=running&sort=name")
    page.evaluate("htmx.find('#poll').remove()")  # the only poll is the one made here
    row = page.locator("#rows tr").nth(1)
    row.locator("a").first.focus()
    row.evaluate("row => { row.kept = true; getSelection().selectAllChildren(row.querySelector('.badge')); }")
    was = page.evaluate(WHERE)[1:]
    page.evaluate("""async () => {
      const answer = await fetch("/environments/?phase=running&sort=-name", { headers: { "HX-Request": "true" } });
      const rows = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#rows");
      rows.lastElementChild.remove();
      document.body.dispatchEvent(new CustomEvent("rows:renew", { detail: rows }));
    }""")
    names = page.locator("#rows .main a:first-child").all_inner_texts()
    assert names == sorted(names, key=str.casefold, reverse=True)
    assert page.evaluate("[...htmx.findAll('#rows tr')].some(row => row.kept)")
    assert page.evaluate(WHERE)[2] == was[1]


def test_a_poll_that_changes_the_page_leaves_dialog_and_words_in_it_alone(visit: Visit) -> None:
    page = visit("admin").page("/environments/?phase=running")
    mark(page)
    first_running(page).locator("a.stop").click()
    box = page.get_by_role("dialog").get_by_label("Reason")
    box.fill("half a thou")
    other = visit("admin").page("/environments/?phase=running")
    victim = other.locator("#rows tr", has=other.locator("a.stop")).nth(3)
    identifier = victim.get_attribute("id") or ""
    victim.locator("a.stop").click()
    other.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(f"#{identifier}:is(.left, :has(.wish))")).to_be_attached()
    expect(box).to_be_focused()
    expect(box).to_have_value("half a thou")
    assert_not_reloaded(page)


def test_an_action_in_one_tab_appears_in_the_other(visit: Visit) -> None:
    admin = visit("admin")
    here, there = admin.page("/environments/?phase=running"), admin.page("/activity/")
    row = first_running(here)
    name, path = row.locator(".main a").first.inner_text(), row.locator("a.stop").get_attribute("href") or ""
    detail = admin.page(path.removesuffix("stop/"))
    for page in (there, detail):
        mark(page)
    here.bring_to_front()
    row.locator("a.stop").click()
    here.get_by_role("dialog").get_by_label("Reason").fill("seen in both tabs")
    here.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    there.bring_to_front()
    seen = there.locator("#rows tr", has_text="seen in both tabs")
    until(lambda: seen.count() or there.evaluate("document.querySelector('.held button')?.click()"))
    expect(seen).to_contain_text(name)
    detail.bring_to_front()
    expect(detail.locator("#header")).to_contain_text(WISH)
    expect(detail.locator("#header .badge")).to_have_text("Stopped")
    for page in (there, detail):
        assert_not_reloaded(page)


def test_a_name_full_of_markup_is_text(visit: Visit) -> None:
    admin = visit("admin")
    page = admin.page("/environments/?q=%3Cscript")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    name = page.locator("#rows .main a").first
    expect(name).to_contain_text("<script>alert(1)</script>")
    expect(page.locator("#q")).to_have_value("<script")
    name.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>alert(1)</script>")
    offer = page.locator("#header").get_by_role("button", name=re.compile("^(Start|Stop) ")).first
    offer.click()
    expect(page.get_by_role("dialog").get_by_role("heading")).to_contain_text("<script>alert(1)</script>")
    page.keyboard.press("Escape")
    polls(page)
    assert dialogs == []
    assert page.evaluate("document.querySelectorAll('script:not([src])').length") == 0


def test_a_question_that_cannot_be_asked_any_more_says_why(visit: Visit) -> None:
    admin = visit("admin")
    admin.expected += ["status of 404", "Response Status Error Code 404"]
    page = admin.page("/environments/?phase=running")
    page.evaluate("htmx.ajax('GET', '/environments/gone/stop/', '#dialog')")
    expect(page.locator("#toasts")).to_contain_text("It may have been deleted")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_session_that_ends_leads_to_the_sign_in_and_back(visit: Visit) -> None:
    admin = visit("admin")
    page = admin.page("/environments/?phase=running&sort=name")
    admin.context.clear_cookies(name="ona_session")
    expect(page.get_by_label("Password")).to_be_visible()
    form = page.locator("form", has=page.get_by_label("Password"))
    assert form.locator("input[name=next]").input_value() == "/environments/?phase=running&sort=name"


def test_signing_out_ends_the_session(visit: Visit, stack: Stack) -> None:
    viewer = visit()
    page = viewer.page("/system/")
    sign_in(page, "viewer", stack.password("viewer"))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto("/system/")
    expect(page.get_by_label("Password")).to_be_visible()
    assert focused(page) == "id_username"


SLOW = """{
  const Real = Date, off = -3 * 86400000;
  Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + off); }
    static now() { return Real.now() + off; }
  };
}"""


A_CLOCK = """() => {
  const at = new Date(Date.now() - 60000);
  const time = `<time id="clock" data-clock datetime="${at.toISOString()}"></time>`;
  document.querySelector("main").insertAdjacentHTML("beforeend", time);
  return at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}"""


def test_a_computer_in_another_zone_with_a_wrong_clock_shows_the_right_times(visit: Visit) -> None:
    page = visit("admin", timezone_id="Pacific/Kiritimati", locale="en-GB").page()
    page.add_init_script(SLOW)
    page.goto("/")
    expect(page.locator("#phases .zone")).to_contain_text("UTC")  # its plots go by the dashboard's clock
    shown = page.evaluate(A_CLOCK)
    expect(page.locator("#clock")).to_have_text(re.compile(f"{shown}$"))
    page.goto("/environments/?sort=-active")
    polls(page)
    expect(page.locator("#freshness time")).to_have_text(re.compile(r"^(just now|\d+ s ago)$"))
    told = page.locator("time").all_inner_texts()
    assert not [one for one in told if re.match(r"in \d+ d", one)], (
        "the simulated time is minutes ahead at most"
    )


def test_a_form_that_gets_no_answer_says_so_inside_its_dialog(visit: Visit) -> None:
    admin = visit("admin")
    admin.expected += ["net::ERR_FAILED", "^htmx:sendError"]
    page = admin.page("/environments/?phase=running")
    page.route(
        "**/stop/", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    first_running(page).locator("a.stop").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("because")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("look at Activity before you ask again")
    expect(dialog.get_by_label("Reason")).to_have_value("because")
    expect(dialog.get_by_role("button", name="Stop", exact=True)).to_be_enabled()
