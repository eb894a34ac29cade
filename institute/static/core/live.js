// Live pages. One event stream per page says that something changed; the marked parts are then asked for again.
//
//   {% live stream_url %}                          the line that says "live · heard 2 s ago"
//   <section id="state" data-live-part>            comes again with the whole page
//   <section id="curve" data-live-part="/…/curve"> comes again from an address of its own
//   data-live-kinds="metrics log"                  only for hints of these kinds
//
// A hint carries no content, so a lost one costs seconds. While the stream is down, parts are asked for every 10 s.
// A page that comes back without a {% live %} line has nothing more to tell: the stream closes.
"use strict";

(() => {
  const POLL_MS = 10_000, SAFETY_MS = 30_000, RETRY_MS = 15_000, CALM_MS = 1_000;
  let line = document.querySelector("[data-live-src]");
  if (!line) return;

  let source = null, opened = 0, heard = Date.now(), asked = Date.now();
  let busy = false, waiting = null, wanted = new Set(), over = false;

  const isLive = () => source !== null && source.readyState === EventSource.OPEN;

  function open() {
    opened = Date.now();
    source = new EventSource(line.dataset.liveSrc);
    source.addEventListener("open", () => { heard = Date.now(); want("*"); say(); });
    source.addEventListener("still", () => { heard = Date.now(); });
    source.addEventListener("hint", (event) => {
      heard = Date.now();
      let kind = "*";
      try { kind = JSON.parse(event.data).kind || "*"; } catch { /* a hint that cannot be read still is one */ }
      want(kind);
    });
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  function say() {
    const seconds = Math.max(0, Math.round((Date.now() - heard) / 1000));
    line.dataset.state = isLive() ? "live" : "polling";
    line.textContent = (isLive() ? line.dataset.textLive : line.dataset.textPolling).replace("{n}", String(seconds));
  }

  // Hints in quick succession become one question.
  function want(kind) {
    wanted.add(kind);
    if (waiting === null && !busy) waiting = setTimeout(ask, Math.max(0, CALM_MS - (Date.now() - asked)));
  }

  function concerns(part, kinds) {
    const own = (part.dataset.liveKinds || "").split(" ").filter(Boolean);
    return own.length === 0 || kinds.has("*") || kinds.has("changed") || own.some((kind) => kinds.has(kind));
  }

  async function ask() {
    const kinds = wanted;
    wanted = new Set();
    waiting = null;
    busy = true;
    asked = Date.now();
    const addresses = new Map();
    for (const part of document.querySelectorAll("[data-live-part][id]")) {
      if (!concerns(part, kinds)) continue;
      const address = part.dataset.livePart || location.href;
      addresses.set(address, [...(addresses.get(address) || []), part]);
    }
    try {
      for (const [address, parts] of addresses) await renew(address, parts);
    } catch { /* the network is away: the line says since when, the next tick asks again */ }
    busy = false;
    if (wanted.size && !over) want("*");
  }

  async function renew(address, parts) {
    const answer = await fetch(address, { headers: { "X-Live": "1" }, credentials: "same-origin", redirect: "error" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    heard = Date.now();
    for (const part of parts) {
      const next = fresh.getElementById(part.id);
      if (next && !next.isEqualNode(part) && !part.contains(document.activeElement)) swap(part, next);
    }
    if (address === location.href && !fresh.querySelector("[data-live-src]")) end();
  }

  // What the reader has opened or scrolled stays as it is; a log read at its end stays at its end.
  function swap(part, next) {
    const state = [...part.querySelectorAll("details")].map((details) => details.open);
    [...next.querySelectorAll("details")].forEach((details, i) => { if (i in state) details.open = state[i]; });
    const before = [...part.querySelectorAll("pre, .scroll")].map((box) => ({
      top: box.scrollTop, left: box.scrollLeft, end: box.scrollHeight - box.scrollTop - box.clientHeight < 8,
    }));
    part.replaceWith(next);
    [...next.querySelectorAll("pre, .scroll")].forEach((box, i) => {
      if (!(i in before)) {
        if (box.matches("[data-follow]")) box.scrollTop = box.scrollHeight;
        return;
      }
      box.scrollTop = before[i].end ? box.scrollHeight : before[i].top;
      box.scrollLeft = before[i].left;
    });
    if (window.htmx) window.htmx.process(next);
  }

  function end() {
    over = true;
    clearInterval(clock);
    close();
    line.remove();
  }

  const clock = setInterval(() => {
    const now = Date.now();
    if (document.hidden) return;
    if (source === null || (source.readyState === EventSource.CLOSED && now - opened > RETRY_MS)) open();
    if (now - asked > (isLive() ? SAFETY_MS : POLL_MS)) want("*");
    line = document.querySelector("[data-live-src]") || line;
    say();
  }, 1000);

  // A hidden page gives its connection back: browsers allow six to a host.
  document.addEventListener("visibilitychange", () => {
    if (over) return;
    if (document.hidden) close(); else open();
  });
  addEventListener("pagehide", close);
  open();
  for (const log of document.querySelectorAll("pre.log[data-follow]")) log.scrollTop = log.scrollHeight;
})();
