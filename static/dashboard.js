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
  const tick = (root = document) => {
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

  // A menu closes with Escape, and with a press outside it.
  const OPENED = "details:is(.menu, .explain)[open]";
  document.addEventListener("click", ({ target }) => {
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
  if (matchMedia("(max-width: 760px)").matches) requestAnimationFrame(() => {
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
    if (event.target.id === "list" && asked !== "filters") box.value = list.dataset.q;
    for (const tab of document.querySelectorAll("#views [data-q]")) {
      const shown = tab.dataset.q === list.dataset.q && (!tab.dataset.sort || tab.dataset.sort === list.dataset.sort);
      tab[shown ? "setAttribute" : "removeAttribute"]("aria-current", "true");
    }
    box.setAttribute("aria-invalid", Boolean(one("#problems p:not(.calm, .muted)")));
  });

  // What a person has opened stays open when its surroundings are renewed.
  body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const opened = [...event.detail.target.querySelectorAll("details")].map((details) => details.open);
    const renewed = event.detail.fragment.querySelectorAll?.("details") || [];
    renewed.forEach((details, index) => { if (opened[index]) details.open = true; });
  });

  // Focus. What takes the focused element away hands the focus to its namesake, else to the first link beside it.
  const whereabouts = (element) => ({ id: element.id, around: element.closest("tr, section, #header")?.id });
  const refocus = ({ id, around }) => {
    const focused = document.activeElement; // of a dialog that has just closed, for a moment still one inside it
    if (focused && focused !== body && focused.checkVisibility?.() !== false) return;
    const beside = around && document.getElementById(around);
    const next = document.getElementById(id) || (beside && one("a[href], button", beside)) || one("#main");
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
    return copy.outerHTML;
  };
  const renewRows = (rows, renewed) => {
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
    dialog.showModal();
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

  // Logs: the end stays in view until somebody scrolls up. Long ones lose their beginning here as they do in the store.
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

  // Choosing rows. What is chosen is remembered by id: a poll may renew its row, or take it to another page.
  const chosen = new Set();
  let everything = false;
  let anchor = null;
  const ticks = () => [...document.querySelectorAll("#rows input[name=id][form=pick]")];
  const showChosen = () => {
    const bar = one("#chosen");
    if (!bar) return;
    const here = ticks();
    for (const box of here) box.checked = everything || chosen.has(box.value);
    const page = one("#pick-page");
    if (page) page.disabled = !here.length;
    if (!one("#picked")) {
      if (page) page.checked = page.indeterminate = false;
      return;
    }
    const total = Number(bar.dataset.total);
    const all = here.length > 0 && here.every((box) => box.checked);
    const number = (count) => count.toLocaleString(language);
    const said = everything
      ? translated("All {total} that match are chosen", { total: number(total) })
      : chosen.size ? translated("{count} chosen", { count: number(chosen.size) })
        : here.length ? translated("None chosen") : translated("Nothing here is yours to start or stop now");
    write(one("#picked"), said);
    one("#pick-all").hidden = everything || !all || total <= here.length;
    one("#pick-none").hidden = !everything && !chosen.size;
    one("#pick-here").hidden = all || !here.length;
    for (const button of bar.querySelectorAll("[data-of-chosen]")) {
      button.disabled = !everything && !chosen.size;
      button.hidden = button.disabled && !here.length;
    }
    one("#pick-all-value").disabled = !everything;
    page.checked = all;
    page.indeterminate = !all && here.some((box) => box.checked);
  };
  const choose = (boxes, wanted) => {
    if (everything && !wanted) for (const box of ticks()) chosen.add(box.value);
    everything = false;
    for (const box of boxes) chosen[wanted ? "add" : "delete"](box.value);
    showChosen();
  };
  const chooseNone = () => {
    chosen.clear();
    everything = false;
    showChosen();
  };
  document.addEventListener("click", (event) => {
    if (event.target.matches?.("input[name=id][form=pick]")) {
      const here = ticks();
      const [from, to] = [here.findIndex((box) => box.value === anchor), here.indexOf(event.target)].sort((a, b) => a - b);
      choose(event.shiftKey && from >= 0 ? here.slice(from, to + 1) : [event.target], event.target.checked);
      anchor = event.target.value;
    } else if (event.target.id === "pick-page") {
      choose(ticks(), event.target.checked);
    } else if (event.target.id === "pick-here") {
      choose(ticks(), true);
      one("#pick-none").focus();
    } else if (event.target.id === "pick-all" || event.target.id === "pick-none") {
      chooseNone();
      everything = event.target.id === "pick-all";
      showChosen();
      one("#picked").closest("form").querySelector("[data-of-chosen]:not(:disabled)")?.focus();
    }
  });
  for (const name of ["htmx:afterSettle", "htmx:oobAfterSwap"]) body.addEventListener(name, showChosen);
  body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "pick" || everything) return;
    event.detail.parameters.id = [...chosen];
  });
  body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "list") chooseNone(); // another filter is another choice
  });
  window.addEventListener("pageshow", chooseNone);

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
  showChosen();

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
    one("#toasts").append(element);
    if (level !== "bad") setTimeout(() => element.remove(), url ? 20000 : 6000);
  };
  body.addEventListener("toast", (event) => toast(event.detail.level, event.detail.text, event.detail.url, event.detail.link));

  // The editor of an automations file: line numbers beside it, and a mistake's link selects its line.
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
