// Every request of every hop, exactly as it went over the wire, secrets covered.

import { fill, h, reconcile } from "./dom.js";
import { nameOf, pace } from "./flow.js";
import { on, state } from "./state.js";
import { addTab, badge, isOpen } from "./tabs.js";

const FILTERS = [
  ["all", "All"],
  ["slack", "Slack"],
  ["rocketchat", "Rocket.Chat"],
  ["superoffice", "SuperOffice"],
  ["webhook", "Webhooks"],
];
// What the bridge asks Slack when it wakes up says nothing about a command.
const CHATTER = /\/api\/(auth\.test|usergroups\.|users\.(info|list)|conversations\.(info|list|members))/;
const opened = new Set();
let filter = "all";

export function requests() {
  const list = h("ol.hops", { "aria-label": "Requests, newest first" });
  const chips = h("div.filters", { role: "group", "aria-label": "Show" });
  const panel = h(
    "div",
    {},
    h(
      "header.panel-head",
      {},
      h(
        "div",
        {},
        h("h2", {}, "Requests"),
        h("span.faint", {}, "Newest first. Tokens and session keys are covered."),
      ),
    ),
    chips,
    list,
    h("p.nothing", {}, "Nothing yet. Type a command and watch."),
  );
  addTab("requests", "Requests", panel);
  const draw = () => {
    const shown = [...state.hops.values()].reverse().filter(fits).slice(0, 120);
    reconcile(
      list,
      shown,
      (hop) => hop.number,
      (hop) => String(hop.version),
      row,
    );
    panel.classList.toggle("has", shown.length > 0);
    const waiting = [...state.hops.values()].filter(
      (hop) => hop.open && Date.now() / 1000 - hop.at > 0.4,
    ).length;
    badge("requests", isOpen("requests") ? 0 : waiting, true);
  };
  fill(
    chips,
    FILTERS.map(([id, label]) =>
      h(
        "button.filter",
        {
          type: "button",
          "aria-pressed": String(id === filter),
          onclick: (event) => {
            filter = id;
            for (const chip of chips.children)
              chip.setAttribute("aria-pressed", String(chip === event.currentTarget));
            draw();
          },
        },
        label,
      ),
    ),
  );
  on("hops", draw);
}

function fits(hop) {
  if (CHATTER.test(hop.path) && filter !== "slack") return false;
  return filter === "all" || hop.caller === filter || hop.target === filter;
}

function row(hop) {
  const other = hop.target === "bridge" ? hop.caller : hop.target;
  const bad = !hop.open && (hop.status === 0 || hop.status >= 400);
  const details = h(
    "details",
    {
      open: opened.has(hop.number),
      ontoggle: (event) => {
        if (event.target.open) opened.add(hop.number);
        else opened.delete(hop.number);
        if (event.target.open && !body.children.length) fill(body, exact(hop));
      },
    },
    h(
      "summary",
      {},
      h(
        "time",
        { title: new Date(hop.at * 1000).toLocaleString() },
        new Date(hop.at * 1000).toLocaleTimeString([], { hour12: false }),
      ),
      h(
        "span.way",
        {},
        h("span.system", { class: hop.caller }, nameOf(hop.caller)),
        h("span.arrow", { "aria-label": "to" }, "→"),
        h("span.system", { class: hop.target }, nameOf(hop.target)),
      ),
      h("span.what", {}, title(hop) ?? [h("b", {}, hop.method), " ", hop.path.replace(/\?.*$/, "")]),
      h(
        "span.status",
        { class: hop.open ? "open" : bad ? "bad" : "good" },
        hop.open ? "waiting" : hop.status || "no answer",
      ),
      h("span.ms", {}, hop.open ? "" : pace(hop.ms)),
    ),
  );
  const body = h("div.exact");
  if (opened.has(hop.number)) fill(body, exact(hop));
  details.append(body);
  return h("li.hop", { class: other }, details);
}

/** What a signed request from Slack is about, in words. */
function title(hop) {
  if (hop.target !== "bridge" || !hop.path.startsWith("/slack/")) return null;
  if (hop.body.startsWith("{"))
    return `event ${find(hop.body, /"event": \{.*?"type": "(\w+)"|"type": "(\w+)"/)}`;
  const form = new URLSearchParams(hop.body);
  if (form.has("command")) return `${form.get("command")} ${form.get("text") ?? ""}`;
  const payload = form.get("payload") ?? "";
  const kind =
    find(
      payload,
      /^\{.*?"type": "(block_actions|view_submission|view_closed|shortcut|message_action|block_suggestion)"/s,
    ) ||
    find(
      payload,
      /"type": "(block_actions|view_submission|view_closed|shortcut|message_action|block_suggestion)"/,
    );
  return (
    {
      block_actions: "a button or menu is used",
      view_submission: "a form is sent",
      view_closed: "a form is closed",
      shortcut: "a shortcut",
      message_action: "a shortcut on a message",
      block_suggestion: "options for a list",
    }[kind] ?? kind
  );
}

const find = (text, pattern) => text.match(pattern)?.slice(1).find(Boolean) ?? "";

function exact(hop) {
  return [
    h(
      "section",
      {},
      h("h4", {}, "Request"),
      h("p.request-line", {}, h("b", {}, hop.method), " ", hop.path),
      headers(hop.headers),
      content(
        hop.body,
        Object.fromEntries(hop.headers.map(([name, value]) => [name.toLowerCase(), value]))["content-type"] ??
          "",
      ),
    ),
    h(
      "section",
      {},
      h("h4", {}, "Answer"),
      hop.open || hop.note
        ? h("p.note", {}, hop.note)
        : h("p.request-line", {}, h("b", {}, hop.status), ` after ${pace(hop.ms)}`),
      hop.answer && content(hop.answer, hop.answer_type),
    ),
  ];
}

const headers = (list) =>
  h(
    "dl.headers",
    {},
    list.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

function content(text, type) {
  if (!text) return null;
  if (type.includes("urlencoded"))
    return h(
      "dl.headers.form",
      {},
      [...new URLSearchParams(text)].map(([name, value]) => [
        h("dt", {}, name),
        h("dd", {}, name === "payload" ? code(pretty(value)) : value || "(empty)"),
      ]),
    );
  return code(pretty(text));
}

const code = (text) => h("pre", { tabindex: "0" }, h("code", {}, text));

export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
