// Completes what is typed into the box of a filter: a combobox with a list of options that the server offers.
(() => {
  "use strict";
  const { translated } = window;
  const box = document.querySelector("#q, [data-completes]");
  if (!box) return;
  if (box.dataset.completes) {
    // Beside the lists themselves: the options are made here, since without this script there are none.
    const around = document.createElement("div");
    around.className = "combo";
    box.before(around);
    const made = document.createElement("ul");
    for (const [name, value] of Object.entries({ id: "options", role: "listbox", "aria-label": translated("Suggestions"), "data-url": box.dataset.completes, hidden: "" }))
      made.setAttribute(name, value);
    const status = document.createElement("span");
    for (const [name, value] of Object.entries({ id: "options-said", class: "sr", role: "status" })) status.setAttribute(name, value);
    around.append(box, made, status);
  }
  const list = document.querySelector("#options");
  const said = document.querySelector("#options-said");
  if (!list) return;
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "options", "aria-haspopup": "listbox" }))
    box.setAttribute(name, value);

  let asked = null;
  let waiting = null;
  let active = -1;
  const options = () => [...list.children];
  const isOpen = () => !list.hidden;
  const mark = (index) => {
    active = index;
    options().forEach((option, number) => option.setAttribute("aria-selected", String(number === index)));
    const option = options()[index];
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    clearTimeout(waiting);
    asked?.abort();
    list.hidden = true;
    list.replaceChildren();
    said.textContent = "";
    box.setAttribute("aria-expanded", "false");
    mark(-1);
  };
  const open = async (first = -1) => {
    asked?.abort();
    asked = new AbortController();
    const own = asked;
    const before = box.value.slice(0, box.selectionStart);
    try {
      const answer = await fetch(`${list.dataset.url}?${new URLSearchParams({ before })}`, { signal: own.signal });
      if (!answer.ok || answer.redirected) return close();
      const html = await answer.text();
      if (own !== asked || document.activeElement !== box) return;
      const page = new DOMParser().parseFromString(html, "text/html");
      list.replaceChildren(...page.querySelectorAll("[role=option]"));
    } catch {
      return; // another question took its place, or there is no answer: the box works without
    }
    const many = options().length;
    if (!many) return close();
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    said.textContent = many === 1 ? translated("1 suggestion") : translated("{count} suggestions", { count: many });
    mark(first);
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(open, 120);
  };
  const choose = (option) => {
    const before = option.dataset.before;
    const rest = box.value.slice(box.selectionStart).replace(/^[^\s,]*/, "");
    box.value = before + rest;
    box.setSelectionRange(before.length, before.length);
    close();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  box.addEventListener("input", () => {
    mark(-1); // what is offered was for what stood there before
    soon();
  });
  box.addEventListener("blur", close);
  box.addEventListener("click", () => isOpen() && close());
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const many = options().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen()) return open(0);
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(active < 0 ? (step > 0 ? 0 : many - 1) : (active + step + many) % many);
    } else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && isOpen() && active >= 0) {
      event.preventDefault();
      choose(options()[active]);
    } else if (event.key === "Enter") close();
    else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      close();
    } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight" || event.key === "Home" || event.key === "End") && isOpen()) close();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
})();
