// Slack's mrkdwn as elements: https://docs.slack.dev/messaging/formatting-message-text
// Everything becomes text nodes and a handful of elements; a link is one only with http, https or mailto.

import { h, icon } from "./dom.js";
import { state } from "./state.js";

const SPANS =
  /```([\s\S]+?)```|`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(?=\S)([^\n]*?\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^\n]*?\S)_(?![\w_])|(?<![\w~])~(?=\S)([^\n]*?\S)~(?![\w~])/g;

export const unescape = (text) =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Lines, quotes and spans of one text. */
export function mrkdwn(text) {
  const out = [];
  let quote = null;
  // A code block may hold line breaks, so it is found before lines are.
  for (const piece of String(text ?? "").split(/(```[\s\S]+?```)/)) {
    if (piece.startsWith("```") && piece.length > 6) {
      out.push(h("pre", { tabindex: "0" }, h("code", {}, unescape(piece.slice(3, -3).replace(/^\n/, "")))));
      continue;
    }
    const lines = piece.split("\n");
    lines.forEach((line, index) => {
      if (line.startsWith("&gt;") || line.startsWith(">")) {
        if (!quote) out.push((quote = h("blockquote")));
        else quote.append(h("br"));
        quote.append(...spans(line.replace(/^(&gt;|>) ?/, "")));
      } else {
        quote = null;
        out.push(...spans(line));
        if (index < lines.length - 1) out.push(h("br"));
      }
    });
  }
  return out;
}

function spans(text) {
  const out = [];
  let end = 0;
  for (const match of text.matchAll(SPANS)) {
    if (match.index > end) out.push(...drawn(unescape(text.slice(end, match.index))));
    out.push(span(match));
    end = match.index + match[0].length;
  }
  if (end < text.length) out.push(...drawn(unescape(text.slice(end))));
  return out;
}

// Slack draws emoji itself, so they look alike everywhere; the playground draws those that the bridge says.
const MARKS = {
  "✅": ["good", "done", "m5.500 10.300 3 3 6-6.600"],
  "⏳": [
    "wait",
    "pending",
    "M6 4.500h8M6 15.500h8M7 4.500c0 3.500 6 7.500 6 11M13 4.500c0 3.500-6 7.500-6 11",
  ],
  "✋": ["bad", "refused", "m6.500 6.500 7 7M13.500 6.500l-7 7"],
  "❔": [
    "doubt",
    "unknown",
    "M7.500 7.600a2.500 2.500 0 1 1 3.600 2.300c-.8.400-1.100.9-1.100 1.800M10 14.600v.1",
  ],
  "🅿️": ["wait", "parked", "M8 15V5h3a2.800 2.800 0 0 1 0 5.700H8"],
  "🚫": ["bad", "not allowed", "M4.800 10h10.400"],
  "🔁": [
    "wait",
    "trying again",
    "M14.500 8A5 5 0 0 0 5.600 7.500M5.500 12a5 5 0 0 0 8.900.500M5.200 4.800v3h3M14.800 15.200v-3h-3",
  ],
  "⚙️": [
    "wait",
    "working",
    "M10 5v1.500M10 13.500V15M5 10h1.500M13.500 10H15M10 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  ],
};
const EMOJI = new RegExp(`(${Object.keys(MARKS).join("|")})`);

function drawn(words) {
  return words.split(EMOJI).map((part) => {
    const [kind, name, path] = MARKS[part] ?? [];
    return kind ? h("span.mark", { class: kind, role: "img", "aria-label": name }, icon(path)) : part;
  });
}

function span([whole, block, code, angle, bold, italic, struck]) {
  if (block !== undefined || code !== undefined) return h("code", {}, unescape(block ?? code));
  if (angle !== undefined) return token(angle, whole);
  if (bold !== undefined) return h("strong", {}, ...spans(bold));
  if (italic !== undefined) return h("em", {}, ...spans(italic));
  return h("s", {}, ...spans(struck));
}

function token(inside, whole) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inside.slice(bar + 1));
  const names = state.slack.names;
  if (target.startsWith("@"))
    return mention(
      `@${names[target.slice(1)] ?? (label || target.slice(1))}`,
      target.slice(1) === state.user,
    );
  if (target.startsWith("#")) return mention(`#${names[target.slice(1)] ?? (label || "private-channel")}`);
  if (target.startsWith("!")) return special(target.slice(1), label);
  return link(unescape(target), label) ?? unescape(whole);
}

const mention = (text, mine = false) => h("span.mention", { class: mine ? "mine" : "" }, text);

function special(command, label) {
  const [name, ...rest] = command.split("^");
  if (name === "date") return h("time", {}, date(Number(rest[0]), rest[1] ?? "", label));
  if (name === "subteam") return mention(`@${state.slack.names[rest[0]] ?? (label || rest[0])}`);
  if (["here", "channel", "everyone"].includes(name)) return mention(`@${name}`, true);
  return label || `<${name}>`;
}

export function link(url, label) {
  if (!/^(https?:|mailto:)/i.test(url)) return null;
  return h(
    "a",
    { href: url, target: "_blank", rel: "noopener noreferrer nofollow" },
    label || url.replace(/^mailto:/, ""),
  );
}

/** `<!date^…>`: https://docs.slack.dev/messaging/formatting-message-text#date-formatting */
export function date(at, form, fallback) {
  const when = new Date(at * 1000);
  if (Number.isNaN(when.getTime())) return fallback;
  const days = Math.round((when.setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86400000);
  const moment = new Date(at * 1000);
  const pretty = { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
  const say = (options) => new Intl.DateTimeFormat(undefined, options).format(moment);
  const parts = {
    date_num: moment.toLocaleDateString("sv"),
    date: say({ dateStyle: "long" }),
    date_short: say({ dateStyle: "medium" }),
    date_long: say({ dateStyle: "full" }),
    time: say({ timeStyle: "short" }),
    time_secs: say({ timeStyle: "medium" }),
  };
  return form.replace(/\{(\w+)\}/g, (whole, name) => {
    if (name.endsWith("_pretty")) return pretty ?? parts[name.replace("_pretty", "")] ?? whole;
    return parts[name] ?? whole;
  });
}

/** A text object, whichever of its two kinds. */
export function text(object) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text);
}

export function plain(words) {
  return unescape(String(words ?? ""))
    .split("\n")
    .flatMap((line, index) => (index ? [h("br"), line] : [line]));
}
