/** Where a hand leans on another (seqgen/domains/handwriting/leaning.py). */

// Of the other hand, where one leans on it.
const SHARE = 0.6;
// A word as in a book.
const PLAIN = /^["'(]*[A-Za-z][a-z]*(?:[-'][a-z]+)*["'),.;:!?]*$/;

/** Which characters lean: those of `weak`, all of a word that is none of a book, and spaces beside them. */
export function leans(text, weak) {
  const found = text.split(/( )/).flatMap(word => {
    const odd = word.trim() && !PLAIN.test(word);
    return [...word].map(letter => odd || weak.includes(letter));
  });
  return [...text].map((letter, at) => Boolean(found[at] || (letter === " " && (found[at - 1] || found[at + 1]))));
}

/** What a network is told of a hand, or of some mixed by weight, `{oak: 0.6, birch: 0.4}`: its vector; or one for each entry of a text, where
 * a hand that is not mixed leans on the one that wrote most. */
export function leaning(network, { hands, weak }, mixed, text) {
  const own = network.vector(hands, mixed), [name, ...others] = Object.keys(mixed);
  const leant = own && weak.length && !others.length ? leans(text, weak[hands.indexOf(name)]) : [];
  if (!leant.includes(true)) return own;
  const most = weak.reduce((best, { length }, hand) => length < weak[best].length ? hand : best, 0);
  const other = network.vector(hands, { [hands[most]]: 1 }), between = own.map((value, i) => value + SHARE * (other[i] - value));
  return [...leant.map(lean => lean ? between : own), own]; // the end leans nowhere
}
