/** Texts as symbols: 256 bytes, then the characters of an alphabet (seqgen/domains/text/codec.py), and the end of a document. */

import { t } from "../language.js";

const BYTES = 256, MOST = 8192;

export class Characters {
  /** Of settings as config.json has them: `end` is the symbol that ends a document, -1 where texts go on for ever. */
  constructor({ alphabet, level = null, labels = [] }) {
    this.letters = [...level?.alphabet ?? alphabet];
    this.ids = new Map(this.letters.map((letter, number) => [letter, BYTES + number]));
    this.size = BYTES + this.letters.length;
    this.labels = labels;
    this.end = level ? this.size++ : -1;
  }

  /** Line ends are LF, a lone surrogate is U+FFFD. */
  canonical(text) {
    return text.replace(/\r\n?/g, "\n").toWellFormed();
  }

  /** A character that the alphabet lacks is spelt as its UTF-8 bytes, so that any script has symbols. */
  encode(text) {
    const bytes = new TextEncoder();
    return [...this.canonical(text)].flatMap(letter => this.ids.has(letter) ? [this.ids.get(letter)] : [...bytes.encode(letter)]);
  }

  /** What each symbol completes: the character, or "" where more bytes are to come; after a document there is an empty line. */
  decode(symbols) {
    const decode = this.decoder(), pieces = decode(symbols);
    if (pieces.length) pieces[pieces.length - 1] += decode([null])[0];
    return pieces;
  }

  /** The same for symbols that arrive in parts; null gives up on what is still missing. */
  decoder() {
    const utf8 = new TextDecoder();
    let open = false; // bytes that may still miss some
    return symbols => symbols.map(id => {
      const spelt = id !== null && id < BYTES, before = spelt ? utf8.decode(Uint8Array.of(id), { stream: true }) : open ? utf8.decode() : "";
      open = spelt;
      return spelt || id === null ? before : before + (this.letters[id - BYTES] ?? "\n\n");
    });
  }

  /** What a symbol is called where it stands alone. */
  name(id) {
    if (id < BYTES) return t("byte", id);
    if (id === this.end) return t("ending");
    return { "\n": "⏎", " ": "␣", "\t": "⇥" }[this.letters[id - BYTES]] || this.letters[id - BYTES];
  }

  /** Which symbols may be written: bytes only where the alphabet could not hold all that the training texts had. */
  writable() {
    const spelt = !this.letters.length || this.letters.length >= MOST;
    return Array.from({ length: this.size }, (_, id) =>
      id >= BYTES || (spelt && id !== 0xc0 && id !== 0xc1 && id < 0xf5));
  }
}
