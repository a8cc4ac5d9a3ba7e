// Everything that can be made to go wrong, as it stands in the emulators.

import { turn } from "./calls.js";
import { fill, h } from "./dom.js";
import { nameOf } from "./flow.js";
import { on, switches } from "./state.js";
import { addTab, badge } from "./tabs.js";

export function trouble() {
  const groups = h("div");
  const calm = h(
    "button.button.small",
    {
      type: "button",
      onclick: () =>
        switches()
          .filter(isOff)
          .forEach((one) => turn(one.id, one.positions[0].value)),
    },
    "All back to normal",
  );
  const panel = h(
    "div",
    {},
    h(
      "header.panel-head",
      {},
      h(
        "div",
        {},
        h("h2", {}, "Make it fail"),
        h("span.faint", {}, "Then ask for something, and see what you are told."),
      ),
      calm,
    ),
    groups,
  );
  addTab("switches", "Trouble", panel);
  let drawn = "";
  on("rocketchat", "superoffice", "slack", () => {
    const now = JSON.stringify(switches().map((one) => [one.id, one.value]));
    const count = switches().filter(isOff).length;
    badge("switches", count, true);
    calm.hidden = !count;
    if (now === drawn) return;
    drawn = now;
    const focused = document.activeElement?.id;
    fill(
      groups,
      ["bridge", "rocketchat", "superoffice", "slack"].map((group) => {
        const here = switches().filter((one) => one.group === group);
        return (
          here.length > 0 &&
          h(
            "section.switches",
            {},
            h("h3.panel-sub", {}, h("span.system", { class: group }, nameOf(group))),
            here.map(row),
          )
        );
      }),
    );
    if (focused && groups.contains(document.getElementById(focused)))
      document.getElementById(focused).focus();
  });
}

const isOff = (one) => one.value !== one.positions[0].value;

function row(one) {
  const radios = one.positions.map(({ value, label }, index) => {
    const id = `${one.id}-${index}`;
    return h(
      "label",
      { class: index && one.value === value ? "off" : "" },
      h("input", {
        id,
        type: "radio",
        name: one.id,
        value,
        checked: one.value === value,
        onchange: () => turn(one.id, value),
      }),
      h("span", {}, label),
    );
  });
  return h(
    "fieldset.switch",
    { class: isOff(one) ? "is-off" : "" },
    h("legend", {}, one.label),
    h("div.positions", {}, radios),
    h("p", {}, one.why),
  );
}
