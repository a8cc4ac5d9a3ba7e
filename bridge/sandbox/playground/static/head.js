// Above the channel: where one writes and who one is. And the theme.

import { $, fill, h, icon } from "./dom.js";
import { avatar } from "./messages.js";
import { choose, on, place, state } from "./state.js";

const LOCK = ["M6 9.200h8v6.300H6Z", "M7.500 9V7a2.500 2.500 0 0 1 5 0v2"];
const SUN = [
  "M10 13.200a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400Z",
  "M10 2.500v1.800M10 15.700v1.800M2.500 10h1.800M15.700 10h1.800M4.700 4.700 6 6M14 14l1.300 1.300M15.300 4.700 14 6M6 14l-1.300 1.300",
];
const MOON = ["M16 12.200A6.500 6.500 0 0 1 7.800 4a6.500 6.500 0 1 0 8.200 8.200Z"];

export function head() {
  on("user", "channel", "slack", draw);
  $("theme").addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("playground.theme", next);
    theme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
  theme();
}

const isDark = () =>
  (document.documentElement.dataset.theme ??
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function theme() {
  fill($("theme"), icon(...(isDark() ? SUN : MOON)));
}

let drawn = "";

function draw() {
  const direct = Object.entries(state.slack.direct).find(([, members]) => members.includes(state.user))?.[0];
  const shown = state.start.places.filter((one) => one.members.includes(state.user) && one.kind !== "im");
  if (direct)
    shown.push(
      place(direct) ??
        state.start.places.find((one) => one.id === direct) ?? {
          id: direct,
          name: "Deskbridge",
          kind: "im",
          members: state.slack.direct[direct],
        },
    );
  for (const one of shown) if (!place(one.id)) state.start.places.push(one);
  if (!shown.some((one) => one.id === state.channel)) return choose("channel", shown[0].id);
  const fresh = (one) =>
    one.id !== state.channel &&
    state.slack.messages.some(
      (message) =>
        message.channel === one.id &&
        message.ts > (state.read[one.id] ?? "0") &&
        (!message.ephemeral_to || message.ephemeral_to === state.user) &&
        message.user !== state.user,
    );
  const now = JSON.stringify([shown.map((one) => [one.id, fresh(one)]), state.user, state.channel]);
  if (now === drawn) return;
  drawn = now;
  fill(
    $("places"),
    shown.map((one) =>
      h(
        "button.place",
        {
          type: "button",
          "aria-pressed": String(one.id === state.channel),
          onclick: () => choose("channel", one.id),
          title: one.bridge_is_here === false ? "The bridge is no member of this channel" : undefined,
        },
        one.kind === "private"
          ? icon(...LOCK)
          : h("span.sign", { "aria-hidden": "true" }, one.kind === "im" ? "@" : "#"),
        one.name,
        fresh(one) && h("span.unread", { role: "img", "aria-label": "new messages" }),
      ),
    ),
  );
  fill(
    $("people"),
    h("span.people-label", {}, "You are"),
    state.start.people.map((one) =>
      h(
        "button.person",
        {
          type: "button",
          "aria-pressed": String(one.id === state.user),
          title: one.about,
          onclick: () => choose("user", one.id),
        },
        avatar(one.id),
        h("span", {}, one.name.split(" ")[0], h("small", {}, one.role)),
      ),
    ),
  );
}
