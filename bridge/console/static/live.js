// Keeps a page fresh: the stream says what changed, the page is fetched again, and only what differs is
// replaced, so focus, open details and half-filled forms stay. Also times in the reader's own zone, and
// copying. The page works without this file.

const GAP_MS = 900;
const main = document.querySelector("main");
const follow = main?.dataset.follow?.split(" "); // "jobs", "all", or ids
const received = new WeakMap(); // node -> its HTML as the server sent it

const remember = (root) => {
  for (const node of [root, ...root.querySelectorAll("[data-live], [data-key]")]) received.set(node, node.outerHTML);
};

// -- times ------------------------------------------------------------------------------------------

const near = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const moment = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

const said = (at, exact) => {
  const today = new Date(at).toDateString() === new Date().toDateString();
  if (exact) return (today ? clock : moment).format(at);
  const seconds = Math.round((at - Date.now()) / 1000);
  const size = Math.abs(seconds);
  if (size < 60) return near.format(seconds, "second");
  if (size < 3600) return near.format(Math.round(seconds / 60), "minute");
  return (today ? clock : day).format(at);
};

const tellTimes = () => {
  for (const node of document.querySelectorAll("time[data-time]")) {
    const at = Date.parse(node.dateTime);
    const text = said(at, node.dataset.time === "exact");
    if (node.textContent !== text) node.textContent = text;
    if (!node.dataset.told) {
      node.dataset.told = "yes";
      node.title = `${full.format(at)} (${node.title})`;
    }
  }
};

// -- copying ----------------------------------------------------------------------------------------

const showCopying = () => {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const word = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    word.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(document.getElementById("job-id"));
    word.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => { word.textContent = "Copy id"; }, 2000);
});

// -- freshness --------------------------------------------------------------------------------------

const replace = (old, fresh, lit) => {
  const html = fresh.outerHTML;
  const node = document.adoptNode(fresh);
  for (const [place, details] of [...old?.querySelectorAll("details") ?? []].entries()) {
    const twin = node.querySelectorAll("details")[place];
    if (twin) twin.open = details.open;
  }
  if (old) {
    const { scrollLeft } = old;
    old.replaceWith(node);
    node.scrollLeft = scrollLeft;
  }
  remember(node);
  received.set(node, html);
  if (lit) node.classList.add("fresh");
  return node;
};

const reconcile = (region, fresh) => {
  const mine = new Map([...region.children].filter((node) => node.dataset.key).map((node) => [node.dataset.key, node]));
  let before = region.firstElementChild;
  for (const next of [...fresh.children]) {
    const old = mine.get(next.dataset.key);
    mine.delete(next.dataset.key);
    if (old && received.get(old) === next.outerHTML) {
      if (old === before) before = before.nextElementSibling;
      else region.insertBefore(old, before);
      continue;
    }
    if (old && old === before) before = before.nextElementSibling;
    const node = replace(old, next, true);
    region.insertBefore(node, before);
  }
  for (const gone of mine.values()) gone.remove();
};

const inForce = () => document.activeElement?.closest("form, summary");

const apply = (page) => {
  const focused = document.activeElement;
  const way = focused?.closest?.("[data-live]") && (focused.getAttribute("href") ?? focused.id);
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const region = document.querySelector(`[data-live="${fresh.dataset.live}"]`);
    if (!region || !region.isConnected || received.get(region) === fresh.outerHTML) continue;
    if (fresh.parentElement?.closest("[data-live]") && !document.contains(region)) continue;
    const keyed = fresh.firstElementChild?.dataset.key || region.firstElementChild?.dataset.key;
    const html = fresh.outerHTML;
    if (keyed) {
      reconcile(region, fresh);
      received.set(region, html);
    } else if (fresh.querySelector("[data-live]") && region.querySelector("[data-live]")) {
      continue; // what is inside is told apart
    } else if (!(region.contains(document.activeElement) && inForce())) {
      replace(region, fresh, false);
    }
  }
  if (way && !document.contains(focused)) {
    for (const node of document.querySelectorAll("[data-live] a, [data-live] [id]")) {
      if (node.getAttribute("href") === way || node.id === way) { node.focus({ preventScroll: true }); break; }
    }
  }
  tellTimes();
  showCopying();
  announce();
};

const countParked = () => document.querySelectorAll('[data-live="parked-rows"] > [data-key]').length;
let parked = countParked();

const announce = () => {
  const now = countParked();
  if (now === parked) return;
  parked = now;
  const place = document.querySelector("[data-announce]");
  if (place) place.textContent = now === 1 ? "1 parked job" : `${now} parked jobs`;
};

let busy = false, again = false;

const refresh = async () => {
  if (busy || document.hidden) { again = true; return; }
  busy = true;
  again = false;
  try {
    const address = new URL(location.href);
    address.searchParams.delete("said");
    const answer = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (answer.redirected && new URL(answer.url).pathname.endsWith("/sign-in")) location.reload();
    else if (answer.ok) apply(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch { /* the next event tries again */ }
  setTimeout(() => { busy = false; if (again) refresh(); }, GAP_MS);
};

const link = document.querySelector("[data-link]");
const tellLink = (state, word) => {
  if (!link) return;
  link.hidden = false;
  link.dataset.link = state;
  link.querySelector("[data-link-word]").textContent = word;
};

const listen = () => {
  const stream = new EventSource("/console/stream");
  let been = false;
  stream.addEventListener("hello", () => {
    tellLink("on", "live");
    if (been) refresh();
    been = true;
  });
  stream.addEventListener("changed", (event) => {
    const { ids, more } = JSON.parse(event.data);
    if (more || follow[0] === "jobs" || follow[0] === "all" || ids.some((id) => follow.includes(id))) refresh();
  });
  stream.addEventListener("error", () => {
    tellLink("off", "reconnecting");
    if (stream.readyState !== EventSource.CLOSED) return;
    refresh(); // signed out? then this leads to the sign-in page
    setTimeout(listen, 5000);
  });
};

document.addEventListener("visibilitychange", () => { if (!document.hidden && again) refresh(); });

remember(document.documentElement);
tellTimes();
showCopying();
setInterval(tellTimes, 5000);
if (follow) listen();
if (main?.dataset.every) setInterval(refresh, Number(main.dataset.every) * 1000);
