// The picture on top: who talks to whom, a light on the line for each request, and how the last one ended.

import { $, fill, h } from "./dom.js";
import { on, state } from "./state.js";

const NAMES = {
  slack: "Slack",
  webhook: "Webhooks",
  bridge: "Deskbridge",
  rocketchat: "Rocket.Chat",
  superoffice: "SuperOffice",
};
const SIDES = ["slack", "webhook", "rocketchat", "superoffice"];
const lines = {};

export function flow() {
  for (const name of SIDES) {
    const words = h("span.edge-words", {});
    const light = h("i", {});
    lines[name] = { words, light, edge: h("span.edge", { class: name }, light, words) };
  }
  const node = (name) => h("span.node", { class: name }, NAMES[name]);
  fill(
    $("flow"),
    h(
      "span.flow-side",
      {},
      ["slack", "webhook"].map((name) => h("span.flow-row", {}, node(name), lines[name].edge)),
    ),
    node("bridge"),
    h(
      "span.flow-side",
      {},
      ["rocketchat", "superoffice"].map((name) => h("span.flow-row", {}, lines[name].edge, node(name))),
    ),
  );
  on("hops", () => (state.fresh ?? []).slice(-12).forEach(light));
}

function light(hop) {
  const inward = hop.target === "bridge";
  const other = inward ? hop.caller : hop.target;
  const line = lines[other];
  if (!line) return;
  const bad = !hop.open && (hop.status === 0 || hop.status >= 400);
  line.words.textContent = hop.open ? "…" : `${hop.status || "no answer"} · ${pace(hop.ms)}`;
  line.edge.classList.toggle("bad", bad);
  line.edge.classList.toggle("waits", hop.open);
  // Towards the right: into the bridge from the left side, out of it on the right side.
  const right = ["slack", "webhook"].includes(other) ? inward : !inward;
  line.light.className = "";
  requestAnimationFrame(() =>
    requestAnimationFrame(() => (line.light.className = right ? "runs-right" : "runs-left")),
  );
}

export const pace = (ms) => (ms < 950 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`);
export const nameOf = (system) => NAMES[system] ?? system;
