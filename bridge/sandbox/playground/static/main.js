// Puts the page together: asks what there is, draws every part once, then follows the news.

import { start, startOver } from "./calls.js";
import { composer } from "./composer.js";
import { $ } from "./dom.js";
import { flow } from "./flow.js";
import { head } from "./head.js";
import { messages } from "./messages.js";
import { modals } from "./modal.js";
import { requests } from "./requests.js";
import { rooms } from "./rooms.js";
import { sessions } from "./sessions.js";
import { changed, listen, state } from "./state.js";
import { startTabs } from "./tabs.js";
import { tour } from "./tour.js";
import { trouble } from "./trouble.js";
import { webhooks } from "./webhooks.js";
import { welcome } from "./welcome.js";

state.start = await start();
const stored = (name, rows) =>
  rows.some((one) => one.id === localStorage.getItem(`playground.${name}`))
    ? localStorage.getItem(`playground.${name}`)
    : rows[0].id;
state.user = stored("user", state.start.people);
state.channel = stored("channel", state.start.places);

for (const part of [
  flow,
  head,
  composer,
  messages,
  modals,
  welcome,
  tour,
  rooms,
  sessions,
  requests,
  trouble,
  webhooks,
])
  part();
startTabs();
changed("user");
changed("channel");
listen((lost) => ($("offline").hidden = !lost));
$("start-over").addEventListener("click", startOver);
document.body.classList.add("ready");
