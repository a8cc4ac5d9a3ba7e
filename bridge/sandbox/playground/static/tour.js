// The guided tour: it sets the scene, types the line, and notices by itself when a step has happened.

import { turn } from "./calls.js";
import { type } from "./composer.js";
import { $, fill, h } from "./dom.js";
import { on, state, choose, switches } from "./state.js";
import { openTab } from "./tabs.js";

let step = -1;
let began = 0;
let done = new Set();

export function tour() {
  on("slack", "rocketchat", "superoffice", check);
  on("reset", () => {
    done = new Set();
    if (step >= 0) go(0);
  });
  $("tour-open").addEventListener("click", () => (step < 0 ? beginTour() : end()));
}

export function beginTour() {
  done = new Set();
  go(0);
}

function end() {
  step = -1;
  $("tour").hidden = true;
  $("tour-open").setAttribute("aria-pressed", "false");
}

function go(next) {
  const steps = state.start.tour;
  if (next >= steps.length) {
    step = steps.length;
    return draw();
  }
  step = next;
  began = Date.now() / 1000 - 1;
  const first = state.start.places[0];
  if (state.channel !== first.id) choose("channel", first.id);
  if (state.user !== state.start.people[0].id) choose("user", state.start.people[0].id);
  draw();
}

function check() {
  const here = state.start?.tour[step];
  if (!here || done.has(step)) {
    if (here?.release) draw();
    return;
  }
  if (happened(here)) {
    done.add(step);
  }
  draw();
}

function happened({ done: [kind, what, subject] }) {
  if (kind === "message")
    return state.slack.messages.some(
      (one) => one.is_bot && Number(one.ts) > began && one.visible.includes(what),
    );
  return [...state.slack.effects, ...state.rocketchat.effects, ...state.superoffice.effects].some(
    ([name, id, at]) => name === what && (!subject || id === subject) && at > began,
  );
}

let drawn = "";

function draw() {
  const steps = state.start.tour;
  const here = steps[step];
  const isSet =
    here?.release && switches().find((one) => one.id === here.release[1])?.value !== here.release[2];
  const now = JSON.stringify([step, done.has(step), isSet]);
  const panel = $("tour");
  if (now === drawn && !panel.hidden) return;
  drawn = now;
  if (step < 0) return;
  panel.hidden = false;
  $("tour-open").setAttribute("aria-pressed", "true");
  const dots = h(
    "span.dots",
    { "aria-hidden": "true" },
    steps.map((_, index) =>
      h("i", { class: index < step || done.has(index) ? "past" : index === step ? "now" : "" }),
    ),
  );
  const leave = h("button.quiet.icon", { type: "button", "aria-label": "Leave the tour", onclick: end }, "×");
  if (!here) {
    return fill(
      panel,
      h("header", {}, dots, h("p.tour-promise", {}, "That is the tour"), leave),
      h("h2", {}, "Three promises, kept in front of you"),
      h(
        "p",
        {},
        "Accepted means kept. It says what really happened. It does no harm. Now be Sam, who may run nothing, or break more under Trouble, or send a webhook.",
      ),
      h("div.tour-ways", {}, h("button.button.signal", { type: "button", onclick: end }, "Play on your own")),
    );
  }
  const typeIt = async () => {
    if (here.switch) await turn(...here.switch);
    openTab(here.panel);
    began = Date.now() / 1000 - 1;
    await type(here.line);
  };
  const over = done.has(step);
  fill(
    panel,
    h(
      "header",
      {},
      dots,
      h("p.tour-promise", {}, `Step ${step + 1} of ${steps.length}: ${here.promise}`),
      leave,
    ),
    h("h2", {}, here.title),
    h("p", {}, over ? here.look : here.text),
    !over && h("p.tour-line", {}, h("code", {}, here.line)),
    over &&
      h(
        "p.tour-done",
        { role: "status" },
        h("span", { "aria-hidden": "true" }, "✓"),
        " It happened. Have a look before you go on.",
      ),
    h(
      "div.tour-ways",
      {},
      !over && h("button.button.signal", { type: "button", onclick: typeIt }, "Type it for me"),
      isSet &&
        here.release &&
        h(
          "button.button",
          { type: "button", onclick: () => turn(here.release[1], here.release[2]) },
          here.release[0],
        ),
      h(
        "button.button",
        { type: "button", class: over ? "signal" : "", onclick: () => go(step + 1) },
        step + 1 < steps.length ? (over ? "Next step" : "Skip") : "Finish",
      ),
      !over && h("span.faint", {}, "Then press Enter."),
    ),
  );
}
