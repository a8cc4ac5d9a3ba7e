// The panels behind the scenes, one at a time: https://www.w3.org/WAI/ARIA/apg/patterns/tabs/
// On a phone the same choice stands at the bottom, beside the chat.

import { $, fill, h } from "./dom.js";

const tabs = new Map();
let current = "";

/** Add a panel; `badge()` is what to count beside its name, or nothing. */
export function addTab(id, label, panel) {
  const tab = h(
    "button.tab",
    {
      type: "button",
      role: "tab",
      id: `tab-${id}`,
      "aria-controls": `panel-${id}`,
      "aria-selected": "false",
      tabindex: "-1",
      onclick: () => openTab(id),
    },
    h("span", {}, label),
    h("span.badge", { hidden: true }),
  );
  Object.assign(panel, { id: `panel-${id}`, hidden: true, tabIndex: 0 });
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", `tab-${id}`);
  panel.classList.add("panel");
  const dock = h(
    "button",
    {
      type: "button",
      onclick: () => {
        openTab(id);
        view("side");
      },
    },
    h("span", {}, label),
    h("span.badge", { hidden: true }),
  );
  tabs.set(id, { tab, panel, dock });
  $("tabs").append(tab);
  $("panels").append(panel);
}

export function startTabs() {
  const chat = h("button", { type: "button", onclick: () => view("chat") }, h("span", {}, "Chat"));
  fill(
    $("dock"),
    chat,
    [...tabs.values()].map((one) => one.dock),
  );
  $("tabs").addEventListener("keydown", (event) => {
    const ids = [...tabs.keys()];
    const at = ids.indexOf(current);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    openTab(ids.at(next % ids.length));
    tabs.get(current).tab.focus();
  });
  openTab(localStorage.getItem("playground.tab") ?? "");
  view("chat");
}

export function openTab(id) {
  current = tabs.has(id) ? id : tabs.keys().next().value;
  localStorage.setItem("playground.tab", current);
  for (const [name, { tab, panel }] of tabs) {
    const on = name === current;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    panel.hidden = !on;
  }
  dock();
}

export const isOpen = (id) => id === current;

export function badge(id, count, strong = false) {
  for (const node of [tabs.get(id).tab, tabs.get(id).dock]) {
    const mark = node.querySelector(".badge");
    mark.hidden = !count;
    mark.textContent = count || "";
    mark.classList.toggle("strong", strong);
  }
}

function view(name) {
  $("split").dataset.view = name;
  dock();
}

function dock() {
  const side = $("split").dataset.view === "side";
  [...$("dock").children].forEach((button, index) => {
    const id = [...tabs.keys()][index - 1];
    button.setAttribute("aria-pressed", String(index === 0 ? !side : side && id === current));
  });
}
