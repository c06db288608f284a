// A log: its end stays in view until somebody scrolls up. Long ones lose their beginning here as they do in the store.
(() => {
  "use strict";
  const { body } = document;
  const one = (selector, root = document) => root.querySelector(selector);
  const LOG_LINES = 5000;
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
  const filterLog = (box) => {
    const wanted = one("#log-filter").value.toLowerCase();
    for (const line of box.getElementsByClassName("line")) line.hidden = !line.textContent.toLowerCase().includes(wanted);
    box.classList.toggle("filtered", wanted !== "");
  };
  const renewedLog = () => {
    const box = one("#log-lines");
    if (!box) return;
    if (one("#log-filter").value) filterLog(box);
    if (logFollows(box)) followLog(box);
  };
  const startLog = () => {
    const box = one("#log-lines");
    if (!box) return;
    renewedLog();
    box.addEventListener("scroll", () => {
      const below = box.scrollHeight - box.scrollTop - box.clientHeight;
      if (below < 24) followLog(box);
      else if (box.scrollTop < (box.lastTop ?? 0)) {
        box.dataset.paused = "";
        one("#log-follow").hidden = false;
      }
      box.lastTop = box.scrollTop;
    }, { passive: true });
    one("#log-follow").addEventListener("click", () => {
      followLog(box);
      box.focus({ preventScroll: true });
      htmx.trigger("#log-poll", "poll-now");
    });
    one("#log-filter").addEventListener("input", renewedLog);
    one("#log-filter").addEventListener("input", () => one("#log-filter").value || filterLog(box));
  };
  startLog();
  body.addEventListener("htmx:beforeRequest", (event) => {
    const box = one("#log-lines");
    if (event.detail.elt?.id === "log-poll" && !logFollows(box) && box.getElementsByClassName("line").length > LOG_LINES) event.preventDefault();
  });
  body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig?.elt?.id === "log-poll" && event.detail.xhr.status === 200) renewedLog();
  });
  // A section that this page has not got: its lines go to the end.
  body.addEventListener("htmx:oobErrorNoTarget", (event) => {
    const made = event.detail.content;
    if (made?.id?.startsWith("log-section-")) one("#log-lines")?.append(...made.childNodes);
  });

  // A step's link leads to its section of the log, where the log says which is whose.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".step-log");
    if (!link) return;
    const { section, title } = link.dataset;
    const folds = [...document.querySelectorAll("#log-lines .log-fold")];
    const fold = folds.find((one) => one.dataset.source === section) || folds.find((one) => title && one.firstChild.firstChild?.data.trim() === title);
    if (!fold) return;
    event.preventDefault();
    fold.open = true;
    fold.scrollIntoView({ block: "nearest" });
    one("#log").scrollIntoView({ block: "nearest" });
    fold.firstChild.focus({ preventScroll: true });
  });
})();
