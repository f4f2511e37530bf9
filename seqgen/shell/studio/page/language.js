/** The language of the page: the one that was chosen, or the first of the browser's that is here. */

import { LANGUAGES, WORDS } from "./words.js";

const STORED = "seqgen-language", YEAR = 31536000;

/** The tag of the language that the page speaks. */
export const LANGUAGE = stored() ?? globalThis.navigator?.languages?.map(spoken).find(Boolean) ?? "en";

const COLUMN = Object.keys(LANGUAGES).indexOf(LANGUAGE);

/** What stands under this key, with these values; what is no key stands for itself. */
export function t(key, ...values) {
  return Object.hasOwn(WORDS, key) ? WORDS[key][COLUMN].replaceAll("{}", () => values.shift()) : key;
}

/** The word for a unit, a domain or a size; those of packages that are not known here stand for themselves. */
export const named = (kind, name) => Object.hasOwn(WORDS, `${kind} ${name}`) ? t(`${kind} ${name}`) : name;

/** Another language from now on; the page begins anew. A cookie is kept for all ports of a host: the studio has another each time. */
export function speak(language) {
  try {
    document.cookie = `${STORED}=${language}; path=/; max-age=${YEAR}; SameSite=Strict`;
    if (stored() !== language) localStorage.setItem(STORED, language); // a file has no cookies
    location.reload();
  } catch {
    // Nothing may be stored.
  }
}

function spoken(wanted) {
  return Object.keys(LANGUAGES).find(tag => tag.split("-")[0] === wanted.split("-")[0]);
}

function stored() {
  try {
    return spoken(document.cookie.match(/seqgen-language=([\w-]+)/)?.[1] ?? localStorage.getItem(STORED));
  } catch { // nothing is stored, or may be
    return undefined;
  }
}
