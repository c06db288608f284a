// What the browser adds to pages that also work without it: ticking times, dialogs, toasts, polls that rest and recover.
(() => {
  "use strict";
  const body = document.body;
  const one = (selector, root = document) => root.querySelector(selector);

  // The page's language: the server hands over what our scripts say, except in English.
  const catalogue = JSON.parse(one("#words")?.textContent || "{}");
  const translated = (text, values = {}) =>
    (catalogue.words?.[text] ?? text).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
  window.translated = translated;
  const language = navigator.languages.find((one) => one.slice(0, 2) === document.documentElement.lang.slice(0, 2)) || document.documentElement.lang;

  // The server's clock counts, not this computer's. What an answer takes on its way is no difference between clocks.
  const NETWORK = 2000;
  let ahead = 0;
  const setClock = (iso) => {
    const off = Date.parse(iso) - Date.now();
    if (Math.abs(off - ahead) > NETWORK) ahead = Math.abs(off) > NETWORK ? off : 0;
  };
  const now = () => Date.now() + ahead;
  setClock(one("#freshness")?.dataset.now);

  // Times. The words are those of dashboard/fleet/spans.py.
  const names = catalogue.units || ["d", "h", "min", "s"];
  const UNITS = [86400, 3600, 60, 1].map((size, index) => [size, names[index]]);
  const LONG_AGO = 3653 * 86400;
  const span = (seconds) => {
    const [size, unit] = UNITS.find(([size]) => seconds >= size) || UNITS[3];
    return `${Math.floor(seconds / size)} ${unit}`;
  };
  const relative = (at) => {
    const ago = (now() - at) / 1000;
    if (Math.abs(ago) > LONG_AGO) return new Date(at).toISOString().slice(0, 10);
    if (Math.abs(ago) < 5) return translated("just now");
    return ago > 0 ? translated("{span} ago", { span: span(ago) }) : translated("in {span}", { span: span(-ago) });
  };
  const duration = (seconds) => {
    if (seconds < 10) return `${seconds.toFixed(1)} ${names[3]}`.replace(".", catalogue.point || ".");
    const whole = Math.floor(seconds);
    const index = UNITS.findIndex(([size]) => whole >= size);
    const [size, unit] = UNITS[index];
    const small = UNITS[index + 1];
    const rest = small ? Math.floor((whole % size) / small[0]) : 0;
    return `${Math.floor(whole / size)} ${unit}` + (rest ? ` ${rest} ${small[1]}` : "");
  };
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  // Who reads in another time zone than the dashboard's is shown the clock of their own, and which one all else goes by.
  const { zone } = document.documentElement.dataset;
  const clock = (options) => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", ...options });
  const DAY = { weekday: "short", day: "numeric", month: "short" };
  const [time, dayAndTime] = [clock(), clock(DAY)];
  const farDay = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
  const FAR = 300 * 86400000; // WITHOUT_YEAR of dashboard/fleet/spans.py
  let isElsewhere = false;
  try {
    const at = now();
    isElsewhere = Boolean(zone) && dayAndTime.format(at) !== clock({ ...DAY, timeZone: zone }).format(at);
  } catch { /* a zone that this browser does not know */ }
  document.documentElement.toggleAttribute("data-elsewhere", isElsewhere);
  const byTheClock = (at) => {
    const today = new Date(at).toDateString() === new Date(now()).toDateString();
    return (today ? time : Math.abs(at - now()) > FAR ? farDay : dayAndTime).format(at);
  };
  const tick = (root = document) => {
    if (isElsewhere) for (const shown of root.querySelectorAll("time[data-clock]")) write(shown, byTheClock(Date.parse(shown.dateTime)));
    for (const time of root.querySelectorAll("time[data-relative]")) write(time, relative(Date.parse(time.dateTime)));
    for (const grown of root.querySelectorAll("[data-since]"))
      write(grown, duration(Math.max(0, (now() - Date.parse(grown.dataset.since)) / 1000)));
  };
  // The whole of a time in the reader's words, once somebody points at it: a page may carry hundreds.
  document.addEventListener("pointerover", ({ target }) => {
    const time = target.closest?.("time[data-relative]:not([data-local])");
    if (!time) return;
    time.dataset.local = "";
    time.title = new Date(time.dateTime).toLocaleString(language, { dateStyle: "medium", timeStyle: "long" });
  });
  tick();
  setInterval(() => document.hidden || tick(), 1000);

  // What takes the focus is seen whole in a row that scrolls; browsers leave it where a letter of it shows.
  document.addEventListener("focusin", ({ target }) => {
    if (target.closest?.(".chips, .tabs, .side nav, .head .buttons, .creators")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  // What is cut short tells all of it to who rests on it.
  document.addEventListener("pointerover", ({ target }) => {
    if (target.closest?.(".gutter, [aria-hidden=true]")) return; // beside the words, not words
    for (let box = target, up = 0; box && up < 3; box = box.parentElement, up += 1) {
      const cut = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
      if (!cut || box.title || getComputedStyle(box).overflowY !== "hidden") continue;
      box.title = box.textContent.trim().slice(0, 1000);
      box.dataset.told = "";
    }
  });

  // A menu closes with Escape, and where somebody presses or goes elsewhere; a dialog that it has opened leads back to it.
  const OPENED = "details:is(.menu, .explain)[open]";
  for (const name of ["click", "focusin"]) document.addEventListener(name, ({ target }) => {
    if (target.closest?.("dialog")) return;
    for (const menu of document.querySelectorAll(OPENED)) if (!menu.contains(target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest?.(OPENED);
    if (!menu) return;
    menu.open = false;
    one("summary", menu).focus();
  });

  // Where one is stays in view in a menu wider than the screen, as menus of narrow screens are.
  // When the page is laid out, not before: asking for places earlier would lay it out twice.
  if (matchMedia("(max-width: 56.25em)").matches) requestAnimationFrame(() => {
    for (const current of document.querySelectorAll("nav [aria-current]")) {
      const menu = current.closest("nav");
      const [inner, outer] = [current.getBoundingClientRect(), menu.getBoundingClientRect()];
      menu.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
    }
  });

  // How fresh the data are: every answer to a poll says so, also one without a body.
  const states = { fresh: translated("Updated"), stale: translated("Last update"), failed: translated("Last update") };
  const timeOf = (at) => {
    const time = document.createElement("time");
    time.dateTime = at;
    time.dataset.relative = "";
    time.textContent = relative(Date.parse(at));
    return time;
  };
  const showFreshness = ({ state, at, reason }) => {
    const place = one("#freshness");
    if (!place) return;
    place.dataset.state = state;
    one(".words", place).replaceChildren(...(at ? [`${states[state] || ""} `, timeOf(at)] : [reason]));
    showTrouble(state, at, reason);
  };
  const showTrouble = (state, at, reason) => {
    const banner = one("#trouble");
    if (!banner) return;
    const titles = { failed: translated("These data are not up to date."), stale: translated("These data are getting old.") };
    banner.dataset.state = state;
    banner.hidden = !titles[state];
    const key = `${state} ${reason}`;
    if (banner.hidden || banner.dataset.key === key) return;
    banner.dataset.key = key;
    const strong = document.createElement("strong");
    strong.textContent = titles[state];
    const [before, after] = translated("What you see is from {time}.").split("{time}");
    banner.replaceChildren(strong, ` ${reason} `, ...(at ? [before, timeOf(at), after] : [translated("Nothing has been read yet.")]));
  };
  body.addEventListener("fleet:freshness", (event) => {
    setClock(event.detail.now);
    showFreshness(event.detail);
  });

  // Polls rest while nobody looks, and say so when they get no answer.
  let silent = 0;
  // An answer may have replaced the element that asked, and then its events come from around it.
  const isPoll = (event) => ["poll", "log-poll", "views"].includes(event.detail.elt?.id);
  const pollNow = () => window.htmx && htmx.trigger(body, "poll-now");
  body.addEventListener("htmx:beforeRequest", (event) => {
    if (isPoll(event) && document.hidden) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    tick();
    pollNow();
  });
  window.addEventListener("online", pollNow);
  const noAnswer = (event) => {
    if (!isPoll(event)) {
      if (!one("dialog[open]")) leave();
      const asked = event.detail.requestConfig.verb === "get";
      return complain(asked
        ? translated("The dashboard does not answer. Try again in a moment.")
        : translated("The dashboard does not answer. It may have received this: look at Activity before you ask again."));
    }
    silent += 1;
    if (silent >= 2) {
      const place = one("#freshness");
      showFreshness({ state: "failed", at: place && one("time", place)?.dateTime, reason: translated("The dashboard does not answer; trying again.") });
    }
  };
  for (const name of ["htmx:sendError", "htmx:timeout"]) body.addEventListener(name, noAnswer);
  body.addEventListener("htmx:responseError", (event) => {
    if (isPoll(event)) {
      if (event.detail.xhr.status === 404) location.reload();
      else noAnswer(event);
      return;
    }
    const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const reason = one(".question p", page)?.textContent || translated("The dashboard answered {status}.", { status: event.detail.xhr.status });
    if (event.detail.xhr.status === 429) return complain(reason); // what was typed stays
    one("#dialog").close();
    leave();
    toast("bad", reason);
  });
  body.addEventListener("htmx:afterRequest", (event) => {
    if (isPoll(event) && event.detail.successful) silent = 0;
  });

  // Addresses stay short: what is empty is left out.
  body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") return;
    for (const [name, value] of Object.entries(event.detail.parameters)) if (value === "") delete event.detail.parameters[name];
  });

  // The box says what the list shows, except while somebody types in it.
  body.addEventListener("htmx:afterSettle", (event) => {
    const [box, list] = [one("#q"), one("#list")];
    if (!box || !list) return;
    const asked = event.detail.requestConfig?.elt?.id;
    if (event.target.id === "list" && asked !== "filters") box.value = list.dataset.q ?? box.value;
    for (const tab of document.querySelectorAll("#views [data-q]")) {
      const shown = tab.dataset.q === list.dataset.q && (!tab.dataset.sort || tab.dataset.sort === list.dataset.sort);
      tab[shown ? "setAttribute" : "removeAttribute"]("aria-current", "true");
    }
    box.setAttribute("aria-invalid", Boolean(one("#problems p:not(.calm, .muted)")));
  });

  // What a person has opened stays open when its surroundings are renewed; by its id, for another may have come before it.
  const stayOpen = (shown, renewed) => {
    const opened = new Set([...shown.querySelectorAll("details[id][open]")].map(({ id }) => id));
    for (const details of renewed.querySelectorAll?.("details[id]") || []) if (opened.has(details.id)) details.open = true;
  };
  body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => stayOpen(detail.target, detail.fragment));

  // Focus. What takes the focused element away hands the focus to its namesake, else to the first link beside it.
  const whereabouts = (element) => ({ id: element.id, around: element.closest("tr, section, #header")?.id });
  const refocus = ({ id, around }) => {
    const focused = document.activeElement; // of a dialog that has just closed, for a moment still one inside it
    if (focused && focused !== body && focused.checkVisibility?.() !== false) return;
    const beside = around && document.getElementById(around);
    const seen = () => [...beside?.querySelectorAll("a[href], button") || []].find((one) => one.checkVisibility?.() !== false);
    const next = document.getElementById(id) || seen() || one("#main");
    next.focus({ preventScroll: true });
  };
  let unseated = null;
  body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const focused = document.activeElement;
    if (focused && focused !== body && event.detail.target.contains(focused)) unseated = whereabouts(focused);
  });
  body.addEventListener("htmx:afterSettle", () => {
    if (unseated) refocus(unseated);
    unseated = null;
  });

  // Other rows, or another order: the rows that stay as they are stay the same elements, with focus and selection.
  const plain = (row) => {
    const copy = row.cloneNode(true);
    copy.classList.remove("htmx-added", "htmx-settling", "htmx-swapping");
    if (!copy.className) copy.removeAttribute("class");
    for (const ticking of copy.querySelectorAll("time, [data-since]")) {
      ticking.replaceChildren();
      ticking.removeAttribute("title");
      ticking.removeAttribute("data-local");
    }
    for (const details of copy.querySelectorAll("details[open]")) details.open = false;
    for (const told of copy.querySelectorAll("[data-told]")) {
      told.removeAttribute("title");
      told.removeAttribute("data-told");
    }
    return copy.outerHTML;
  };
  const renewRows = (rows, renewed) => {
    stayOpen(rows, renewed);
    const known = new Map([...rows.children].map((row) => [row.id, row]));
    const focused = rows.contains(document.activeElement) && whereabouts(document.activeElement);
    const wanted = [...renewed.children].map((row) => {
      const same = row.id && known.get(row.id);
      return same && plain(same) === plain(row) ? same : row;
    });
    for (const row of known.values()) if (!wanted.includes(row)) row.remove();
    let next = rows.firstElementChild;
    for (const row of wanted) {
      if (row === next) {
        next = next.nextElementSibling;
        continue;
      }
      rows.insertBefore(row, next);
      htmx.process(row);
      tick(row);
    }
    if (focused) refocus(focused);
  };
  // While other rows wait, those in view stay where they are and tell what is true: their state, or that they have left.
  const FULL = 50; // rows of a page: PAGE_SIZE of dashboard/fleet/query/run.py
  const keepRows = (rows, renewed) => {
    stayOpen(rows, renewed);
    const focused = rows.contains(document.activeElement) && whereabouts(document.activeElement);
    const there = new Set([...renewed.children].map(({ id }) => id));
    const shown = [...rows.children];
    // Behind all that stay, on a full page: as many have come before them, and they are on the next page now.
    const pushed = renewed.children.length >= FULL ? shown.findLastIndex(({ id }) => there.has(id)) + 1 : shown.length;
    for (const [place, row] of shown.entries()) {
      const same = [...renewed.children].find(({ id }) => id === row.id)?.cloneNode(true);
      if (!same && place < pushed && !row.matches(".left, .nothing")) {
        const said = document.createElement("span");
        said.className = "sr";
        said.textContent = row.title = translated("No longer in this list");
        row.classList.add("left");
        one("td.main, td", row)?.append(said);
      } else if (same && plain(same) !== plain(row)) {
        row.replaceWith(same);
        htmx.process(same);
        tick(same);
      }
    }
    if (focused) refocus(focused);
  };
  body.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target.id !== "rows") return;
    event.detail.shouldSwap = false;
    const renewed = event.detail.fragment.firstElementChild;
    const wait = !body.dispatchEvent(new CustomEvent("rows:changing", { detail: renewed, cancelable: true }));
    (wait ? keepRows : renewRows)(event.detail.target, renewed);
  });
  body.addEventListener("rows:renew", (event) => {
    const rows = one("#rows");
    const focused = rows.contains(document.activeElement) && whereabouts(document.activeElement);
    renewRows(rows, event.detail);
    if (focused) refocus(focused);
    body.dispatchEvent(new CustomEvent("rows:renewed"));
  });

  // Links of rows that ask in the dialog: one listener for all of them.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-asks]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || !window.htmx) return;
    event.preventDefault();
    htmx.ajax("GET", link.getAttribute("href"), { source: link, target: "#dialog", swap: "innerHTML" }).catch(() => {}); // its events tell
  });

  // Dialogs
  const dialog = one("#dialog");
  let opener = null;
  body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== dialog || dialog.open) return;
    // A poll may have just taken the focused element away, and not have handed the focus on yet.
    const focused = document.activeElement;
    opener = focused && focused !== body ? whereabouts(focused) : unseated || whereabouts(body);
    htmx.process(dialog); // else an Enter within the next 20 ms leaves the page
    dialogs.show(dialog);
  });
  dialog?.addEventListener("close", () => refocus(opener));
  body.addEventListener("htmx:load", (event) => {
    if (event.target !== body) tick(event.target);
  });
  body.addEventListener("dialog:close", () => dialog.close());
  dialog?.addEventListener("click", (event) => {
    if (event.target === dialog) return dialog.close();
    if (event.target.closest("[data-close]")) {
      event.preventDefault();
      dialog.close();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches?.("a[role=button]")) {
      event.preventDefault();
      event.target.click();
    }
  });

  // On a phone, Back closes a dialog: while one is open the history has an entry more, of the same address. Whoever
  // closes it otherwise goes back by that entry, and where the page is left, the next one takes its place.
  const phone = matchMedia("(max-width: 47.5em), (pointer: coarse)");
  const inDialog = () => Boolean(history.state?.dialog);
  let below = null; // the address, while the entry is ours
  let leaving = false;
  const enter = () => {
    if (leaving) return;
    below = location.href;
    if (phone.matches && !inDialog()) history.pushState({ htmx: true, dialog: true }, "");
  };
  const leave = () => {
    if (leaving || !inDialog()) return;
    leaving = true;
    history.back();
  };
  const dialogs = window.dialogs = {
    whereabouts,
    refocus,
    show: (which) => {
      which.showModal();
      enter();
    },
    // Closes it because another page, or another dialog, comes in its place.
    give: (which) => {
      which.dataset.gives = "";
      which.close();
    },
    visit: (url) => (inDialog() ? location.replace(url) : location.assign(url)),
  };
  document.addEventListener("close", ({ target }) => {
    const { gives } = target.dataset;
    delete target.dataset.gives;
    if (gives === undefined && !one("dialog[open]")) leave();
  }, true);
  window.addEventListener("popstate", (event) => {
    if (below === location.href && !inDialog()) event.stopImmediatePropagation(); // nothing for htmx to restore
    below = null;
    const open = one("dialog[open]");
    if (!leaving) return open?.close();
    leaving = false;
    if (open) enter(); // opened meanwhile
  }, true);
  body.addEventListener("htmx:pushedIntoHistory", () => { below = null; });
  body.addEventListener("htmx:beforeOnLoad", (event) => {
    const there = event.detail.xhr.getResponseHeader("HX-Redirect");
    if (!there || !inDialog()) return;
    event.preventDefault();
    location.replace(there);
  });
  if (inDialog()) { // the page was loaded anew: no dialog is open
    below = location.href;
    leave();
  }

  // A form that is on its way is not sent again: of two presses the second would hide what the first was answered.
  const SENT = 10000;
  const sent = new Map();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (Date.now() - (sent.get(form) ?? -SENT) < SENT) event.preventDefault();
    else sent.set(form, Date.now());
  });
  window.addEventListener("pageshow", () => sent.clear());

  // Nothing outside an open dialog can be used, so what went wrong with its form stands inside it.
  const complain = (text) => {
    const form = dialog.open && one("form", dialog);
    if (!form) return toast("bad", text);
    const said = one(".no-answer", form) || document.createElement("p");
    said.className = "callout bad no-answer";
    said.setAttribute("role", "alert");
    said.textContent = text;
    one(".choices", form).before(said);
    said.scrollIntoView({ block: "nearest" });
  };

  // Toasts
  const toast = (level, text, url, link) => {
    const element = document.createElement("div");
    element.className = `toast ${level}`;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", translated("Dismiss"));
    close.addEventListener("click", () => element.remove());
    const said = document.createElement("span");
    said.textContent = text;
    if (url) {
      const leads = document.createElement("a");
      leads.href = url;
      leads.textContent = link;
      said.append(" ", leads);
    }
    element.append(said, close);
    for (const other of [...one("#toasts").children]) if (other.textContent === element.textContent) other.remove();
    one("#toasts").append(element);
    if (level !== "bad") setTimeout(() => element.remove(), url ? 20000 : 6000);
  };
  body.addEventListener("toast", (event) => toast(event.detail.level, event.detail.text, event.detail.url, event.detail.link));

  // Copying ids
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-before]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy ?? button.previousElementSibling.textContent);
    } catch { // browsers give the clipboard only to pages from https and from this machine
      return getSelection().selectAllChildren(button.previousElementSibling);
    }
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  });
})();
