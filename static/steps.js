// How long each step of a plan took, as its section of the log says, beside what is usual for its task.
(() => {
  "use strict";
  const log = document.querySelector("#log-lines");
  if (!log) return;
  const language = document.documentElement.lang;
  const spoken = (seconds) => seconds < 60
    ? `${seconds.toLocaleString(language, { maximumFractionDigits: 1 })} s`
    : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  const draw = () => {
    const took = new Map();
    for (const fold of log.querySelectorAll(".log-fold")) {
      const seconds = fold.querySelector(":scope > summary > small")?.dataset.seconds;
      if (seconds && fold.dataset.source) took.set(fold.dataset.source, Number(seconds));
    }
    for (const place of document.querySelectorAll("#plan .step-took")) {
      const seconds = took.get(place.dataset.section);
      if (seconds === undefined || place.textContent) continue;
      place.textContent = spoken(seconds);
      const bar = place.closest("li").querySelector(".step-pace");
      if (!bar) continue;
      const [median, p95] = [Number(bar.dataset.median), Number(bar.dataset.p95)];
      const whole = Math.max(seconds, p95) || 1;
      const [usual, taken, middle] = bar.children;
      usual.setAttribute("width", 100 * p95 / whole);
      taken.setAttribute("width", 100 * seconds / whole);
      middle.setAttribute("x", Math.min(99.4, 100 * median / whole));
      if (seconds > p95) taken.setAttribute("class", "took tone-warn");
      bar.classList.add("known");
    }
  };
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
  new MutationObserver(soon).observe(log, { childList: true, subtree: true });
  document.body.addEventListener("htmx:load", soon); // a poll may renew the plan
  soon();
})();
