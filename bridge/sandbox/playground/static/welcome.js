// The first thing one sees: what to type, one line for each thing the bridge can do, and the way into the tour.

import { act } from "./calls.js";
import { type } from "./composer.js";
import { $, fill, h } from "./dom.js";
import { on, state } from "./state.js";
import { beginTour } from "./tour.js";

const FIRST = [
  "rocketchat.close_room",
  "rocketchat.request_pdf_transcript",
  "superoffice.transfer_session",
  "rocketchat.export_room",
];

export function welcome() {
  on("slack", "user", "channel", draw);
}

let drawn = null;

function draw() {
  const empty = !state.slack.messages.some(
    (one) => one.channel === state.channel && (!one.ephemeral_to || one.ephemeral_to === state.user),
  );
  if (drawn === empty) return;
  drawn = empty;
  if (!empty) return fill($("welcome"));
  const actions = [...state.start.offers.actions].sort((a, b) => rank(a) - rank(b));
  fill(
    $("welcome"),
    h(
      "div.welcome",
      {},
      h("h2", {}, "Type a command. Watch what really happens."),
      h(
        "p",
        {},
        "This is a Slack channel in a sandbox. What you send is signed like Slack's and goes through the bridge's real door. The systems it reaches stand beside it, live.",
      ),
      h(
        "div.welcome-ways",
        {},
        h("button.button.primary", { type: "button", onclick: beginTour }, "Take the tour, five steps"),
        h("button.button", { type: "button", onclick: () => act("shortcut", {}) }, "Use forms instead"),
      ),
      h("h3", {}, "Lines that work right now"),
      h(
        "ul.lines",
        {},
        actions.map((one) =>
          h(
            "li",
            {},
            h(
              "button.line-offer",
              { type: "button", onclick: () => type(one.line), "aria-label": `Type ${one.line}` },
              h("code", {}, one.line),
              h("span", {}, one.about),
            ),
          ),
        ),
      ),
    ),
  );
}

const rank = (action) => (FIRST.includes(action.id) ? FIRST.indexOf(action.id) : FIRST.length);
