// What a person can use in a block: https://docs.slack.dev/reference/block-kit/block-elements
// `element(spec, how)` gives {node, read}. `how.held` is what it holds, `how.chosen` is called on a choice,
// `how.suggest` asks the bridge for options, `how.label` names it for a screen reader.

import { combobox } from "./combobox.js";
import { h } from "./dom.js";
import { plain, text } from "./mrkdwn.js";
import { state } from "./state.js";

let serial = 0;

export function element(spec, how) {
  const draw = {
    button,
    overflow: (one, given) => menu(one, given, spec.options),
    plain_text_input: typed,
    email_text_input: typed,
    url_text_input: typed,
    number_input: typed,
    datepicker: (one, given) => picked(one, given, "date", "selected_date"),
    timepicker: (one, given) => picked(one, given, "time", "selected_time"),
    datetimepicker: (one, given) => picked(one, given, "datetime-local", "selected_date_time"),
    checkboxes: choices,
    radio_buttons: choices,
    static_select: (one, given) => menu(one, given, allOptions(one)),
    users_select: (one, given) => menu(one, given, people(), "selected_user"),
    conversations_select: (one, given) => menu(one, given, places(), "selected_conversation"),
    channels_select: (one, given) => menu(one, given, places(), "selected_channel"),
    multi_static_select: (one, given) => combobox(one, { ...given, many: true, options: allOptions(one) }),
    external_select: combobox,
    multi_external_select: (one, given) => combobox(one, { ...given, many: true }),
  }[spec.type];
  if (!draw)
    return { node: h("p.block-unknown", {}, `An input of the type “${spec.type}”.`), read: () => undefined };
  return draw(spec, how);
}

const allOptions = (spec) => [
  ...(spec.options ?? []),
  ...(spec.option_groups ?? []).flatMap((group) => group.options),
];
const option = (value, words) => ({ value, text: { type: "plain_text", text: words } });
const people = () => state.start.people.map((one) => option(one.id, one.name));
const places = () => state.start.places.map((one) => option(one.id, one.name));
const words = (spec) => spec.placeholder?.text ?? "";

function button(spec, how) {
  const label = text(spec.text);
  if (spec.url && /^https?:/i.test(spec.url)) {
    return {
      node: h(
        "a.button",
        { href: spec.url, target: "_blank", rel: "noopener noreferrer", onclick: () => how.chosen?.() },
        label,
      ),
      read: () => undefined,
    };
  }
  const node = h(
    "button.button",
    {
      type: "button",
      class: spec.style ?? "",
      "aria-label": spec.accessibility_label,
      onclick: () => how.chosen?.(undefined, node),
    },
    label,
  );
  return { node, read: () => undefined };
}

function typed(spec, how) {
  const kind =
    { email_text_input: "email", url_text_input: "url", number_input: "text" }[spec.type] ?? "text";
  const given = {
    id: how.id,
    placeholder: words(spec),
    value: how.held?.value ?? "",
    "aria-describedby": how.describedby,
  };
  const node = spec.multiline
    ? h("textarea", { ...given, rows: "4" })
    : h("input", {
        ...given,
        type: kind,
        inputmode: spec.type === "number_input" ? "decimal" : undefined,
        autocomplete: "off",
      });
  return { node, read: () => node.value };
}

function picked(spec, how, kind, key) {
  const held =
    kind === "datetime-local" && how.held?.[key]
      ? new Date(how.held[key] * 1000).toISOString().slice(0, 16)
      : how.held?.[key];
  const node = h("input", {
    id: how.id,
    type: kind,
    value: held ?? "",
    "aria-label": how.label,
    "aria-describedby": how.describedby,
    onchange: () => how.chosen?.(node.value || null),
  });
  const value = () =>
    kind === "datetime-local" && node.value
      ? Math.floor(new Date(node.value).getTime() / 1000)
      : node.value || null;
  return { node, read: value };
}

function choices(spec, how) {
  const many = spec.type === "checkboxes";
  const held = new Set(
    (many ? (how.held?.selected_options ?? []) : [how.held?.selected_option])
      .filter(Boolean)
      .map((one) => one.value),
  );
  const name = `choice-${(serial += 1)}`;
  const boxes = spec.options.map((one) =>
    h("input", {
      type: many ? "checkbox" : "radio",
      name,
      value: one.value,
      checked: held.has(one.value),
      onchange: () => how.chosen?.(read()),
    }),
  );
  const read = () => {
    const on = boxes.filter((box) => box.checked).map((box) => box.value);
    return many ? on : (on[0] ?? null);
  };
  const rows = spec.options.map((one, index) =>
    h(
      "label.choice",
      {},
      boxes[index],
      h("span", {}, text(one.text), one.description && h("small", {}, text(one.description))),
    ),
  );
  return {
    node: h(
      "div.choices",
      {
        id: how.id,
        role: many ? "group" : "radiogroup",
        "aria-label": how.label,
        "aria-describedby": how.describedby,
      },
      rows,
    ),
    read,
  };
}

function menu(spec, how, options, key = "selected_option") {
  const held = key === "selected_option" ? how.held?.[key]?.value : how.held?.[key];
  const node = h(
    "select",
    {
      id: how.id,
      "aria-label": how.id ? undefined : how.label || words(spec) || "Choose",
      "aria-describedby": how.describedby,
      onchange: () => how.chosen?.(node.value || null),
    },
    h("option", { value: "" }, words(spec) || "Choose…"),
    options.map((one) =>
      h(
        "option",
        { value: one.value, selected: one.value === held },
        plain(one.text.text)
          .filter((part) => typeof part === "string")
          .join(" "),
      ),
    ),
  );
  return { node, read: () => node.value || null };
}
