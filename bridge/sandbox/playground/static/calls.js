// What the page asks of the playground's server, and how it tells that something could not be done.

import { $, h } from "./dom.js";
import { changed, state } from "./state.js";

async function post(path, body = {}) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.headers.get("Content-Type")?.includes("json"))
      return { error: "The playground did not understand." };
    return await answer.json();
  } catch {
    return { error: "The playground does not answer." };
  }
}

/** Do something as whoever one is; a refusal is shown and also returned. */
export async function act(gesture, body = {}, { quiet = false } = {}) {
  const told = await post(`/act/${gesture}`, { user: state.user, ...body });
  if (told.error && !quiet && !told.shown) toast(told.error);
  return told;
}

/** Type a line. What was typed is kept for its author to see, with how soon it was acknowledged. */
export async function say(text, thread_ts) {
  const echo = {
    ts: (Date.now() / 1000).toFixed(6),
    channel: state.channel,
    user: state.user,
    text,
    told: null,
  };
  const isCommand = text.startsWith("/") && !thread_ts;
  if (isCommand) state.typed.push(echo);
  changed("slack");
  echo.told = await act("say", { channel: state.channel, text, thread_ts });
  if (echo.told.error && !echo.told.shown) state.typed = state.typed.filter((one) => one !== echo);
  changed("slack");
  return echo.told;
}

export async function turn(id, value) {
  const told = await post("/switch", { id, value });
  if (told.error) toast(told.error);
}

export const startOver = () => post("/reset");
export const webhook = (what, body) => post(`/webhook/${what}`, body);
export const start = async () => (await fetch("/start")).json();

export function toast(words) {
  const note = h("p.toast", {}, words);
  $("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}
