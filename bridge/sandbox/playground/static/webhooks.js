// Payloads from other senders: choose one, change it, ask what would happen, or send it through the real door.

import { webhook } from "./calls.js";
import { fill, h } from "./dom.js";
import { pretty } from "./requests.js";
import { state } from "./state.js";
import { addTab } from "./tabs.js";

export function webhooks() {
  const { samples, explains } = state.start;
  const about = h("p.about", { id: "sample-about" });
  const door = h("p.request-line");
  const payload = h("textarea.payload", {
    id: "payload",
    rows: "14",
    spellcheck: "false",
    "aria-describedby": "sample-about",
  });
  const forged = h("input", { type: "checkbox", id: "forged" });
  const told = h("div.told", { "aria-live": "polite" });
  const choice = h(
    "select",
    { id: "sample", onchange: () => show() },
    samples.map((one) => h("option", { value: one.id }, one.label)),
  );
  const explain = h(
    "button.button",
    { type: "button", onclick: () => ask("explain") },
    "Explain, do nothing",
  );
  const current = () => samples.find((one) => one.id === choice.value);

  function show() {
    const one = current();
    about.textContent = one.about;
    fill(door, h("b", {}, "POST"), ` ${one.path}`, h("span.faint", {}, `, proven by: ${one.proof}`));
    payload.value = one.payload;
    explain.hidden = !explains || !one.source;
    fill(told);
  }

  async function ask(what) {
    fill(told, h("p.faint", {}, what === "send" ? "Sending…" : "Thinking it through…"));
    const answer = await webhook(what, { id: choice.value, payload: payload.value, forged: forged.checked });
    if (answer.error) fill(told, h("p.error", {}, answer.error));
    else if (what === "send") fill(told, sent(answer));
    else fill(told, explained(answer.explanation));
  }

  addTab(
    "webhooks",
    "Webhooks",
    h(
      "div",
      {},
      h(
        "header.panel-head",
        {},
        h(
          "div",
          {},
          h("h2", {}, "Webhooks"),
          h("span.faint", {}, "What another system sends. Signed here, sent through the bridge's own door."),
        ),
      ),
      h("div.input", {}, h("label", { for: "sample" }, "Sender"), choice, about, door),
      h("div.input", {}, h("label", { for: "payload" }, "Payload"), payload),
      h(
        "label.choice",
        {},
        forged,
        h("span", {}, "Forge the proof", h("small", {}, "Sign with a wrong secret, as an attacker would.")),
      ),
      h(
        "div.card-ways",
        {},
        h("button.button.primary", { type: "button", onclick: () => ask("send") }, "Send"),
        explain,
      ),
      told,
    ),
  );
  show();
}

function sent(answer) {
  const good = answer.status >= 200 && answer.status < 300;
  return h(
    "section.answer",
    {},
    h(
      "h3",
      {},
      "The bridge answered ",
      h("span.status", { class: good ? "good" : "bad" }, answer.status || "nothing"),
    ),
    answer.body && h("pre", { tabindex: "0" }, h("code", {}, pretty(answer.body))),
  );
}

const SIGNS = { true: ["✓", "holds"], false: ["✗", "does not hold"], null: ["–", "not looked at"] };

function sign(holds) {
  const [mark, words] = SIGNS[String(holds)];
  return h("span.sign", { class: String(holds), role: "img", "aria-label": words }, mark);
}

function explained({ checks, rules, faults }) {
  const jobs = rules.reduce((sum, rule) => sum + rule.jobs.length, 0);
  return h(
    "section.answer",
    {},
    h("h3", {}, `${jobs} ${jobs === 1 ? "job" : "jobs"} would follow. Nothing was sent.`),
    h(
      "ul.checks",
      {},
      checks.map((one) => h("li", {}, sign(one.holds), h("strong", {}, `Check ${one.kind}`), ` ${one.why}`)),
      faults.map((fault) => h("li.error", {}, fault)),
      rules.map((rule) =>
        h(
          "li",
          {},
          sign(rule.holds),
          h("strong", {}, `Rule ${rule.rule}`),
          ` ${rule.why}`,
          rule.faults.map((fault) => h("p.error", {}, fault)),
          rule.jobs.map(job),
        ),
      ),
    ),
  );
}

const job = (one) =>
  h(
    "div.job",
    {},
    h("p", {}, h("code", {}, one.action), ` on ${one.connection}`),
    h(
      "dl.facts",
      {},
      Object.entries(one.args).flatMap(([name, value]) => [
        h("dt", {}, name),
        h("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
      ]),
    ),
    h("p.request-line", {}, one.request),
    one.body && h("pre", { tabindex: "0" }, h("code", {}, JSON.stringify(one.body, null, 2))),
  );
