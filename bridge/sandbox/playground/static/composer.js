// The line one types in: commands complete themselves, usage stands above, Enter sends the real thing.

import { act, say } from "./calls.js";
import { $, fill, h, icon } from "./dom.js";
import { menu } from "./menu.js";
import { on, place, state } from "./state.js";

const BOLT = ["M11 2.500 4.500 11.500h4.700l-.9 6 6.700-9.300h-4.900Z"];
const line = h("textarea", {
  id: "line",
  rows: "1",
  role: "combobox",
  spellcheck: "false",
  "aria-label": "Message or command",
  "aria-expanded": "false",
  "aria-controls": "commands",
  "aria-autocomplete": "list",
  "aria-describedby": "usage",
});
const list = h("ul.options.commands", {
  id: "commands",
  role: "listbox",
  "aria-label": "Commands",
  hidden: true,
});
const usage = h("div.usage", { id: "usage", "aria-live": "polite" });
const send = h("button.button.primary.send", { type: "submit", "aria-label": "Send" }, "Send");
let active = -1;
let moved = false;
let past = [];
let back = 0;

export function composer() {
  const form = $("composer");
  const bolt = h(
    "button.quiet.icon",
    {
      type: "button",
      "aria-label": "Shortcuts",
      "aria-haspopup": "menu",
      title: "Shortcuts: everything without typing",
      onclick: () => shortcuts(bolt),
    },
    icon(...BOLT),
  );
  fill(
    form,
    list,
    usage,
    h("div.composer-box", {}, bolt, line, send),
    h(
      "p.composer-hint",
      {},
      h("kbd", {}, "Enter"),
      " sends, ",
      h("kbd", {}, "/"),
      " lists the commands, ",
      h("kbd", {}, "↑"),
      " brings the last line back",
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  line.addEventListener("input", () => {
    moved = false;
    draw();
  });
  line.addEventListener("keydown", keys);
  line.addEventListener("blur", () => setTimeout(close, 100));
  on("channel", "user", () => {
    const here = place(state.channel);
    line.placeholder = here.kind === "im" ? "Message Deskbridge" : `Message #${here.name}, or / for commands`;
    draw();
  });
}

/** Type a line for the reader, visibly but without making them wait. */
export async function type(text) {
  line.focus();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const step = still ? text.length : Math.max(1, Math.ceil(text.length / 28));
  for (let end = step; ; end += step) {
    line.value = text.slice(0, end);
    draw();
    if (end >= text.length) break;
    await new Promise((resolve) => setTimeout(resolve, 14));
  }
  send.classList.add("beckon");
}

/** Put words into the line where it is being written. */
export function insert(words) {
  const at = line.selectionStart ?? line.value.length;
  const before = line.value.slice(0, at);
  line.setRangeText((before && !before.endsWith(" ") ? " " : "") + words + " ", at, line.selectionEnd, "end");
  line.focus();
  draw();
}

async function submit() {
  const text = line.value.trim();
  if (!text) return;
  past = [...past.filter((one) => one !== text), text];
  back = past.length;
  line.value = "";
  send.classList.remove("beckon");
  close();
  draw();
  const told = await say(text);
  if (told.error && !told.shown) {
    line.value ||= text;
    draw();
  }
}

function keys(event) {
  if (event.isComposing) return;
  const rows = list.hidden ? [] : [...list.children];
  if (rows.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    active = (active + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length;
    moved = true;
    mark(rows);
  } else if (rows.length && (event.key === "Tab" || (event.key === "Enter" && !exact()))) {
    event.preventDefault();
    complete(rows[Math.max(0, active)].dataset.name);
  } else if (event.key === "Escape" && rows.length) {
    event.preventDefault();
    close();
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    submit();
  } else if (event.key === "ArrowUp" && past.length && (line.value === "" || line.value === past[back])) {
    event.preventDefault();
    back = Math.max(0, back - 1);
    line.value = past[back];
    draw();
  } else if (event.key === "ArrowDown" && line.value !== "" && line.value === past[back]) {
    event.preventDefault();
    back = Math.min(past.length, back + 1);
    line.value = past[back] ?? "";
    draw();
  }
}

const exact = () => !moved && state.start.offers.commands.some((one) => one.name === line.value.trim());

function complete(name) {
  line.value = `${name} `;
  close();
  draw();
  line.focus();
}

function close() {
  list.hidden = true;
  active = -1;
  line.setAttribute("aria-expanded", "false");
  line.removeAttribute("aria-activedescendant");
}

function mark(rows) {
  rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === active)));
  if (active >= 0) line.setAttribute("aria-activedescendant", rows[active].id);
  rows[active]?.scrollIntoView({ block: "nearest" });
}

function draw() {
  line.style.height = "auto";
  line.style.height = `${Math.min(line.scrollHeight, 160)}px`;
  const typed = line.value;
  const word = typed.match(/^\/\S*$/)?.[0];
  const found =
    word === undefined || document.activeElement !== line
      ? []
      : state.start.offers.commands.filter((one) => one.name.startsWith(word));
  if (found.length) {
    fill(
      list,
      found.map((one, index) =>
        h(
          "li",
          {
            id: `command-${index}`,
            role: "option",
            "aria-selected": "false",
            data: { name: one.name },
            onmousedown: (event) => {
              event.preventDefault();
              complete(one.name);
            },
          },
          h("strong", {}, one.name),
          h("span", {}, one.about),
          h("code", {}, one.hint),
        ),
      ),
    );
    list.hidden = false;
    line.setAttribute("aria-expanded", "true");
    active = moved ? Math.min(active, found.length - 1) : 0;
    mark([...list.children]);
  } else close();
  fill(usage, hints(typed));
}

/** The usage lines of the command that is being typed, the place one is at marked. */
function hints(typed) {
  const [name, ...rest] = typed.trimStart().split(/\s+/);
  if (!typed.includes(" ") || !name.startsWith("/")) return [];
  const root = state.start.offers.commands.at(-1).name;
  const word = name === root ? `/${rest.shift() ?? ""}` : name;
  const mine = state.start.offers.actions.filter((one) => one.command === word);
  const named = mine.filter((one) => one.sub && one.sub === rest[0]);
  const shown = named.length
    ? named
    : rest.length > 1 && rest[0]
      ? mine.filter((one) => one.implied || !one.sub)
      : mine.filter((one) => !rest[0] || !one.sub || one.implied || one.sub.startsWith(rest[0]));
  const words = named.length ? rest.slice(1) : rest;
  return shown
    .slice(0, 4)
    .map((one) =>
      h("p", {}, h("code", {}, spell(one, words, name)), shown.length < 3 && h("span", {}, one.about)),
    );
}

function spell(action, words, name) {
  const places = words.slice(0, -1).filter((word) => word && !/^[\w-]+=/.test(word)).length;
  const option = words.at(-1)?.match(/^([\w-]+)=/)?.[1];
  let at = -1;
  return action.usage.split(" ").flatMap((part, index) => {
    const isPlace = /^[<[][^=]+[>\]]$/.test(part) && part !== `[${action.sub}]`;
    if (isPlace) at += 1;
    const rest = part.includes("…") && isPlace;
    const on = option ? part.includes(`${option}=`) : isPlace && (at === places || (rest && places > at));
    const shown = index === 0 ? name : part;
    return [index ? " " : "", on ? h("mark", {}, shown) : shown];
  });
}

function shortcuts(anchor) {
  menu(
    anchor,
    "Shortcuts",
    state.start.offers.shortcuts.map((one) => ({
      label: one.title,
      run: () => act("shortcut", { callback: one.id }),
    })),
  );
}
