// Elements without markup: text always goes in as text, so nothing foreign can become part of the page.

const PROPERTIES = new Set([
  "value",
  "checked",
  "disabled",
  "hidden",
  "selected",
  "open",
  "indeterminate",
  "required",
  "readOnly",
]);

/** h("button", {class: "x", onclick: f, "aria-label": "…"}, "text", child, [children]) */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") node.classList.add(...String(value).split(" ").filter(Boolean));
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "data") Object.assign(node.dataset, value);
    else if (PROPERTIES.has(key)) node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

export const $ = (id) => document.getElementById(id);

/** A small drawing; `paths` are the d of each stroke. */
export function icon(...paths) {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 20 20",
    class: "icon-drawing",
    "aria-hidden": "true",
  }))
    svg.setAttribute(key, value);
  for (const d of paths) {
    const path = document.createElementNS(NS, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** Give each row its key, keep rows that stay, rebuild only what changed. */
export function reconcile(list, rows, keyOf, stampOf, build) {
  const before = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let place = null;
  for (const row of rows) {
    const key = String(keyOf(row));
    const stamp = stampOf(row);
    let node = before.get(key);
    before.delete(key);
    if (!node || node.dataset.stamp !== stamp) {
      const fresh = build(row, Boolean(node));
      fresh.dataset.key = key;
      fresh.dataset.stamp = stamp;
      if (node) node.replaceWith(fresh);
      node = fresh;
    }
    const next = place ? place.nextElementSibling : list.firstElementChild;
    if (next !== node) list.insertBefore(node, next);
    place = node;
  }
  for (const node of before.values()) node.remove();
}
