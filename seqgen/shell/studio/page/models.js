/** Models as the page gets them: whole, once, and kept. */

import { Model } from "./runtime/model.js";
import { t } from "./language.js";

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

/** The same, fetched anew each time. */
export async function fetchModel(entry, told) {
  const config = await (await fetched(`${entry.folder}/config.json`)).json();
  const response = await fetched(`${entry.folder}/model.safetensors`);
  const bytes = new Uint8Array(entry.bytes);
  let at = 0;
  for await (const piece of pieces(response.body.getReader())) {
    if (at + piece.length > bytes.length) throw new Error(t("larger", entry.name));
    bytes.set(piece, at);
    at += piece.length;
    told(at / bytes.length);
  }
  if (at !== bytes.length) throw new Error(t("partial", entry.name));
  return new Model(config, bytes.buffer);
}

/** A file of the page: from the page itself, where all stands in one file, else what a server answers. Throws where there is none. */
export async function fetched(address) {
  const inside = document.getElementById(address);
  if (inside) return new Response(Uint8Array.from(atob(inside.textContent), letter => letter.charCodeAt(0)));
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) throw new Error(t("unreachable", address, response?.status ?? "–"));
  return response;
}

/** What the server answers to this JSON, null where it does not. */
export function sent(address, body) {
  return fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body }).catch(() => null);
}

async function* pieces(reader) {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
