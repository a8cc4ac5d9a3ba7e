// A small menu at a button: https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/

import { h } from "./dom.js";

let shut = null;

export function menu(anchor, label, items) {
  shut?.();
  const buttons = items.map((item) =>
    h(
      "button",
      {
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        onclick: () => {
          close();
          item.run();
        },
      },
      item.label,
    ),
  );
  const list = h("div.menu", { role: "menu", "aria-label": label }, buttons);
  const outside = (event) => {
    if (!list.contains(event.target)) close(false);
  };
  function close(focus = true) {
    list.remove();
    document.removeEventListener("pointerdown", outside, true);
    anchor.setAttribute("aria-expanded", "false");
    shut = null;
    if (focus) anchor.focus();
  }
  list.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 };
    if (event.key in steps) {
      event.preventDefault();
      buttons.at(steps[event.key] % buttons.length).focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      close();
    }
  });
  document.body.append(list);
  const box = anchor.getBoundingClientRect();
  const mine = list.getBoundingClientRect();
  list.style.left = `${Math.max(8, Math.min(box.right - mine.width, innerWidth - mine.width - 8))}px`;
  list.style.top = `${box.bottom + mine.height + 8 > innerHeight ? Math.max(8, box.top - mine.height - 4) : box.bottom + 4}px`;
  document.addEventListener("pointerdown", outside, true);
  anchor.setAttribute("aria-expanded", "true");
  shut = close;
  buttons[0]?.focus();
}
