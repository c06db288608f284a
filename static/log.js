// A log: its end stays in view until somebody scrolls up. Long ones lose their beginning here as they do in the store.
(() => {
  "use strict";
  const { body } = document;
  const one = (selector, root = document) => root.querySelector(selector);
  const LOG_LINES = 5000;
  const lines = () => one("#log-lines");
  const logFollows = (box) => box.dataset.paused === undefined;
  const followLog = (box) => {
    delete box.dataset.paused;
    one("#log-follow").hidden = true;
    while (box.getElementsByClassName("line").length > LOG_LINES) {
      const first = one(".line", box);
      const around = first.closest("details");
      first.remove();
      if (around && !one(".line", around) && around.nextElementSibling) around.remove();
    }
    box.scrollTop = box.scrollHeight;
  };
  const poller = (happens) => {
    const place = one("#log-poll"); // a log that cannot be shown has none
    if (place) htmx.trigger(place, happens);
  };
  const filterLog = (box) => {
    const wanted = one("#log-filter").value.toLowerCase();
    for (const line of box.getElementsByClassName("line")) line.hidden = !line.textContent.toLowerCase().includes(wanted);
    box.classList.toggle("filtered", wanted !== "");
  };
  const renewedLog = () => {
    const box = lines();
    if (!box) return;
    const { state } = one("#log-state")?.dataset || {};
    if (state !== "ended" && state !== "failed") box.classList.add("live");
    else if (state === "failed" && !one(".line", box)) box.classList.remove("live"); // nothing will come
    if (one("#log-filter").value) filterLog(box);
    if (logFollows(box)) followLog(box);
  };
  renewedLog();
  document.addEventListener("scroll", ({ target: box }) => {
    if (box !== lines() || !box) return;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    if (below < 24) followLog(box);
    else if (box.scrollTop < (box.lastTop ?? 0)) {
      box.dataset.paused = "";
      one("#log-follow").hidden = false;
    }
    box.lastTop = box.scrollTop;
  }, { passive: true, capture: true });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#log-follow")) return;
    const box = lines();
    followLog(box);
    box.focus({ preventScroll: true });
    poller("poll-now");
  });
  document.addEventListener("input", (event) => {
    if (event.target.id !== "log-filter") return;
    renewedLog();
    if (!event.target.value) filterLog(lines());
  });
  body.addEventListener("htmx:beforeRequest", (event) => {
    const box = lines();
    if (event.detail.elt?.id === "log-poll" && !logFollows(box) && box.getElementsByClassName("line").length > LOG_LINES) event.preventDefault();
  });
  body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig?.elt?.id === "log-poll" && event.detail.xhr.status === 200) renewedLog();
  });
  // A section that this page has not got: its lines go to the end.
  body.addEventListener("htmx:oobErrorNoTarget", (event) => {
    const made = event.detail.content;
    if (made?.id?.startsWith("log-section-")) lines()?.append(...made.childNodes);
  });

  // The log of another step is in the place of this one, or a page that somebody went back to. Where it does not stand
  // beside the plan, it comes into view.
  const beside = matchMedia("(min-width: 62.5em)");
  let wanted = ""; // in its lines, too
  body.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    if (target?.id !== "log") return;
    poller("htmx:abort"); // its lines are of the step before
    wanted = one("#log-filter")?.value ?? wanted;
  });
  body.addEventListener("htmx:afterSettle", ({ detail: { elt, requestConfig } }) => {
    if (elt?.id !== "log") return;
    if (wanted && one("#log-filter")) one("#log-filter").value = wanted;
    renewedLog();
    if (beside.matches || !requestConfig?.elt?.closest("#plan, #header")) return;
    const place = one("#step:not([hidden])") || one("#log");
    place.scrollIntoView({ block: "start" });
    one("h2", place).focus({ preventScroll: true });
  });
  body.addEventListener("htmx:historyRestore", renewedLog);
})();
