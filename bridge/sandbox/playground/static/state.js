// What the page knows, and who wants to hear when it changes.

const listeners = new Map();

export const state = {
  start: null, // people, places, offers, tour, samples
  slack: { messages: [], views: {}, names: {}, files: {}, effects: [], switches: [], direct: {} },
  rocketchat: { rooms: [], outbox: [], effects: [], switches: [] },
  superoffice: { sessions: [], associates: [], effects: [], switches: [] },
  hops: new Map(),
  typed: [], // commands as they were typed here; Slack itself shows them to nobody
  read: {}, // channel -> the newest message seen in it
  user: "",
  channel: "",
};

/** Hear of changes: `on("slack", "user", () => …)`. */
export function on(...namesAndListener) {
  const listener = namesAndListener.pop();
  for (const name of namesAndListener) {
    if (!listeners.has(name)) listeners.set(name, []);
    listeners.get(name).push(listener);
  }
}

export function changed(name) {
  for (const listener of listeners.get(name) ?? []) listener();
}

export function choose(name, value) {
  state[name] = value;
  localStorage.setItem(`playground.${name}`, value);
  changed(name);
}

export const person = (id) => state.start.people.find((one) => one.id === id);
export const place = (id) => state.start.places.find((one) => one.id === id);
export const me = () => person(state.user);
export const switches = () => [
  ...state.rocketchat.switches,
  ...state.superoffice.switches,
  ...state.slack.switches,
];

/** The stream of news; the server says everything anew after a lost connection. */
export function listen(offline) {
  const source = new EventSource("/events");
  source.onopen = () => offline(false);
  source.onerror = () => offline(true);
  for (const name of ["slack", "rocketchat", "superoffice"]) {
    source.addEventListener(name, (event) => {
      state[name] = JSON.parse(event.data);
      changed(name);
    });
  }
  source.addEventListener("hops", (event) => {
    const fresh = JSON.parse(event.data);
    for (const hop of fresh) state.hops.set(hop.number, hop);
    while (state.hops.size > 300) state.hops.delete(state.hops.keys().next().value);
    state.fresh = fresh;
    changed("hops");
  });
  source.addEventListener("reset", () => {
    state.hops.clear();
    state.typed = [];
    state.fresh = [];
    changed("hops");
    changed("reset");
  });
}
