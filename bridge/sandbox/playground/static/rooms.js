// Rocket.Chat's conversations as they are right now, and the mails it sent.

import { act } from "./calls.js";
import { insert } from "./composer.js";
import { fill, h, reconcile } from "./dom.js";
import { on, state } from "./state.js";
import { addTab } from "./tabs.js";

const opened = new Set();

export function rooms() {
  const list = h("ul.cards", { "aria-label": "Conversations" });
  const mails = h("ul.mails", { "aria-label": "Mails" });
  const version = h("span.faint");
  const panel = h(
    "div",
    {},
    h(
      "header.panel-head",
      {},
      h("div", {}, h("h2", {}, "Conversations"), version),
      h(
        "button.button.small",
        { type: "button", onclick: () => act("room", { what: "new" }) },
        "A visitor arrives",
      ),
    ),
    list,
    h("h3.panel-sub", {}, "Mails sent"),
    mails,
  );
  addTab("rooms", "Rocket.Chat", panel);
  on("rocketchat", () => {
    version.textContent = `Rocket.Chat, version profile ${state.rocketchat.version ?? ""}`;
    reconcile(list, state.rocketchat.rooms, (room) => room._id, stamp, card);
    if (state.rocketchat.outbox.length) fill(mails, [...state.rocketchat.outbox].reverse().map(mail));
    else fill(mails, h("li.faint", {}, "None yet. Transcripts and export links arrive here."));
  });
}

const stamp = (room) =>
  JSON.stringify([
    room.open,
    room.servedBy?.username,
    room.department,
    room.tags,
    room.onHold,
    room.messages.length,
    room.pdfTranscriptFileId,
    room.transcriptRequest,
    room.crmData,
  ]);

function standing(room) {
  if (!room.open) return ["closed", "Closed"];
  if (room.onHold) return ["hold", "On hold"];
  return room.servedBy ? ["open", "Open"] : ["queued", "Queued"];
}

function card(room, changed) {
  const [kind, words] = standing(room);
  const agent = room.servedBy?.username;
  const comment = room.messages.findLast((one) => one.t === "livechat-close")?.msg;
  const pdf = room.pdfTranscriptFileId;
  const details = h(
    "details",
    {
      open: opened.has(room._id),
      ontoggle: (event) => (event.target.open ? opened.add(room._id) : opened.delete(room._id)),
    },
    h(
      "summary",
      {},
      `Transcript, ${room.messages.length} ${room.messages.length === 1 ? "message" : "messages"}`,
    ),
    h(
      "ol.transcript",
      {},
      room.messages.map((one) => said(room, one)),
    ),
  );
  return h(
    "li.card",
    { class: `${kind} ${changed ? "flash" : ""}` },
    h("div.card-head", {}, h("h3", {}, room.fname), h("span.pill", { class: kind }, words)),
    h(
      "button.id",
      {
        type: "button",
        title: "Put this id into the message line",
        "aria-label": `Use the id ${room._id}`,
        onclick: () => insert(room._id),
      },
      room._id,
    ),
    h(
      "dl.facts",
      {},
      fact("With", agent ?? "nobody yet"),
      fact("Department", room.department),
      fact("E-mail", room.email ?? "none"),
      fact("Tags", room.tags?.join(", ")),
      fact("Closed with", comment),
      fact("Mail at end", room.transcriptRequest && room.open ? `to ${room.transcriptRequest.email}` : ""),
    ),
    h(
      "div.card-ways",
      {},
      pdf &&
        h(
          "a.button.small",
          { href: `/file/rocketchat/${pdf}/transcript.pdf`, download: `${room.fname}.pdf` },
          "PDF transcript",
        ),
      room.open &&
        h(
          "button.button.small",
          { type: "button", onclick: () => act("room", { what: "leave", rid: room._id }) },
          "Visitor leaves",
        ),
    ),
    details,
  );
}

export const fact = (name, value) => value && [h("dt", {}, name), h("dd", {}, value)];

const SYSTEM = {
  "livechat-close": "closed the conversation",
  livechat_transfer_history: "was handed over",
  livechat_transcript_history: "asked for a transcript",
  omnichannel_on_hold: "put it on hold",
};

function said(room, one) {
  const visitor = one.u.username === room.v?.username;
  const who = visitor ? room.fname : (one.u.name ?? one.u.username);
  if (one.t)
    return h("li.system", {}, h("strong", {}, who), ` ${SYSTEM[one.t] ?? one.t}`, one.msg && `: ${one.msg}`);
  return h("li", { class: visitor ? "visitor" : "agent" }, h("strong", {}, who), h("p", {}, one.msg));
}

const mail = (one) =>
  h(
    "li",
    {},
    h("strong", {}, one.subject),
    h(
      "span.faint",
      {},
      `to ${[].concat(one.to).join(", ")}, ${new Date(one.at * 1000).toLocaleTimeString()}`,
    ),
    h("p", {}, one.text.length > 240 ? `${one.text.slice(0, 240)}…` : one.text),
  );
