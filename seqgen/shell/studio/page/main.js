/** Opens the studio: reads which models are there, and shows a room for each kind of thing that they make. */

import { make } from "./ui.js";
import { Model } from "./runtime/model.js";

// By the domain of a model and the kind of its codec; a room is loaded when it is entered.
const ROOMS = [
  { name: "Text", domain: "text", codec: "characters", load: () => import("./rooms/text.js") },
  { name: "Handwriting", domain: "handwriting", codec: "offsets", load: () => import("./rooms/ink.js") },
  { name: "Music", domain: "music", codec: "grid", load: () => import("./rooms/music.js") },
];

const loaded = new Map();

/** A model by its entry in models.json, loaded once and kept. `told` hears how much of it is there, 0 to 1. */
export function open(entry, told = () => {}) {
  if (!loaded.has(entry.folder)) {
    const promise = fetchModel(entry, told);
    promise.catch(() => loaded.delete(entry.folder)); // so that it can be tried again
    loaded.set(entry.folder, promise);
  }
  return loaded.get(entry.folder);
}

async function fetchModel(entry, told) {
  const config = await (await fetched(`${entry.folder}/config.json`)).json();
  const response = await fetched(`${entry.folder}/model.safetensors`);
  const bytes = new Uint8Array(entry.bytes);
  let at = 0;
  for await (const piece of pieces(response.body.getReader())) {
    if (at + piece.length > bytes.length) throw new Error(`${entry.name} is larger than it should be; reload the page`);
    bytes.set(piece, at);
    at += piece.length;
    told(at / bytes.length);
  }
  if (at !== bytes.length) throw new Error(`only a part of ${entry.name} arrived; reload the page`);
  return new Model(config, bytes.buffer);
}

async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} cannot be had (${response.status}); is seqgen studio still running?`);
  return response;
}

async function* pieces(reader) {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function start() {
  const entries = await (await fetched("models.json")).json();
  const main = document.getElementById("room"), nav = document.getElementById("rooms");
  const rooms = ROOMS.map(room => ({ ...room, id: room.name.toLowerCase(), models: entries.filter(({ domain, codec }) => domain === room.domain && codec === room.codec) }))
    .filter(({ models }) => models.length);
  const sections = new Map();

  async function enter(room) {
    for (const link of nav.children) link.toggleAttribute("aria-current", false);
    nav.querySelector(`[href="#${room.id}"]`).setAttribute("aria-current", "page");
    document.title = `${room.name}: seqgen studio`;
    for (const section of sections.values()) section.hidden = true;
    if (!sections.has(room)) {
      const section = make("section", { aria: { label: room.name } });
      sections.set(room, section);
      main.append(section);
      try {
        (await room.load()).enter(section, room.models, open);
      } catch (error) {
        section.append(make("p", { role: "alert" }, String(error.message)));
      }
    }
    sections.get(room).hidden = false;
  }

  const asked = () => rooms.find(({ id }) => `#${id}` === location.hash) || rooms[0];
  main.replaceChildren();
  nav.append(...rooms.map(({ name, id }) => make("a", { href: `#${id}` }, name)));
  if (!rooms.length) main.append(make("p", { role: "alert" }, "None of these models can be played with here; start seqgen studio without naming any."));
  else {
    addEventListener("hashchange", () => enter(asked()));
    await enter(asked());
  }
}

addEventListener("unhandledrejection", ({ reason }) => {
  document.getElementById("room").prepend(make("p", { role: "alert" }, `Something went wrong: ${reason.message}`));
});
start();
