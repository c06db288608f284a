// For pages that stay open: title and icon tell of failures, other rows wait while somebody reads, and a new
// release asks for a reload once.
(() => {
  "use strict";
  const { dialogs, renew, translated } = window;
  const body = document.body;
  const main = document.querySelector("#main");
  const icon = document.querySelector("#icon");
  const place = document.querySelector("#freshness");
  if (!main || !place) return;

  // Failures in view. What fails while nobody looks is counted until somebody does.
  const plain = document.title;
  const calm = icon?.getAttribute("href");
  const failing = () => {
    const found = [...main.querySelectorAll("tr[id], #header, #needs li")].filter((one) => one.querySelector(".badge.tone-bad"));
    return new Set(found.map((one) => one.id || one.querySelector("a[href]")?.getAttribute("href")));
  };
  let known = failing();
  const news = new Set();
  const tell = () => {
    const now = failing();
    if (document.hidden) {
      for (const id of now) if (!known.has(id)) news.add(id);
    } else news.clear();
    known = now;
    const title = `${news.size ? `(${news.size}) ` : ""}${now.size ? "▲ " : ""}${plain}`;
    if (document.title !== title) document.title = title;
    const wanted = now.size ? icon?.dataset.failing : calm;
    if (icon && icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  };
  tell();
  let waiting = null;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(tell, 50);
  };
  for (const name of ["htmx:oobAfterSwap", "htmx:afterSettle", "rows:renewed"]) body.addEventListener(name, soon);
  document.addEventListener("visibilitychange", soon);

  // Nothing jumps in front of a reader: rows that would move what is in view wait in `held` until they are asked for,
  // or nobody looks: the page is hidden, or nobody has moved, typed or scrolled for `AWAY`, as on a screen on a wall.
  const AWAY = 300000;
  let last = Date.now();
  let held = null;
  let chip = null;
  const rows = () => document.querySelector("#rows");
  const read = () => !document.hidden && Date.now() - last < AWAY;
  for (const name of ["pointermove", "pointerdown", "touchmove", "keydown", "wheel"])
    document.addEventListener(name, () => { last = Date.now(); }, { passive: true });
  const moves = (now, then) => {
    const first = now.findIndex((row, place) => row.id !== then[place]?.id);
    return first >= 0 && !now[first].matches(".nothing") && now[first].getBoundingClientRect().top < innerHeight;
  };
  const drop = () => {
    held?.remove();
    chip?.remove();
    held = chip = null;
  };
  const release = () => {
    const renewed = held?.isConnected && held; // not when another list has taken its place
    drop();
    if (renewed && rows()) body.dispatchEvent(new CustomEvent("rows:renew", { detail: renewed }));
  };
  const say = () => {
    const there = new Set([...rows().children].map((row) => row.id));
    const many = [...held.children].filter((row) => row.id && !there.has(row.id)).length;
    const text = many ? translated("{count} new", { count: many }) : translated("The list has changed");
    if (!chip?.isConnected) { // none yet, or it went with another list
      chip = document.createElement("div");
      chip.className = "held";
      chip.setAttribute("role", "status");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button primary";
      button.addEventListener("click", () => {
        release();
        rows()?.querySelector("td.main a[href], a[href]")?.focus({ preventScroll: true });
      });
      chip.append(button);
      rows().closest(".card").append(chip);
    }
    if (chip.firstChild.textContent !== text) chip.firstChild.textContent = text;
  };
  // Asked by dashboard.js before it renews the rows: cancelling leaves them as they are for now.
  body.addEventListener("rows:changing", (event) => {
    if (!read() || !moves([...rows().children], [...event.detail.children])) return drop();
    event.preventDefault();
    held?.remove();
    held = event.detail;
    held.removeAttribute("id");
    held.hidden = true;
    rows().after(held); // what changes in a row meanwhile finds it here, too
    say();
  });
  setInterval(() => { if (held && !read()) release(); }, 1000);

  // A table of the overview, and the phases of a list, wait while the pointer moves on them: what is pressed is not another's.
  const RESTS = 30000;
  const later = new Map();
  let moved = 0;
  document.addEventListener("pointermove", ({ pointerType }) => { if (pointerType === "mouse") moved = Date.now(); }, { passive: true });
  const under = (place) => Date.now() - moved < RESTS && place.matches(":hover");
  body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    if (!detail.target.matches(".troubles > .flush, #list > #summary")) return;
    later.delete(detail.target.id);
    if (!under(detail.target)) return;
    detail.shouldSwap = false;
    later.set(detail.target.id, [detail.target, detail.fragment.firstElementChild]);
  });
  setInterval(() => {
    for (const [id, [place, renewed]] of later) {
      if (place.isConnected && under(place)) continue;
      later.delete(id);
      if (!place.isConnected) continue; // another list has taken its place
      const focused = place.contains(document.activeElement) && dialogs.whereabouts(document.activeElement);
      renew(place, renewed);
      if (focused) dialogs.refocus(focused);
      soon();
    }
  }, 500);

  // A new release: said once.
  let told = false;
  body.addEventListener("fleet:freshness", (event) => {
    const { release: newest } = event.detail;
    if (told || !newest || !place.dataset.release || newest === place.dataset.release) return;
    told = true;
    const note = document.createElement("div"); // beside the page, which stays where it is
    const words = document.createElement("span");
    const again = document.createElement("a");
    const close = document.createElement("button");
    note.className = "toast";
    again.href = location.href;
    again.textContent = translated("Reload");
    again.addEventListener("click", (click) => {
      click.preventDefault();
      location.reload();
    });
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", translated("Dismiss"));
    close.addEventListener("click", () => note.remove());
    const [before, after] = translated("This dashboard has been updated. {reload} to use the new version.").split("{reload}");
    words.append(before, again, after);
    note.append(words, close);
    document.querySelector("#toasts").append(note);
  });
})();
