// What a poll renews changes only where it differs: the rest stays, with focus, selection, scroll and what somebody has
// opened, and is not laid out again. What itself asks the server, as the poller does, is left to htmx.
(() => {
  "use strict";
  // dashboard.js writes their words; those of clocks only for who reads in another time zone
  const TICKING = "time[data-relative], [data-since]";
  const ticking = (one) => one.matches(TICKING) || (one.matches("time[data-clock]") && document.documentElement.hasAttribute("data-elsewhere"));
  const WRITTEN = ["title", "data-local"]; // and this into times that somebody points at
  const OURS = ["open", "aria-busy"]; // of what somebody has opened, or is asking for
  // A link that leads elsewhere is another link, also in the same place: nobody follows what they did not see.
  const NAMES = ["href", "action", "name", "value", "type"];
  const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
  const idOf = (node) => (isElement(node) && node.getAttribute("id")) || "";
  const alike = (one, other) => one.nodeName === other.nodeName
    && (!isElement(one) || NAMES.every((name) => one.getAttribute(name) === other.getAttribute(name)));
  const place = (parent, node, next) => (node.isConnected && parent.moveBefore ? parent.moveBefore(node, next) : parent.insertBefore(node, next));

  // What somebody has closed stays closed while the server would have it open, until they follow a link.
  let closed = new WeakSet();
  document.addEventListener("toggle", ({ target }) => closed[target.open ? "delete" : "add"](target), true);
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.matches("a")) closed = new WeakSet();
  });

  const renewAttributes = (old, fresh, ticks, made) => {
    const stays = ticks && ["datetime", "data-since"].every((name) => old.getAttribute(name) === fresh.getAttribute(name));
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) === value || (name === "open" && closed.has(old))) continue;
      old.setAttribute(name, value);
      if (name.startsWith("hx-")) made.add(old);
    }
    if (!fresh.hasAttribute("open")) closed.delete(old);
    for (const { name } of [...old.attributes])
      if (!fresh.hasAttribute(name) && !OURS.includes(name) && !(stays && WRITTEN.includes(name))) old.removeAttribute(name);
  };
  // Children with an id are found by it, the others by their place.
  const renewChildren = (old, fresh, made) => {
    const wanted = new Map([...fresh.children].map((child) => [idOf(child), child.nodeName]));
    const known = new Map();
    for (const child of [...old.children]) {
      const id = idOf(child);
      if (id && wanted.get(id) !== child.nodeName) child.remove();
      else if (id) known.set(id, child);
    }
    let next = old.firstChild;
    for (const node of [...fresh.childNodes]) {
      const id = idOf(node);
      const same = id ? known.get(id) : next && !idOf(next) && alike(next, node) && next;
      if (same) {
        if (same === next) next = next.nextSibling;
        else place(old, same, next);
        renew(same, node, made);
        continue;
      }
      place(old, node, next);
      if (isElement(node)) made.add(node);
      if (next && !idOf(next)) {
        const gone = next;
        next = next.nextSibling;
        gone.remove();
      }
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
  };
  // `made` gets what is new to htmx.
  const renew = (old, fresh, made) => {
    if (!isElement(old)) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    if (old.isEqualNode(fresh)) return;
    const ticks = ticking(old) && ticking(fresh);
    renewAttributes(old, fresh, ticks, made);
    if (!ticks) renewChildren(old, fresh, made);
  };
  window.renew = (target, fresh) => {
    const made = new Set();
    renew(target, fresh, made);
    if (made.size) htmx.process(target);
    htmx.trigger(target, "htmx:load");
  };

  // At the document, after all at the body have had their say.
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    const { shouldSwap, target, fragment } = detail;
    const fresh = fragment.nodeType === Node.DOCUMENT_FRAGMENT_NODE && fragment.firstElementChild;
    if (!shouldSwap || !fresh || fragment.childElementCount > 1) return;
    if (idOf(fresh) !== idOf(target) || fresh.nodeName !== target.nodeName || target.hasAttribute("hx-get")) return;
    detail.shouldSwap = false;
    window.renew(target, fresh);
  });
})();
