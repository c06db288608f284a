// The editor of an automations file: line numbers beside it, and a mistake's link selects its line.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const startEditor = (box) => {
    const wrong = new Set([...document.querySelectorAll("[data-line]")].map((link) => Number(link.dataset.line)));
    const gutter = document.createElement("div");
    const numbers = document.createElement("pre");
    gutter.className = "gutter";
    gutter.setAttribute("aria-hidden", "true");
    gutter.append(numbers);
    box.before(gutter);
    let shown = 0;
    const number = () => {
      const lines = box.value.split("\n").length;
      if (lines === shown) return;
      shown = lines;
      numbers.replaceChildren(...Array.from({ length: lines }, (_, index) => {
        const line = document.createElement("div");
        line.textContent = index + 1;
        if (wrong.has(index + 1)) line.className = "wrong";
        return line;
      }));
    };
    const follow = () => { numbers.style.top = `${-box.scrollTop}px`; };
    box.addEventListener("input", () => { number(); follow(); });
    box.addEventListener("scroll", follow);
    number();
    // What was typed and not sent is not lost to a stray click.
    let leaving = false;
    box.form.addEventListener("submit", () => { leaving = true; });
    one(".choices a", box.form).addEventListener("click", () => { leaving = true; });
    window.addEventListener("pageshow", () => { leaving = false; });
    window.addEventListener("beforeunload", (event) => {
      if (!leaving && (box.value !== box.defaultValue || wrong.size)) event.preventDefault();
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-line]");
      if (!link) return;
      event.preventDefault();
      const line = Number(link.dataset.line);
      const before = box.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
      const end = box.value.indexOf("\n", before);
      box.focus({ preventScroll: true });
      box.setSelectionRange(before, end < 0 ? box.value.length : end);
      box.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(box).lineHeight));
      box.scrollLeft = 0;
      box.scrollIntoView({ block: "nearest" });
    });
  };
  if (one("textarea#text")) startEditor(one("textarea#text"));
})();
