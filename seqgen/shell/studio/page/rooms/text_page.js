/** The text as it stands: a character an element, coloured by how surprising it was; arrows go through it, Enter chooses. */

import { frame, make } from "../ui.js";
import { t } from "../language.js";

export const SHADES = 8;

export class Page {
  /** chosen: hears the node that was clicked, or come to with the keys. */
  constructor(chosen) {
    this.chosen = chosen;
    this.nodes = [];
    this.spans = [];
    // Whole ones by the nodes that end them, of all that was ever shown: to come back to them is to put them in again.
    this.lines = new WeakMap();
    this.at = -1;
    this.element = make("div", {
      className: "page", tabIndex: 0, role: "textbox", dir: "auto", lang: "",
      aria: { readonly: "true", multiline: "true", label: t("sheet") },
      onclick: event => this.#choose(this.spans.indexOf(event.target.closest("span"))),
      oncopy: event => this.#copy(event),
      onkeydown: event => this.#key(event),
    });
  }

  get text() {
    return this.element.textContent;
  }

  /** A path of a tree; what it has in common with the one before stays as it is. */
  show(path, codec) {
    let same = 0;
    while (same < this.nodes.length && path[same] === this.nodes[same]) same++;
    // Of a character that is spelt, all or nothing.
    while (same && !this.spans[same - 1].textContent) same--;
    this.#mark(-1);
    const [first] = this.spans.splice(same), line = first?.parentNode, cut = first ? [...line.children].indexOf(first) : 0;
    while (line?.nextSibling) line.nextSibling.remove();
    if (cut) {
      this.lines.delete(this.nodes[same - cut + line.children.length - 1]);
      while (line.children.length > cut) line.lastChild.remove();
    } else line?.remove();
    this.nodes.length = same;
    this.codec = codec;
    this.decode = codec.decoder();
    this.append(path.slice(same), true);
    // Lines have their heights only once they are seen.
    frame().then(frame).then(() => this.#toEnd());
  }

  append(nodes, down = this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 40) {
    const pieces = this.decode(nodes.map(({ symbol }) => symbol)), { end } = this.codec;
    for (let i = 0; i < nodes.length; i++) {
      // A line is an element, so that the browser lays out those anew that have changed, and only where they are seen.
      if ((this.spans.at(-1)?.textContent ?? "\n").endsWith("\n")) {
        let last = i;
        while (last + 1 < nodes.length && !pieces[last].endsWith("\n")) last++;
        const known = this.lines.get(nodes[last]);
        this.element.append(known ?? make("div"));
        if (known) {
          this.spans.push(...known.children);
          i = last;
          continue;
        }
      }
      const { symbol, nats, given } = nodes[i], span = document.createElement("span"); // thousands at once: `make` takes longer
      span.className = `s${shade(nats)}${given ? " given" : ""}${symbol === end ? " end" : ""}`;
      span.textContent = pieces[i];
      this.element.lastChild.append(span);
      this.spans.push(span);
      if (pieces[i].endsWith("\n")) this.lines.set(nodes[i], this.element.lastChild);
    }
    this.nodes.push(...nodes);
    if (down) this.#toEnd();
  }

  #toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -20, ArrowDown: 20, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Enter" && this.at >= 0) this.#choose(this.at);
    else if (step) this.#mark(Math.min(Math.max((this.at < 0 ? this.nodes.length : this.at) + step, 0), this.nodes.length - 1));
    else return;
    event.preventDefault();
  }

  #mark(at) {
    this.spans[this.at]?.classList.remove("at");
    this.at = at;
    this.spans[at]?.classList.add("at");
    this.spans[at]?.scrollIntoView({ block: "nearest" });
  }

  /** What is chosen is copied as it was written, without a break for each of our lines. */
  #copy(event) {
    const chosen = getSelection();
    if (chosen.isCollapsed) return;
    event.clipboardData.setData("text/plain", chosen.getRangeAt(0).cloneContents().textContent);
    event.preventDefault();
  }

  #choose(at) {
    if (at < 0) return;
    this.#mark(at);
    this.chosen(this.nodes[at]);
  }
}

const shade = nats => Math.min(Math.floor(1.6 * nats), SHADES - 1);
