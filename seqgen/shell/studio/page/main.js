/** Opens the studio: reads which models are there, and shows a room for each kind of thing that they make. */

import { fetched, open } from "./models.js";
import { choice, make } from "./ui.js";
import { LANGUAGE, speak, t } from "./language.js";
import { LANGUAGES } from "./words.js";

const of = (domain, codec) => entry => entry.domain === domain && entry.codec === codec;

// By the domain of a model and the kind of its codec; a room is loaded when it is entered.
const ROOMS = [
  { id: "training", has: ({ watched }) => watched, load: () => import("./rooms/training.js") },
  { id: "text", has: of("text", "characters"), load: () => import("./rooms/text.js") },
  { id: "handwriting", has: of("handwriting", "offsets"), load: () => import("./rooms/ink.js") },
  { id: "reading", has: of("handwriting", "features"), load: () => import("./rooms/reading.js") },
  { id: "your-hand", has: of("handwriting", "offsets"), load: () => import("./rooms/hand.js") },
  { id: "music", has: entry => of("music", "grid")(entry) || of("music", "beats")(entry), load: () => import("./rooms/music.js") },
  { id: "harmony", has: of("music", "grid"), load: () => import("./rooms/harmony.js") },
];

async function start() {
  const main = document.getElementById("room"), nav = document.getElementById("rooms");
  const language = choice(t("language"), Object.values(LANGUAGES), () => speak(Object.keys(LANGUAGES)[language.index]), LANGUAGES[LANGUAGE]);
  language.element.querySelectorAll("option").forEach((option, i) => { option.lang = Object.keys(LANGUAGES)[i]; });
  document.documentElement.lang = LANGUAGE;
  document.querySelector(".skip").textContent = t("skip");
  document.querySelector("footer").textContent = t("foot");
  nav.setAttribute("aria-label", t("rooms"));
  nav.after(language.element);
  const entries = await (await fetched("models.json")).json();
  const beside = entries.find(({ reference }) => reference);
  if (beside) document.querySelector("footer").append(" ", make("a", { href: beside.reference }, t("reference")));
  const rooms = ROOMS.map(room => ({ ...room, name: t(room.id), models: entries.filter(room.has) }))
    .filter(({ models }) => models.length);
  const sections = new Map();
  let shown;

  async function enter(room) {
    shown = room;
    for (const link of nav.children) link.toggleAttribute("aria-current", false);
    nav.querySelector(`[href="#${room.id}"]`).setAttribute("aria-current", "page");
    document.title = `${room.name}: seqgen studio`;
    for (const section of sections.values()) section.hidden = true;
    if (!sections.has(room)) {
      const section = make("section", { aria: { label: room.name } });
      sections.set(room, section);
      main.append(section);
      try {
        (await room.load()).enter(section, room.models, open, entries);
      } catch (error) {
        section.append(make("p", { role: "alert" }, String(error.message)));
      }
    }
    sections.get(room).hidden = room !== shown;
  }

  const asked = () => rooms.find(({ id }) => `#${id}` === location.hash);
  main.replaceChildren();
  nav.append(...rooms.map(({ name, id }) => make("a", { href: `#${id}` }, name)));
  if (!rooms.length) main.append(make("p", { role: "alert" }, t("nothing")));
  else {
    // A hash may be no room's: that of the skip link.
    addEventListener("hashchange", () => { if (asked()) enter(asked()); });
    await enter(asked() ?? rooms[0]);
  }
}

addEventListener("unhandledrejection", ({ reason }) => {
  document.getElementById("room").prepend(make("p", { role: "alert" }, t("wrong", reason.message)));
});
start();
