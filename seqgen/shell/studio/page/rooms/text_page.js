/** The text as it stands: a character an element, coloured by how surprising it was; arrows go through it, Enter chooses. */

import { make } from "../ui.js";
import { t } from "../words.js";

const SHADES = 8;

export class Page {
  /** chosen: hears the node that was clicked, or come to with the keys. */
  constructor(chosen) {
    this.chosen = chosen;
    this.nodes = [];
    this.at = -1;
    this.element = make("div", {
      className: "page", tabIndex: 0, role: "textbox", dir: "auto",
      aria: { readonly: "true", multiline: "true", label: t("sheet") },
      onclick: event => this.#choose([...this.element.children].indexOf(event.target.closest("span"))),
      onkeydown: event => this.#key(event),
    });
  }

  get text() {
    return this.element.textContent;
  }

  show(path, codec) {
    this.nodes = [];
    this.at = -1;
    this.decode = codec.decoder();
    this.element.replaceChildren();
    this.append(path);
  }

  append(nodes) {
    const down = this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 40;
    const pieces = this.decode(nodes.map(({ symbol }) => symbol));
    this.element.append(...nodes.map(({ nats, given }, i) => make("span", { className: `s${shade(nats)}${given ? " given" : ""}` }, pieces[i])));
    this.nodes.push(...nodes);
    if (down) this.element.scrollTop = this.element.scrollHeight;
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -20, ArrowDown: 20, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Enter" && this.at >= 0) this.#choose(this.at);
    else if (step) this.#mark(Math.min(Math.max((this.at < 0 ? this.nodes.length : this.at) + step, 0), this.nodes.length - 1));
    else return;
    event.preventDefault();
  }

  #mark(at) {
    this.element.children[this.at]?.classList.remove("at");
    this.at = at;
    this.element.children[at]?.classList.add("at");
    this.element.children[at]?.scrollIntoView({ block: "nearest" });
  }

  #choose(at) {
    if (at < 0) return;
    this.#mark(at);
    this.chosen(this.nodes[at]);
  }
}

const shade = nats => Math.min(Math.floor(1.6 * nats), SHADES - 1);
