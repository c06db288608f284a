// Choosing rows. What is chosen is remembered by id: a poll may renew its row, or take it to another page.
(() => {
  "use strict";
  const { translated } = window;
  const { body } = document;
  const one = (selector) => document.querySelector(selector);
  const { lang } = document.documentElement;
  const language = navigator.languages.find((one) => one.slice(0, 2) === lang.slice(0, 2)) || lang;
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const chosen = new Set();
  let everything = false;
  let anchor = null;
  const ticks = () => [...document.querySelectorAll("#rows input[name=id][form=pick]")];
  const showChosen = () => {
    const bar = one("#chosen");
    if (!bar) return;
    const here = ticks();
    for (const box of here) box.checked = everything || chosen.has(box.value);
    const page = one("#pick-page");
    if (page) {
      page.disabled = !here.length;
      page.title = here.length ? "" : translated("Nothing here is yours to start or stop now");
    }
    if (!one("#picked")) {
      one("#pick")?.removeAttribute("data-any"); // nothing matches any more: no bar is left
      if (page) page.checked = page.indeterminate = false;
      return;
    }
    const total = Number(bar.dataset.total);
    const all = here.length > 0 && here.every((box) => box.checked);
    const number = (count) => count.toLocaleString(language);
    const said = everything
      ? translated("All {total} that match are chosen", { total: number(total) })
      : chosen.size ? translated("{count} chosen", { count: number(chosen.size) })
        : here.length ? translated("None chosen") : translated("Nothing here is yours to start or stop now");
    write(one("#picked"), said);
    one("#pick-all").hidden = everything || !all || total <= here.length;
    const any = everything || chosen.size > 0;
    one("#pick").toggleAttribute("data-any", any);
    one("#pick-none").hidden = !any;
    one("#pick-here").hidden = all || !any;
    for (const button of bar.querySelectorAll("[data-of-chosen]")) button.disabled = !any;
    one("#pick-all-value").disabled = !everything;
    measured();
    page.checked = all;
    page.indeterminate = !all && here.some((box) => box.checked);
  };
  // What is beneath the bar is scrolled past it.
  const measured = () => {
    const bar = one("#pick[data-any] .with-chosen");
    if (bar) document.documentElement.style.setProperty("--bar", `${bar.offsetHeight}px`);
  };
  window.addEventListener("resize", measured);
  const choose = (boxes, wanted) => {
    if (everything && !wanted) for (const box of ticks()) chosen.add(box.value);
    everything = false;
    for (const box of boxes) chosen[wanted ? "add" : "delete"](box.value);
    showChosen();
  };
  const chooseNone = () => {
    chosen.clear();
    everything = false;
    showChosen();
  };
  document.addEventListener("click", (event) => {
    if (event.target.matches?.("input[name=id][form=pick]")) {
      const here = ticks();
      const [from, to] = [here.findIndex((box) => box.value === anchor), here.indexOf(event.target)].sort((a, b) => a - b);
      choose(event.shiftKey && from >= 0 ? here.slice(from, to + 1) : [event.target], event.target.checked);
      anchor = event.target.value;
    } else if (event.target.id === "pick-page") {
      choose(ticks(), event.target.checked);
    } else if (event.target.id === "pick-here") {
      choose(ticks(), true);
      one("#pick-none").focus();
    } else if (event.target.id === "pick-all" || event.target.id === "pick-none") {
      chooseNone();
      everything = event.target.id === "pick-all";
      showChosen();
      // On a phone the heads of columns are not seen, and the first tick in view is next.
      const first = one("#pick-page")?.closest("thead").offsetWidth > 1 ? one("#pick-page:enabled") : null;
      const next = everything ? one("#chosen [data-of-chosen]:enabled") : first || ticks().find((box) => box.getBoundingClientRect().top >= 0);
      next?.focus({ preventScroll: true });
    }
  });
  for (const name of ["htmx:afterSettle", "htmx:oobAfterSwap"]) body.addEventListener(name, showChosen);
  body.addEventListener("htmx:load", (event) => { if (event.target.id === "chosen") showChosen(); }); // at once: nothing flickers
  body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "pick" || everything) return;
    event.detail.parameters.id = [...chosen];
  });
  body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "list") chooseNone(); // another filter is another choice
  });
  body.addEventListener("htmx:historyRestore", chooseNone); // so is the one that somebody goes back to
  window.addEventListener("pageshow", chooseNone);
  showChosen();
})();
