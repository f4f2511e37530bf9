/** The room of text: it writes while one watches; every character is coloured by its surprise, and can be another one. */

import { Characters } from "../codecs/characters.js";
import { rowKey } from "../runtime/model.js";
import { Tree, unrepeated } from "../runtime/tree.js";
import { button, buttons, dial, dials, make, mixture, modelChoice, number, percent, put, save, shortcuts, statusLine, steadily } from "../ui.js";
import { t } from "../language.js";
import { Page, SHADES } from "./text_page.js";

// Characters, then it stops by itself.
const MOST = 20_000;

export function enter(section, models, open) {
  const temperature = dial(t("temperature"), [0, 2, 0.05], 0.8, t("cold"));
  const topP = dial("Top-p", [0.05, 1, 0.05], 1, t("fewest"));
  const minP = dial("Min-p", [0, 0.5, 0.01], 0.05, t("unlikely"));
  const topK = dial("Top-k", [0, 50, 1], 0, t("likeliest"));
  const longest = dial(t("repeat"), [0, 60, 1], 0, t("loops"));
  const repetition = dial(t("repetition"), [1, 2, 0.05], 1, t("repetitionAbout"));
  const presence = dial(t("presence"), [0, 3, 0.1], 0, t("presenceAbout"));
  const frequency = dial(t("frequency"), [0, 1, 0.02], 0, t("frequencyAbout"));
  const seed = number(t("seed"), 1, t("sameSeed"));
  const prompt = make("textarea", { rows: 2, spellcheck: false, placeholder: t("anyWords"), dir: "auto" });
  const status = statusLine();
  const others = make("div", { className: "others" });
  const branches = make("ol", { className: "branches" });
  const named = modelChoice(models, open, status, leave, loaded);
  const labels = dials();
  let codec = null, usual = "", label, tree, tip, running = null, begun, turn = 0, past, future;

  const page = new Page(showOthers);
  const toggle = button(t("writeText"), () => running ? stop() : write(), { className: "main" });
  const undo = () => move(past, future), redo = () => move(future, past);
  const undoing = button(t("undo"), undo), redoing = button(t("redo"), redo);
  const afresh = button(t("anew"), () => begin());
  const another = button(t("tryAnother"), async () => { seed.value++; if (await begin()) grow(); }, { title: t("nextSeed") });

  put(section,
    dials(named, temperature, topP, minP, topK, longest, seed), labels,
    make("details", {}, make("summary", {}, t("penalties")), dials(repetition, presence, frequency)),
    make("label", { className: "prompt" }, make("span", {}, t("beginWith")), prompt),
    buttons(toggle, afresh, another, undoing, redoing,
      button(t("copy"), async () => { await navigator.clipboard.writeText(page.text); status.say("copied"); }),
      button(t("save"), () => save("seqgen.txt", page.text, "text/plain;charset=utf-8"))),
    status, page, legend(), others,
    make("details", { className: "tree" }, make("summary", {}, t("branches")), branches));
  shortcuts(section, { "Control+z": undo, "Control+Shift+z": redo, "Control+y": redo, escape: stop });

  /** Nothing is left of a model once another one is chosen. */
  function leave() {
    tree = tip = begun = null;
    past = [];
    future = [];
    stop();
    if (codec) page.show([], codec);
    others.replaceChildren();
    list();
  }

  async function loaded(model) {
    codec = new Characters(model.codec);
    tree = new Tree(model, rowKey(seed.value), codec.end);
    label = mixture(t("label"), codec.labels, async () => { const wrote = running; if (await begin() && wrote) grow(); });
    labels.replaceChildren(...label.elements);
    const before = usual;
    usual = codec.end < 0 ? "ROMEO:" : "";
    if (prompt.value === before) prompt.value = usual;
    list();
    if (await begin()) status.say("clickOne");
  }

  /** From the prompt: what was written stays as a branch, if the model was the same. False where something else came between. */
  async function begin() {
    stop();
    if (!tree) return false;
    const mine = ++turn, given = prompt.value;
    tree.key = rowKey(seed.value);
    if (codec.labels.length) {
      const mixed = Object.entries(label.value), name = mixed.length > 1 ? mixed.map(one => one.join(":")).join() : mixed[0][0];
      tree.begin(name, tree.model.network.context({ vector: tree.model.network.vector(codec.labels, label.value) }));
    }
    const ids = codec.encode(given);
    let node = tree.root;
    const whole = await steadily(() => {
      if (node.depth < ids.length) node = tree.choose(node, ids[node.depth], true);
      return node.depth < ids.length;
    }, () => mine === turn, () => { status.say("beginning", node.depth); });
    if (!whole) return false;
    begun = given;
    go(node);
    return true;
  }

  /** Shows the text up to this node; where one was before can be come back to. */
  function go(node) {
    stop();
    if (tip && tip !== node) past.push(tip);
    future = [];
    show(node);
  }

  function show(node) {
    tip = node;
    page.show(tree.path(node), codec);
    others.replaceChildren();
    list();
  }

  function move(from, to) {
    stop();
    if (!from.length) return;
    to.push(tip);
    show(from.pop());
  }

  function stop() {
    const wrote = running;
    running = null;
    turn++;
    toggle.textContent = t(tip?.depth ? "goOn" : "writeText");
    if (wrote) list();
  }

  async function write() {
    if (!tree || running) return;
    if (prompt.value === begun || await begin()) grow();
  }

  async function grow() {
    const run = running = {};
    toggle.textContent = t("stop");
    others.replaceChildren();
    tree.key = rowKey(seed.value);
    const before = tip, started = performance.now(), allowed = codec.writable();
    let fresh = [];
    const whole = await steadily(() => {
      if (tip === before) {
        past.push(before);
        future = [];
        list();
      }
      tip = tree.grow(tip, { temperature: temperature.value, topP: topP.value, minP: minP.value, topK: topK.value,
        repetition: repetition.value, presence: presence.value, frequency: frequency.value,
        allowed: longest.value ? unrepeated(tip, allowed, longest.value) : allowed });
      fresh.push(tip);
      return tip.symbol !== codec.end && tip.depth < MOST;
    }, () => running === run, () => {
      page.append(fresh);
      fresh = [];
      const seconds = (performance.now() - started) / 1000;
      status.say("written", tip.depth, Math.round((tip.depth - before.depth) / seconds));
    });
    if (whole) stop();
    if (whole && tip.symbol === codec.end) status.say("textEnds", tip.depth);
  }

  /** What could have stood in a node's place, with its odds; a click goes on from there. */
  function showOthers(node) {
    stop();
    others.replaceChildren(
      make("h2", {}, t("instead", codec.name(node.symbol))),
      make("p", {}, t("surprise", percent(Math.exp(-node.nats)), (node.nats / Math.LN2).toFixed(1))),
      make("ul", {}, ...node.top.map(({ symbol, odds }) => make("li", {},
        button(codec.name(symbol), () => { go(tree.choose(node.parent, symbol)); page.element.focus(); if (symbol !== codec.end) grow(); }, { aria: { current: String(symbol === node.symbol) } }),
        make("meter", { min: 0, max: 1, value: odds, aria: { label: t("odds") } }), " ", percent(odds)))),
      button(t("cut"), () => { go(node.parent); page.element.focus(); }, { title: t("cutWhat") }));
    others.querySelector("button").focus();
  }

  /** What can be done, and the branches that there are. */
  function list() {
    for (const one of [toggle, afresh, another]) one.disabled = !tree;
    undoing.disabled = !past.length;
    redoing.disabled = !future.length;
    branches.replaceChildren(...(tree?.leaves() ?? []).map(leaf => [leaf, tree.path(leaf)]).map(([leaf, path]) => make("li", {},
      button(codec.decode(path.slice(-40).map(({ symbol }) => symbol)).join("") || t("empty"), () => go(leaf), { aria: { current: String(leaf === tip) } }),
      ` ${leaf.depth} ${path[0].parent.name} `,
      button(t("remove"), () => { stop(); tree.prune(leaf, tip); past = []; future = []; show(tip); },
        { disabled: leaf === tip }))));
  }

  named.load();
}

function legend() {
  const shades = Array.from({ length: SHADES }, (_, shade) => make("i", { className: `s${shade}` }));
  return make("p", { className: "legend", aria: { hidden: "true" } }, `${t("expected")} `, ...shades, ` ${t("surprising")}`);
}
