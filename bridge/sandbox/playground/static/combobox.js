// A list that is asked for while one types, one choice or several: Slack's external selects.
// Keys and roles as in https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

import { append, fill, h } from "./dom.js";
import { unescape } from "./mrkdwn.js";

const PAUSE_MS = 140;
let serial = 0;

const label = (option) => unescape(option.text?.text ?? option.value);

export function combobox(spec, how) {
  const id = `options-${(serial += 1)}`;
  const held = how.held ?? {};
  let chosen = how.many
    ? [...(held.selected_options ?? spec.initial_options ?? [])]
    : [held.selected_option ?? spec.initial_option].filter(Boolean);
  let offered = [];
  let active = -1;
  let timer = 0;
  let asked = 0;

  const input = h("input", {
    id: how.id,
    type: "text",
    role: "combobox",
    autocomplete: "off",
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-autocomplete": "list",
    "aria-label": how.id ? undefined : how.label,
    "aria-describedby": how.describedby,
    placeholder: spec.placeholder?.text ?? "Choose…",
  });
  const list = h("ul.options", { id, role: "listbox", "aria-label": how.label || "Options", hidden: true });
  const chips = h("span.chips");
  const node = h("div.combobox", {}, chips, input, list);

  const show = () => {
    const clear = (one) =>
      h(
        "button.chip-clear",
        {
          type: "button",
          "aria-label": `Remove ${label(one)}`,
          onclick: () => set(chosen.filter((other) => other !== one)),
        },
        "×",
      );
    if (how.many)
      fill(
        chips,
        chosen.map((one) => h("span.chip", {}, label(one), clear(one))),
      );
    else input.value = chosen[0] ? label(chosen[0]) : "";
  };
  const set = (values) => {
    chosen = values;
    show();
    how.chosen?.(how.many ? chosen.map((one) => one.value) : (chosen[0]?.value ?? null));
  };
  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const pick = (option) => {
    if (how.many) {
      input.value = "";
      if (!chosen.some((one) => one.value === option.value)) set([...chosen, option]);
    } else set([option]);
    close();
  };
  const draw = (note) => {
    fill(list);
    offered.forEach((option, index) => {
      const row = h(
        "li",
        {
          id: `${id}-${index}`,
          role: "option",
          "aria-selected": String(index === active),
          onmousedown: (event) => {
            event.preventDefault();
            pick(option);
          },
        },
        label(option),
        option.description && h("small", {}, unescape(option.description.text)),
      );
      list.append(row);
    });
    if (!offered.length)
      append(list, [
        h("li.nothing", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, note),
      ]);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (active >= 0) {
      input.setAttribute("aria-activedescendant", `${id}-${active}`);
      list.children[active]?.scrollIntoView({ block: "nearest" });
    }
  };
  const ask = async () => {
    const typed = !how.many && chosen[0] && input.value === label(chosen[0]) ? "" : input.value;
    const turn = (asked += 1);
    active = -1;
    if (how.options)
      offered = how.options.filter((one) => label(one).toLowerCase().includes(typed.toLowerCase()));
    else {
      if (list.hidden) draw("Looking…");
      const told = await how.suggest(typed);
      if (turn !== asked || document.activeElement !== input) return;
      offered = told.options ?? [];
      if (told.error === "query_too_short") return draw("Type a little more.");
      if (told.error) return draw("The list did not come. Type an id instead.");
    }
    draw("Nothing found.");
  };

  input.addEventListener("click", () => list.hidden && ask());
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("blur", () => {
    close();
    if (how.many) return;
    if (input.value.trim() === "" && chosen.length) set([]);
    else show();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return ask();
      const step = event.key === "ArrowDown" ? 1 : -1;
      active = (active + step + offered.length) % Math.max(1, offered.length);
      draw("Nothing found.");
    } else if (event.key === "Enter" && !list.hidden) {
      event.preventDefault();
      const option = offered[active < 0 ? 0 : active];
      if (option) pick(option);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Backspace" && how.many && !input.value && chosen.length)
      set(chosen.slice(0, -1));
  });
  show();
  return { node, read: () => undefined, held: true };
}
