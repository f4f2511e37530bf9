/** The room of text: it writes while one watches; every character is coloured by its surprise, and can be another one. */

import { Characters } from "../codecs/characters.js";
import { rowKey } from "../runtime/model.js";
import { Tree } from "../runtime/tree.js";
import { button, buttons, dial, dials, make, modelChoice, number, percent, put, save, shortcuts, statusLine, steadily } from "../ui.js";
import { Page } from "./text_page.js";

const MOST = 20_000; // characters, then it stops by itself
const SHADES = 8;

export function enter(section, models, open) {
  const temperature = dial("Temperature", [0, 2, 0.05], 0.8, "0: the likeliest each time; 1: as learned; more: wilder");
  const topP = dial("Top-p", [0.05, 1, 0.05], 1, "the fewest characters whose odds reach this");
  const topK = dial("Top-k", [0, 50, 1], 0, "the likeliest so many; 0: all");
  const seed = number("Seed", 1, "the same seed writes the same text, here and on the command line");
  const prompt = make("textarea", { rows: 2, value: "ROMEO:", spellcheck: false, placeholder: "Any words, in any script", dir: "auto" });
  const status = statusLine();
  const others = make("div", { className: "others" });
  const branches = make("ol", { className: "branches" });
  const named = modelChoice(models, open, status, () => { stop(); toggle.disabled = true; }, loaded);
  let codec, tree, tip, running = false, begun = null, turn = 0, past = [], future = [];

  const page = new Page(node => node && showOthers(node));
  const toggle = button("Write", () => running ? stop() : write(), { className: "main" });
  const undoing = button("Undo", () => move(past, future)), redoing = button("Redo", () => move(future, past));
  const afresh = button("Begin anew", () => begin());
  const another = button("Try another", async () => { seed.value++; if (await begin()) write(); }, { title: "the next seed, from the prompt on" });

  put(section,
    dials(named, temperature, topP, topK, seed),
    make("label", { className: "prompt" }, make("span", {}, "Begin with"), prompt),
    buttons(toggle, afresh, another, undoing, redoing,
      button("Copy", async () => { await navigator.clipboard.writeText(page.text); status.textContent = "Copied."; }),
      button("Save", () => save("seqgen.txt", page.text, "text/plain;charset=utf-8"))),
    status, page, legend(), others,
    make("details", { className: "tree" }, make("summary", {}, "Branches"), branches));
  shortcuts(section, { "Control+z": () => move(past, future), "Control+Shift+z": () => move(future, past), "Control+y": () => move(future, past), escape: stop });

  async function loaded(model) {
    codec = new Characters(model.codec);
    tree = new Tree(model, rowKey(seed.value));
    tip = null;
    past = [];
    await begin();
    status.textContent = "Ready. Click a character to see what else it could have been.";
    toggle.disabled = false;
  }

  /** From the prompt: what was written stays as a branch, if the model was the same. False where something else came between. */
  async function begin() {
    stop();
    if (!tree) return false;
    const mine = ++turn, given = prompt.value;
    tree.key = rowKey(seed.value);
    const ids = codec.encode(given);
    let node = tree.root;
    const whole = await steadily(() => {
      if (node.depth < ids.length) node = tree.choose(node, ids[node.depth], true);
      return node.depth < ids.length;
    }, () => mine === turn, () => { status.textContent = `Reading the beginning: ${node.depth} characters`; });
    if (!whole) return false;
    begun = given;
    go(node);
    return true;
  }

  /** Shows the text up to this node; where one was before can be come back to. */
  function go(node) {
    if (tip && tip !== node) past.push(tip);
    future = [];
    show(node);
  }

  function show(node) {
    tip = node;
    page.show(tree.path(node), codec);
    others.replaceChildren();
    listBranches();
  }

  function move(from, to) {
    stop();
    if (!from.length) return;
    to.push(tip);
    show(from.pop());
  }

  function stop() {
    running = false;
    turn++;
    toggle.textContent = tip && tip.depth ? "Go on" : "Write";
  }

  async function write() {
    if (!tree || running) return;
    if (prompt.value !== begun && !await begin()) return;
    running = true;
    toggle.textContent = "Stop";
    others.replaceChildren();
    tree.key = rowKey(seed.value);
    const before = tip, started = performance.now(), allowed = codec.writable();
    let fresh = [];
    await steadily(() => {
      tip = tree.grow(tip, { temperature: temperature.value, topP: topP.value, topK: topK.value, allowed });
      fresh.push(tip);
      return tip.depth < MOST;
    }, () => running, () => {
      page.append(fresh);
      fresh = [];
      const seconds = (performance.now() - started) / 1000;
      status.textContent = `${tip.depth} characters, ${Math.round((tip.depth - before.depth) / seconds)} a second`;
    });
    if (tip !== before) {
      past.push(before);
      future = [];
    }
    stop();
    listBranches();
  }

  /** What could have stood in a node's place, with its odds; a click goes on from there. */
  function showOthers(node) {
    stop();
    others.replaceChildren(
      make("h2", {}, `In place of ${codec.name(node.symbol)}`),
      make("p", {}, `It had ${percent(Math.exp(-node.nats))}, a surprise of ${(node.nats / Math.LN2).toFixed(1)} bits. Go on from:`),
      make("ul", {}, ...node.top.map(({ symbol, odds }) => make("li", {},
        button(codec.name(symbol), () => { go(tree.choose(node.parent, symbol)); page.element.focus(); write(); }, { aria: { current: String(symbol === node.symbol) } }),
        make("meter", { min: 0, max: 1, value: odds, aria: { label: "odds" } }), " ", percent(odds)))),
      button("Cut here", () => { go(node.parent); page.element.focus(); }, { title: "leave this character and all after it" }));
    others.querySelector("button").focus();
  }

  function listBranches() {
    undoing.disabled = !past.length;
    redoing.disabled = !future.length;
    branches.replaceChildren(...tree.leaves().map(leaf => make("li", {},
      button(codec.decode(tree.path(leaf).slice(-40).map(({ symbol }) => symbol)).join("") || "(empty)", () => go(leaf), { aria: { current: String(leaf === tip) } }),
      ` ${leaf.depth} `,
      button("Remove", () => { stop(); const left = tree.prune(leaf); past = []; future = []; show(tree.path(tip).includes(left) || tip === left ? tip : left); },
        { disabled: leaf === tip }))));
  }

  named.load();
}

function legend() {
  const shades = Array.from({ length: SHADES }, (_, shade) => make("i", { className: `s${shade}` }));
  return make("p", { className: "legend", aria: { hidden: "true" } }, "expected ", ...shades, " surprising");
}
