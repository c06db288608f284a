// Stars: pressing one asks the server and says so in every tab. Without this script the same form does it.
(() => {
  "use strict";
  const form = document.querySelector("#stars");
  if (!form) return;
  const body = document.body;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(`stars:${form.dataset.person}`) : null;
  const say = (text) => body.dispatchEvent(new CustomEvent("toast", { detail: { level: "bad", text } }));
  const show = ({ value, on }) => {
    for (const star of document.querySelectorAll(".star")) {
      if (star.value !== value) continue;
      star.name = on ? "unstar" : "star";
      star.setAttribute("aria-pressed", String(on));
    }
  };
  if (channel) channel.onmessage = ({ data }) => {
    show(data);
    if (document.querySelector("#starred")) window.htmx?.trigger(body, "poll-now");
  };
  form.addEventListener("submit", async (event) => {
    const star = event.submitter;
    if (!star?.classList.contains("star")) return;
    event.preventDefault();
    if (star.getAttribute("aria-busy")) return;
    const { name, value } = star;
    star.setAttribute("aria-busy", "true");
    try {
      const sent = new URLSearchParams(new FormData(form));
      sent.set(name, value);
      const answer = await fetch(form.action, { method: "POST", body: sent, headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
      const elsewhere = answer.headers.get("HX-Redirect");
      if (elsewhere) return location.assign(elsewhere);
      if (answer.status !== 204) {
        const plain = answer.headers.get("Content-Type")?.startsWith("text/plain");
        return say(plain ? await answer.text() : form.dataset.failed);
      }
      const news = { value, on: name === "star" };
      show(news);
      if (news.on) body.dispatchEvent(new CustomEvent("star:put", { detail: value }));
      channel?.postMessage(news);
      if (document.querySelector("#starred")) window.htmx?.trigger(body, "poll-now");
    } catch {
      say(form.dataset.failed);
    } finally {
      star.removeAttribute("aria-busy");
    }
  });
})();
