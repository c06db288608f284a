// The palette (Ctrl-K) and single keys. What they lead to is there as links too; single keys can be turned off.
(() => {
  "use strict";
  const { translated } = window;
  const link = document.querySelector("#find");
  if (!link) return;
  const off = () => {
    try { return localStorage.getItem("single-keys") === "off"; } catch { return false; }
  };
  const visit = (url, apart) => (apart ? window.open(url, "_blank", "noopener") : window.dialogs.visit(url));
  const ask = (url) => window.htmx?.ajax("GET", url, { target: "#dialog", swap: "innerHTML" }).catch(() => {}); // its events tell
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // The palette: a box and what its letters may mean, found by the server.
  const box = make("input", { type: "text", id: "palette-text", role: "combobox", "aria-label": translated("Search everything"), "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "auto", maxlength: "80", placeholder: translated("Environment, service, task, person, project, id, action") });
  const list = make("div", { id: "palette-list", role: "listbox", "aria-label": translated("Results") });
  const said = make("p", { class: "sr", role: "status" });
  const palette = make("dialog", { id: "palette", "aria-label": translated("Search everything") }, box, list, said);
  document.body.append(palette);
  const PATIENCE = 10000;
  const SLOW = 600;
  let asked = null;
  let waiting = null;
  let answered = null; // the text that the list answers; null while it says that nobody answers
  let wished = null; // Enter was pressed before the list answered what stands in the box
  let opener = null;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const marked = () => list.querySelector("[aria-selected=true]");
  const mark = (option) => {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  };
  const say = (text) => {
    said.textContent = text;
    list.replaceChildren(make("div", { role: "presentation", class: "find-title" }, text));
    mark(null);
  };
  const look = async () => {
    clearTimeout(waiting);
    asked?.abort();
    const own = (asked = new AbortController());
    const text = box.value;
    const patience = setTimeout(() => own.abort(new Error()), PATIENCE);
    const slow = setTimeout(() => own === asked && !options().length && say(translated("Searching…")), SLOW);
    list.setAttribute("aria-busy", "true");
    try {
      const query = new URLSearchParams({ q: text, at: location.pathname });
      const answer = await fetch(`${link.href}?${query}`, { signal: own.signal, headers: { "HX-Request": "true" } });
      const elsewhere = answer.headers.get("HX-Redirect"); // nobody is signed in any more
      if (elsewhere) return location.assign(elsewhere);
      if (!answer.ok || answer.redirected) throw new Error();
      const html = await answer.text();
      if (own !== asked) return;
      const page = new DOMParser().parseFromString(html, "text/html");
      list.replaceChildren(...page.body.children);
      const many = options().length;
      if (!many) say(translated("Nothing has a name like that."));
      else said.textContent = many === 1 ? translated("1 result") : translated("{count} results", { count: many });
      mark(options()[0]);
      answered = text;
      if (wished && palette.open) choose(marked(), wished.apart);
      wished = null;
    } catch (error) {
      if (own !== asked || error.name === "AbortError") return;
      answered = wished = null;
      say(translated("The dashboard does not answer."));
    } finally {
      clearTimeout(patience);
      clearTimeout(slow);
      if (own === asked) list.removeAttribute("aria-busy");
    }
  };
  const open = () => {
    if (palette.open || document.querySelector("dialog[open]")) return;
    opener = window.dialogs.whereabouts(document.activeElement);
    box.value = "";
    window.dialogs.show(palette);
    box.focus();
    look();
  };
  let chosen = -Infinity; // when
  let down = false; // the Enter key, ever since
  const choose = (option, apart) => {
    if (!option) return;
    chosen = performance.now();
    const { url, asks } = option.dataset;
    if (apart) palette.close();
    else window.dialogs.give(palette);
    if (asks !== undefined && !apart && window.htmx) ask(url);
    else visit(url, apart);
  };
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  palette.addEventListener("close", () => {
    clearTimeout(waiting);
    asked?.abort();
    asked = wished = null;
    window.dialogs.refocus(opener);
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette) return palette.close();
    choose(event.target.closest("[role=option]"), event.ctrlKey || event.metaKey);
  });
  box.addEventListener("input", () => {
    wished = null;
    clearTimeout(waiting);
    waiting = setTimeout(look, 100);
  });
  palette.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (/^(Arrow(Down|Up)|.)$/u.test(event.key) && !event.ctrlKey && !event.metaKey) box.focus(); // from a list that scrolls, which takes the focus
    const all = options();
    const place = all.indexOf(marked());
    if (event.key === "ArrowDown") mark(all[(place + 1) % all.length]);
    else if (event.key === "ArrowUp") mark(all[(place - 1 + all.length) % all.length]);
    else if (event.key !== "Enter") return;
    else if (!event.repeat) {
      const apart = event.ctrlKey || event.metaKey;
      down = true;
      if (answered === box.value && !list.hasAttribute("aria-busy")) choose(marked(), apart);
      else {
        wished = { apart };
        look();
      }
    }
    event.preventDefault();
  });
  // Whoever presses Enter twice, or long, chooses once: the second is not for what comes in the palette's place.
  const TWICE = 500;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || palette.open) return;
    if (performance.now() - chosen > TWICE && !(down && event.repeat)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("keyup", (event) => { if (event.key === "Enter") down = false; }, true);

  // Single keys
  const typing = (element) => element.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("main table.list tbody tr")].filter((row) => row.querySelector("a[href]") && row.checkVisibility?.() !== false);
  const step = (by) => {
    const all = rows();
    const place = all.findIndex((row) => row.contains(document.activeElement));
    const row = all[place < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, place + by))];
    const target = row?.querySelector("td.main a[href], a[href]");
    target?.focus();
    row?.scrollIntoView({ block: "nearest" });
  };
  const SINGLE = {
    "/": () => {
      const filter = document.querySelector("#q");
      if (filter) filter.select(), filter.focus();
      else open();
    },
    "?": () => ask(link.dataset.keys),
    j: () => step(1),
    k: () => step(-1),
    x: () => document.activeElement?.closest("tr")?.querySelector("input[name=id]")?.click(),
  };
  let went = -Infinity; // when `g` was pressed last
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k") {
      if (event.target.closest?.("textarea, [contenteditable]")) return;
      event.preventDefault();
      return palette.open ? palette.close() : open();
    }
    if (event.ctrlKey || event.metaKey || off() || typing(event.target) || document.querySelector("dialog[open]")) return;
    const after = event.timeStamp - went < 1500;
    went = -Infinity;
    const page = after && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (page) {
      event.preventDefault();
      return visit(page.href);
    }
    if (event.key === "g" && !event.repeat) went = event.timeStamp;
    else if (Object.hasOwn(SINGLE, event.key)) {
      event.preventDefault();
      if (!event.repeat || "jk".includes(event.key)) SINGLE[event.key]();
    }
  });
  const show = () => {
    const tick = document.querySelector("#single-keys");
    if (tick) tick.checked = !off();
  };
  show();
  document.body.addEventListener("htmx:afterSwap", show);
  document.addEventListener("change", (event) => {
    if (event.target.id !== "single-keys") return;
    try { localStorage.setItem("single-keys", event.target.checked ? "on" : "off"); } catch { /* a browser that keeps nothing */ }
  });
})();
