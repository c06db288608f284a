// Notifications of what is starred, for who has turned them on in this browser. There is no push service: one of the
// open tabs asks, hidden or not, and what it has heard is kept for all of them.
(() => {
  "use strict";
  const form = document.querySelector("#stars");
  if (!form) return;
  const EVERY = 10000;
  const FEW = 3;
  const KEY = `news:${form.dataset.person}`;
  const read = () => {
    try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch { return {}; }
  };
  const write = (changed) => {
    try { localStorage.setItem(KEY, JSON.stringify({ ...read(), ...changed })); } catch { /* a browser that keeps nothing is told nothing */ }
  };
  const able = window.isSecureContext && "Notification" in window && Boolean(navigator.locks);
  const state = () => {
    if (!able) return "none";
    // What is kept is read only where it matters: the first look into it holds up the page.
    if (Notification.permission !== "granted") return Notification.permission === "denied" ? "denied" : "off";
    const kept = read();
    if (kept.unable) return "none";
    return kept.on ? "on" : "off";
  };

  // What the overview says of it
  const paint = () => {
    const place = document.querySelector("#tell");
    if (!place) return;
    const now = state();
    for (const words of place.querySelectorAll("[data-state]")) words.hidden = words.dataset.state !== now;
    const buttons = { off: place.querySelector("#tell-on"), on: place.querySelector("#tell-off") };
    const focused = Object.values(buttons).includes(document.activeElement);
    for (const [name, button] of Object.entries(buttons)) button.hidden = name !== now;
    if (focused) buttons[now]?.focus();
  };
  document.addEventListener("click", async (event) => {
    const id = event.target.closest?.("button")?.id;
    if (id === "tell-off") write({ on: false });
    else if (id === "tell-on") {
      if ((await Notification.requestPermission()) === "granted") write({ on: true, seen: "", keys: null, fresh: [] });
    } else return;
    paint();
    lead();
  });

  // Telling. What it says comes from the API: plain text, which is all that a notification takes.
  const show = (title, body, tag, url) => {
    try {
      const told = new Notification(title, { body, tag, renotify: true, icon: document.querySelector("#icon")?.href });
      told.onclick = () => {
        told.close();
        const page = new URL(url, location.origin);
        if (page.origin === location.origin) window.open(page.href, "_blank") || location.assign(page.href);
      };
    } catch {
      write({ unable: true }); // a phone: it takes them from service workers alone
      paint();
    }
  };
  const hear = ({ seen, items }) => {
    const { keys, fresh = [] } = read();
    const known = new Set(keys || []);
    // The first answer is what there was before, and so is what was true of a thing when it was starred.
    const news = keys ? items.filter(({ key }) => !known.has(key) && !fresh.some((value) => key.startsWith(`${value}:`))) : [];
    write({ seen, keys: items.map(({ key }) => key), fresh: [] });
    if (news.length > FEW) show(form.dataset.several.replace("{number}", news.length), "", "several", "/");
    else for (const { key, title, body, url } of news) show(title, body, key, url);
  };
  const ask = async () => {
    const query = new URLSearchParams({ seen: read().seen || "" });
    const answer = await fetch(`${form.dataset.watching}?${query}`, { headers: { "HX-Request": "true" }, redirect: "error" });
    if (answer.headers.get("HX-Redirect") || answer.status === 403) return false; // nobody is signed in any more
    if (answer.status === 200) hear(await answer.json());
    return true;
  };

  // One tab asks: whoever holds the lock. It lets go of it when it is left, and the next one has it.
  let leading = false;
  let here = true;
  let wake = () => {};
  const pause = () => new Promise((done) => {
    const timer = setTimeout(done, EVERY);
    wake = () => {
      clearTimeout(timer);
      done();
    };
  });
  const loop = async () => {
    while (here && state() === "on") {
      try {
        if (!(await ask())) return;
      } catch { /* no answer: the page says so, and the next one may come */ }
      await pause();
    }
  };
  const lead = () => {
    wake();
    if (leading || !here || state() !== "on") return;
    leading = true;
    navigator.locks.request(KEY, loop).catch(() => {}).finally(() => { leading = false; });
  };
  window.addEventListener("pagehide", () => {
    here = false;
    wake();
  });
  // Asking the browser for its permission holds up the page until it answers, except this way. Where nothing was ever
  // allowed or forbidden, which is where most are, the page says so from the beginning.
  const begin = async () => {
    here = true;
    try {
      const { state: known } = await navigator.permissions.query({ name: "notifications" });
      if (able && known === "prompt" && !document.querySelector('#tell [data-state="off"][hidden]')) return;
    } catch { /* a browser that cannot be asked this way */ }
    paint();
    lead();
  };
  window.addEventListener("pageshow", begin);
  window.addEventListener("storage", ({ key }) => {
    if (key !== KEY) return;
    paint();
    if (!leading) lead();
  });
  document.body.addEventListener("star:put", ({ detail }) => {
    if (state() === "on") write({ fresh: [...(read().fresh || []), detail] });
  });
})();
