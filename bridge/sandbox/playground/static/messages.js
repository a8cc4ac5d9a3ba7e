// The channel as one person sees it: messages, buttons, files, threads, and the menu on each message.

import { act, say } from "./calls.js";
import { content } from "./blocks.js";
import { $, fill, h, icon, reconcile } from "./dom.js";
import { element } from "./fields.js";
import { menu } from "./menu.js";
import { confirm } from "./modal.js";
import { on, person, place, state } from "./state.js";

const EYE = [
  "M2.500 10s2.800-5 7.500-5 7.500 5 7.500 5-2.800 5-7.500 5-7.500-5-7.500-5Z",
  "M10 12.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400Z",
];
const FILE = ["M5.500 2.800h6l3.500 3.500v10.900h-9.500Z", "M11.500 2.800v3.500H15"];
let thread = "";

export function messages() {
  on("slack", "user", "channel", show);
  on("channel", "user", () => openThread(""));
  on("reset", () => openThread(""));
}

export const openedThread = () => thread;

const isHere = (message) =>
  message.channel === state.channel && (!message.ephemeral_to || message.ephemeral_to === state.user);

function show() {
  const scroll = $("scroll");
  state.read[state.channel] = state.slack.messages.filter(isHere).at(-1)?.ts ?? "0";
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  const all = mayRead() ? state.slack.messages.filter(isHere) : [];
  const roots = all.filter((message) => !message.thread_ts || message.thread_ts === message.ts);
  const stamp = (message) =>
    JSON.stringify([
      message.blocks,
      message.text,
      message.edited,
      message.files,
      message.attachments,
      replies(message).length,
      state.user,
    ]);
  const typed = state.typed.filter((one) => one.channel === state.channel && one.user === state.user);
  const rows = [...roots, ...typed].sort((a, b) => Number(a.ts) - Number(b.ts));
  reconcile(
    $("messages"),
    rows,
    (one) => one.ts,
    (one) => ("told" in one ? JSON.stringify(one.told) : stamp(one)),
    (one, changed) => ("told" in one ? typedRow(one) : row(one, { changed })),
  );
  $("messages").classList.toggle("empty", !roots.length);
  document.body.classList.toggle("silent", !roots.length);
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
  if (thread) showThread();
}

/** Slack shows a command to nobody, not even its author; here one wants to see it, and its ack. */
function typedRow({ text, told }) {
  const ack = !told
    ? h("span.ack", {}, "sent…")
    : told.error
      ? h("span.ack.bad", {}, told.error)
      : h("span.ack.good", {}, `acknowledged in ${Math.max(1, Math.round(told.ms))} ms`);
  return h("li.typed", {}, h("code", {}, text), ack);
}

const mayRead = () => {
  const here = place(state.channel);
  return !here || here.kind === "public" || here.members.includes(state.user);
};

const replies = (root) =>
  state.slack.messages.filter(
    (message) => message.thread_ts === root.ts && message.ts !== root.ts && isHere(message),
  );

function row(message, { changed = false, inThread = false } = {}) {
  const author = person(message.user);
  const slackbot = message.via === "slack";
  const at = new Date(Number(message.ts) * 1000);
  const answers = inThread ? [] : replies(message);
  return h(
    "li.message",
    {
      class: [
        message.ephemeral_to ? "ephemeral" : "",
        changed ? "changed" : "fresh",
        message.is_bot ? "bot" : "",
      ].join(" "),
      data: { ts: message.ts },
    },
    avatar(message.user, slackbot),
    h(
      "div.message-main",
      {},
      message.ephemeral_to && h("p.only-you", {}, icon(...EYE), "Only visible to you"),
      h(
        "div.message-head",
        {},
        h("strong", {}, slackbot ? "Slackbot" : message.name),
        message.is_bot && !slackbot && h("span.tag", {}, "app"),
        author && h("span.tag", {}, author.role),
        h(
          "time",
          { datetime: at.toISOString(), title: at.toLocaleString() },
          at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
        ),
        message.edited && h("span.faint", {}, "(edited)"),
      ),
      h(
        "div.message-body",
        {},
        content(message, (spec) => usable(message, spec)),
        message.files.map(file),
      ),
      answers.length > 0 &&
        h(
          "button.replies",
          { type: "button", onclick: () => openThread(message.ts) },
          `${answers.length} ${answers.length === 1 ? "reply" : "replies"}`,
        ),
    ),
    h(
      "div.message-tools",
      {},
      !inThread &&
        !message.ephemeral_to &&
        h("button.quiet", { type: "button", onclick: () => openThread(message.ts) }, "Reply"),
      h(
        "button.quiet",
        {
          type: "button",
          "aria-haspopup": "menu",
          "aria-label": "Shortcuts on this message",
          onclick: (event) => shortcuts(event.currentTarget, message),
        },
        "⋯",
      ),
    ),
  );
}

