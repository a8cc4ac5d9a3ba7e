// Slack's modals as real dialogs: opened and closed by what the bridge does, filled in by a person.

import { act } from "./calls.js";
import { blocks } from "./blocks.js";
import { fill, h } from "./dom.js";
import { element } from "./fields.js";
import { text } from "./mrkdwn.js";
import { on, state } from "./state.js";

let dialog = null;
let shown = { id: "", hash: "" };
let inputs = [];
let back = null;
let entering = Promise.resolve(); // a choice on its way must be there before the form is sent

export function modals() {
  on("slack", "user", show);
}

function show() {
  const view = (state.slack.views[state.user] ?? []).at(-1);
  if (!view) return close();
  if (!dialog) open();
  if (shown.id !== view.id || shown.hash !== view.hash) build(view);
  mark(view);
}

function open() {
  back = document.activeElement;
  dialog = h("dialog.modal", { "aria-labelledby": "modal-title" });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    act("close", { view: shown.id });
  });
  document.body.append(dialog);
  dialog.showModal();
}

function close() {
  if (!dialog) return;
  dialog.close();
  dialog.remove();
  dialog = null;
  shown = { id: "", hash: "" };
  if (back?.isConnected) back.focus();
}

function build(view) {
  const kept = new Map(inputs.map((one) => [one.key, one.held ? undefined : one.read()]));
  const same = shown.id === view.id;
  inputs = [];
  shown = { id: view.id, hash: view.hash };
  const submit = view.submit && h("button.button.primary", { type: "submit" }, text(view.submit));
  const form = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        send(view, submit);
      },
      novalidate: true,
    },
    h(
      "header",
      {},
      h("h2", { id: "modal-title" }, text(view.title)),
      h(
        "button.quiet.icon",
        { type: "button", "aria-label": "Close", onclick: () => act("close", { view: view.id }) },
        "×",
      ),
    ),
    h(
      "div.modal-body",
      {},
      h("p.modal-warning", { role: "alert", hidden: true }),
      view.blocks.map((block) =>
        block.type === "input"
          ? input(view, block, same ? kept : new Map())
          : blocks([block], (spec) => inside(view, block, spec)),
      ),
    ),
    h(
      "footer",
      {},
      h(
        "button.button",
        { type: "button", onclick: () => act("close", { view: view.id }) },
        view.close ? text(view.close) : "Cancel",
      ),
      submit,
    ),
  );
  fill(dialog, form);
  (
    dialog.querySelector(".modal-body :is(input, textarea, select)") ?? dialog.querySelector("footer .button")
  ).focus();
}

function input(view, block, kept) {
  const spec = block.element;
  const id = `in-${block.block_id}`;
  const key = `${block.block_id} ${spec.action_id}`;
  const held = view.state.values[block.block_id]?.[spec.action_id];
  const boxes = ["checkboxes", "radio_buttons"].includes(spec.type);
  const field = element(spec, {
    id,
    held,
    label: block.label.text,
    describedby: `${id}-hint ${id}-error`,
    suggest: (typed) => act("suggest", { view: view.id, action_id: spec.action_id, typed }, { quiet: true }),
    chosen:
      spec.type.includes("external_select") || spec.type === "multi_static_select"
        ? (value) =>
            (entering = entering.then(() =>
              act("enter", { view: view.id, block_id: block.block_id, value: { [spec.action_id]: value } }),
            ))
        : undefined,
  });
  if (typeof kept.get(key) === "string" && "value" in field.node) field.node.value = kept.get(key);
  inputs.push({ key, block_id: block.block_id, action_id: spec.action_id, ...field });
  const label = [text(block.label), block.optional && h("span.optional", {}, "optional")];
  return h(
    "div.input",
    { data: { block: block.block_id } },
    boxes ? h("span.label", {}, label) : h("label", { for: id }, label),
    field.node,
    h("p.hint", { id: `${id}-hint` }, block.hint && text(block.hint)),
    h("p.error", { id: `${id}-error`, role: "alert" }),
  );
}

const inside = (view, block, spec) =>
  element(spec, {
    label: spec.text?.text ?? spec.placeholder?.text,
    held: view.state.values[block.block_id]?.[spec.action_id],
    suggest: (typed) => act("suggest", { view: view.id, action_id: spec.action_id, typed }, { quiet: true }),
    chosen: (choice) => act("click", { view: view.id, wanted: spec.action_id, choice }),
  }).node;

async function send(view, submit) {
  const values = {};
  for (const one of inputs) {
    const value = one.held ? undefined : one.read();
    if (value !== undefined) (values[one.block_id] ??= {})[one.action_id] = value;
  }
  submit.disabled = true;
  submit.classList.add("busy");
  await entering;
  await act("submit", { view: view.id, values }, { quiet: true });
  submit.disabled = false;
  submit.classList.remove("busy");
}

/** Errors stand at their own inputs; the sentence of Slack itself stands on top. */
function mark(view) {
  let first = null;
  for (const row of dialog.querySelectorAll(".input")) {
    const words = view.errors[row.dataset.block] ?? "";
    row.classList.toggle("wrong", Boolean(words));
    const told = row.querySelector(".error");
    const field = row.querySelector("input, textarea, select");
    if (told.textContent !== words) {
      told.textContent = words;
      if (words) first ??= field;
    }
    if (words) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
  const warning = dialog.querySelector(".modal-warning");
  warning.hidden = !view.warning;
  warning.textContent = view.warning;
  first?.focus();
}

/** The question before a button does something; resolves to true or false. */
export function confirm(words) {
  return new Promise((resolve) => {
    const from = document.activeElement;
    const done = (answer) => {
      ask.close();
      ask.remove();
      from?.focus();
      resolve(answer);
    };
    const ask = h(
      "dialog.modal.confirm",
      { "aria-labelledby": "confirm-title" },
      h("header", {}, h("h2", { id: "confirm-title" }, text(words.title))),
      h("div.modal-body", {}, h("p", {}, text(words.text))),
      h(
        "footer",
        {},
        h("button.button", { type: "button", onclick: () => done(false) }, text(words.deny)),
        h(
          "button.button",
          {
            type: "button",
            class: words.style === "danger" ? "danger" : "primary",
            onclick: () => done(true),
          },
          text(words.confirm),
        ),
      ),
    );
    ask.addEventListener("cancel", () => done(false));
    document.body.append(ask);
    ask.showModal();
  });
}
