// Block Kit as elements: https://docs.slack.dev/reference/block-kit/blocks
// `use(element)` draws what can be clicked; it is handed in, because messages and forms use it differently.

import { h } from "./dom.js";
import { link, mrkdwn, plain, text } from "./mrkdwn.js";
import { state } from "./state.js";

export function blocks(list, use) {
  return list.map((block) => draw(block, use)).filter(Boolean);
}

function draw(block, use) {
  switch (block.type) {
    case "section":
      return section(block, use);
    case "header":
      return h("h4.block-header", {}, text(block.text));
    case "divider":
      return h("hr");
    case "context":
      return h("div.block-context", {}, block.elements.map(small));
    case "actions":
    case "context_actions":
      return h("div.block-actions", {}, block.elements.map(use));
    case "image":
      return image(block);
    case "markdown":
      return h("div.block-section", {}, markdown(block.text));
    case "rich_text":
      return h("div.block-section", {}, block.elements.map(rich));
    case "table":
      return table(block);
    default:
      return h("p.block-unknown", {}, `A block of the type “${block.type}”.`);
  }
}

function section(block, use) {
  const words = h("div.section-words", {}, block.text && h("div", {}, text(block.text)));
  if (block.fields) {
    words.append(
      h(
        "div.fields",
        {},
        block.fields.map((field) => h("div.field", {}, text(field))),
      ),
    );
  }
  const beside =
    block.accessory && (block.accessory.type === "image" ? image(block.accessory) : use(block.accessory));
  return h("div.block-section", {}, words, beside);
}

const small = (element) => (element.type === "image" ? image(element) : h("span", {}, text(element)));

// Nothing is loaded from outside, so a picture is shown as what it says of itself.
function image(block) {
  return h(
    "figure.picture",
    {},
    h("span", {}, block.alt_text || "A picture"),
    block.title && h("figcaption", {}, text(block.title)),
  );
}

function markdown(source) {
  return String(source)
    .split("\n")
    .flatMap((line, index) => {
      const heading = line.match(/^#{1,6} (.*)$/);
      const spans = markdownSpans(heading ? heading[1] : line);
      return [index ? h("br") : "", heading ? h("strong", {}, ...spans) : spans];
    });
}

function markdownSpans(line) {
  const out = [];
  let end = 0;
  for (const match of line.matchAll(/\*\*(.+?)\*\*|`([^`]+)`|\[([^\]]*)\]\((\S+?)\)/g)) {
    out.push(line.slice(end, match.index));
    if (match[1]) out.push(h("strong", {}, match[1]));
    else if (match[2]) out.push(h("code", {}, match[2]));
    else out.push(link(match[4], match[3]) ?? match[0]);
    end = match.index + match[0].length;
  }
  return [...out, line.slice(end)];
}

function rich(element) {
  const inside = () => (element.elements ?? []).map(rich);
  switch (element.type) {
    case "rich_text_section":
      return h("p", {}, inside());
    case "rich_text_list":
      return h(
        element.style === "ordered" ? "ol" : "ul",
        {},
        (element.elements ?? []).map((one) => h("li", {}, rich(one))),
      );
    case "rich_text_preformatted":
      return h("pre", { tabindex: "0" }, h("code", {}, inside()));
    case "rich_text_quote":
      return h("blockquote", {}, inside());
    case "link":
      return link(element.url, element.text) ?? element.text ?? element.url;
    case "user":
      return h("span.mention", {}, `@${state.slack.names[element.user_id] ?? element.user_id}`);
    case "emoji":
      return element.unicode
        ? String.fromCodePoint(...element.unicode.split("-").map((code) => parseInt(code, 16)))
        : `:${element.name}:`;
    default:
      return styled(element);
  }
}

function styled({ text: words = "", style = {} }) {
  let node = plain(words);
  for (const [name, tag] of [
    ["code", "code"],
    ["bold", "strong"],
    ["italic", "em"],
    ["strike", "s"],
  ]) {
    if (style[name]) node = h(tag, {}, node);
  }
  return node;
}

function table(block) {
  const rows = (block.rows ?? []).map((row) =>
    h(
      "tr",
      {},
      row.map((cell) => h("td", {}, cell.type === "rich_text" ? cell.elements.map(rich) : plain(cell.text))),
    ),
  );
  return h("div.table", { tabindex: "0" }, h("table", {}, h("tbody", {}, rows)));
}

/** Everything a message says: its blocks, else its text, then attachments. */
export function content(message, use) {
  const body = message.blocks.length
    ? blocks(message.blocks, use)
    : [h("div.block-section", {}, h("div", {}, mrkdwn(message.text)))];
  for (const attachment of message.attachments ?? []) {
    body.push(
      h(
        "div.attachment",
        {},
        blocks(attachment.blocks ?? [], use),
        attachment.text && h("div", {}, mrkdwn(attachment.text)),
      ),
    );
  }
  return body;
}