export function avatar(userId, slackbot = false) {
  if (state.start.people.some((one) => one.id === userId)) {
    const one = person(userId);
    return h(
      "span.avatar",
      { class: one.role, "aria-hidden": "true" },
      one.name
        .split(" ")
        .map((part) => part[0])
        .join(""),
    );
  }
  if (slackbot) return h("span.avatar.slackbot", { "aria-hidden": "true" }, "S");
  return h("img.avatar", { src: "/static/mark.svg", alt: "", width: "36", height: "36" });
}

function usable(message, spec) {
  const send = async (choice, node) => {
    if (spec.confirm && !(await confirm(spec.confirm))) return;
    node?.classList.add("busy");
    await act("click", {
      message: { channel: message.channel, ts: message.ts },
      wanted: spec.action_id,
      choice,
    });
    node?.classList.remove("busy");
  };
  return element(spec, {
    label: spec.text?.text ?? spec.placeholder?.text,
    chosen: send,
    suggest: (typed) =>
      act(
        "suggest",
        { message: { channel: message.channel, ts: message.ts }, action_id: spec.action_id, typed },
        { quiet: true },
      ),
  }).node;
}

function file(one) {
  const known = state.slack.files[one.id];
  return h(
    "a.file",
    { href: `/file/slack/${one.id}/${encodeURIComponent(one.name)}`, download: one.name },
    icon(...FILE),
    h(
      "span",
      {},
      h("strong", {}, one.name),
      h(
        "small",
        {},
        `${one.name.split(".").pop().toUpperCase()}${known ? `, ${size(known.size)}` : ""}, download`,
      ),
    ),
  );
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} KB`);

function shortcuts(anchor, message) {
  const items = state.start.offers.shortcuts.map((one) => ({
    label: one.title,
    run: () => act("shortcut", { callback: one.id, message: { channel: message.channel, ts: message.ts } }),
  }));
  menu(anchor, "Shortcuts on this message", items);
}

export function openThread(ts) {
  thread = ts;
  const panel = $("thread");
  panel.hidden = !ts;
  if (!ts) return fill(panel);
  const line = h("textarea", {
    rows: "1",
    placeholder: "Reply, or @bridge close …",
    "aria-label": "Reply in this thread",
  });
  const form = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        reply(line);
      },
    },
    line,
    h("button.button.primary", { type: "submit" }, "Reply"),
  );
  line.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      reply(line);
    } else if (event.key === "Escape") openThread("");
  });
  fill(
    panel,
    h(
      "header",
      {},
      h("h2", {}, "Thread"),
      h(
        "button.quiet.icon",
        { type: "button", "aria-label": "Close the thread", onclick: () => openThread("") },
        "×",
      ),
    ),
    h(
      "div.thread-log",
      { role: "log", tabindex: "0", "aria-label": "Messages in this thread" },
      h("ol.messages", { id: "thread-messages" }),
    ),
    form,
  );
  showThread();
  line.focus();
}

async function reply(line) {
  const text = line.value.trim();
  if (!text) return;
  line.value = "";
  const told = await say(text, thread);
  if (told.error && !told.shown) line.value = text;
}

function showThread() {
  const list = $("thread-messages");
  const root = state.slack.messages.find((message) => message.ts === thread && isHere(message));
  if (!root || !list) return openThread("");
  const all = [root, ...replies(root)];
  reconcile(
    list,
    all,
    (message) => message.ts,
    (message) => JSON.stringify([message.blocks, message.text, message.files, state.user]),
    (message) => row(message, { inThread: true }),
  );
  list.parentElement.scrollTop = list.parentElement.scrollHeight;
}
