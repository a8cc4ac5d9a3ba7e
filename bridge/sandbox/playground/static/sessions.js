// SuperOffice's chat sessions as they are right now; one can be the colleague who is asked, and the visitor.

import { act } from "./calls.js";
import { insert } from "./composer.js";
import { h, reconcile } from "./dom.js";
import { fact } from "./rooms.js";
import { on, state } from "./state.js";
import { addTab, badge } from "./tabs.js";

const WORDS = {
  InQueue: ["queued", "Queued"],
  CustomerLast: ["open", "Customer waits"],
  UserLast: ["open", "Answered"],
  Closed: ["closed", "Closed"],
  Finished: ["closed", "Finished"],
  ClosedFromQueue: ["closed", "Left the queue"],
};
const SPECIAL = { TransferRejected: "declined the transfer", TransferedSession: "took the session over" };
const opened = new Set();

export function sessions() {
  const list = h("ul.cards", { "aria-label": "Chat sessions" });
  const panel = h(
    "div",
    {},
    h(
      "header.panel-head",
      {},
      h(
        "div",
        {},
        h("h2", {}, "Chat sessions"),
        h("span.faint", {}, "The bridge signs in as Arne Arnesen, so only his can be transferred."),
      ),
      h(
        "button.button.small",
        {
          type: "button",
          title: "SuperOffice's webhook tells the bridge, and its rule asks Anna",
          onclick: () => act("session", { what: "new" }),
        },
        "A chat for Arne arrives",
      ),
    ),
    list,
  );
  addTab("sessions", "SuperOffice", panel);
  on("superoffice", () => {
    const shown = [...state.superoffice.sessions].reverse();
    reconcile(
      list,
      shown,
      (one) => one.session_id,
      (one) => JSON.stringify([one.status, one.user, one.transfer_to, one.messages.length]),
      card,
    );
    badge("sessions", shown.filter((one) => one.transfer_to).length);
  });
}

function card(one, changed) {
  const [kind, words] = WORDS[one.status] ?? ["closed", one.status];
  const live = kind !== "closed";
  const say = (what) => () => act("session", { what, session_id: one.session_id });
  return h(
    "li.card",
    { class: `${kind} ${changed ? "flash" : ""}` },
    h("div.card-head", {}, h("h3", {}, one.customer_name), h("span.pill", { class: kind }, words)),
    h(
      "button.id",
      {
        type: "button",
        title: "Put this number into the message line",
        "aria-label": `Use the session ${one.session_id}`,
        onclick: () => insert(String(one.session_id)),
      },
      one.session_id,
    ),
    h("dl.facts", {}, fact("With", one.user ?? "nobody yet"), fact("Topic", one.topic)),
    one.transfer_to &&
      h(
        "div.asked",
        {},
        h("p", {}, h("strong", {}, one.transfer_to), " is asked to take it"),
        h(
          "div.card-ways",
          {},
          h(
            "button.button.small.primary",
            { type: "button", onclick: say("accept") },
            `Accept as ${one.transfer_to.split(" ")[0]}`,
          ),
          h("button.button.small", { type: "button", onclick: say("reject") }, "Decline"),
        ),
      ),
    live &&
      h(
        "div.card-ways",
        {},
        h("button.button.small", { type: "button", onclick: say("end") }, "Visitor ends the chat"),
      ),
    h(
      "details",
      {
        open: opened.has(one.session_id),
        ontoggle: (event) => (event.target.open ? opened.add(one.session_id) : opened.delete(one.session_id)),
      },
      h("summary", {}, "Chat"),
      h(
        "ol.transcript",
        {},
        one.messages.map((line) =>
          SPECIAL[line.special_type]
            ? h("li.system", {}, h("strong", {}, line.author), ` ${SPECIAL[line.special_type]}`)
            : h(
                "li",
                { class: line.author === one.customer_name ? "visitor" : "agent" },
                h("strong", {}, line.author),
                h("p", {}, line.message),
              ),
        ),
      ),
    ),
  );
}
