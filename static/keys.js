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
  const ask = (url) => window.htmx?.ajax("GET", url, { target: "#dialog", swap: "innerHTML" });
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // The palette: a box and what its letters may mean, found by the server.
  const box = make("input", { type: "text", id: "palette-text", role: "combobox", "aria-label": translated("Search everything"), "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", maxlength: "80", placeholder: translated("Environment, service, task, person, project, id, action") });
  const list = make("ul", { id: "palette-list", role: "listbox", "aria-label": translated("Results") });
  const said = make("p", { class: "sr", role: "status" });
  const palette = make("dialog", { id: "palette", "aria-label": translated("Search everything") }, box, list, said);
  document.body.append(palette);
  let asked = null;
  let waiting = null;
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
  const look = async () => {
    asked?.abort();
    const own = (asked = new AbortController());
    try {
      const query = new URLSearchParams({ q: box.value, at: location.pathname });
      const answer = await fetch(`${link.href}?${query}`, { signal: own.signal, headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.redirected) throw new Error();
      const html = await answer.text();
      if (own !== asked) return;
      const page = new DOMParser().parseFromString(`<ul>${html}</ul>`, "text/html");
      list.replaceChildren(...page.querySelectorAll("li"));
      const many = options().length;
      if (!many) said.textContent = translated("Nothing has a name like that.");
      else said.textContent = many === 1 ? translated("1 result") : translated("{count} results", { count: many });
      if (!many) list.replaceChildren(make("li", { role: "presentation", class: "find-title" }, said.textContent));
      mark(options()[0]);
    } catch (error) {
      if (error.name === "AbortError") return;
      said.textContent = translated("The dashboard does not answer.");
      list.replaceChildren(make("li", { role: "presentation", class: "find-title" }, said.textContent));
    }
  };
  const open = () => {
    if (palette.open || document.querySelector("dialog[open]")) return;
    opener = document.activeElement;
    box.value = "";
    window.dialogs.show(palette);
    box.focus();
    look();
  };
  const choose = (option, apart) => {
    if (!option) return;
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
  palette.addEventListener("close", () => opener?.focus?.({ preventScroll: true }));
  palette.addEventListener("click", (event) => {
    if (event.target === palette) return palette.close();
    choose(event.target.closest("[role=option]"), event.ctrlKey || event.metaKey);
  });
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 100);
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    const place = all.indexOf(marked());
    if (event.key === "ArrowDown") mark(all[(place + 1) % all.length]);
    else if (event.key === "ArrowUp") mark(all[(place - 1 + all.length) % all.length]);
    else if (event.key === "Enter") choose(marked(), event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  });

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
      SINGLE[event.key]();
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
