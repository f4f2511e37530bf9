/** The room of a training: how it goes, what its best model makes by now, and the button that stops it. */

import { fetchModel, sent } from "../models.js";
import { button, buttons, make, put, statusLine } from "../ui.js";
import { LANGUAGE, named, t } from "../language.js";
import { Curve } from "./curve.js";
import { sample } from "./samples.js";

// Seconds of which a rate is the mean.
const MINUTE = 60;
// Samples that stay on the page.
const KEPT = 12;
// So many times as long as a row takes, and at the least so many seconds: then something may have happened.
const SILENT = 10, LONG = 120;

export function enter(section) {
  const told = Object.fromEntries(["step", "rate", "left", "training", "validation", "best"].map(name => [name, make("dd", {}, "–")]));
  const status = statusLine();
  const silence = make("p", { className: "status" });
  const heading = make("h2", {}, t("training"));
  const curve = new Curve();
  const samples = make("ol", { className: "samples", reversed: true });
  const command = make("code", {});
  const stop = button(t("stopTraining"), ask, { className: "main", disabled: true });
  const copy = button(t("copy"), async () => { await navigator.clipboard.writeText(command.textContent); status.say("copied"); });
  let about = null, rows = [], ended = false, heard = 0, shown = "", wanted = null, busy = false;

  put(section, heading,
    make("dl", { className: "figures" }, ...Object.entries(told).map(([name, value]) => make("div", {}, make("dt", {}, t(name)), value))),
    status, silence, curve,
    make("p", { className: "legend" }, make("i", { className: "train" }), ` ${t("trainLine")} `, make("i", { className: "valid" }), ` ${t("validLine")}`),
    buttons(stop, make("span", {}, `${t("later")} `, command, " "), copy),
    make("h2", {}, t("makes")), make("p", { className: "status" }, t("bestModel")), samples);

  const events = new EventSource("run/events");
  const on = (name, told) => events.addEventListener(name, event => { heard = Date.now(); told(JSON.parse(event.data)); });
  events.onopen = () => { rows = []; }; // whoever connects hears all from the beginning
  events.onerror = () => { status.say("silent"); };
  on("about", news => {
    about = news;
    if (!about) return;
    heading.textContent = t("about", about.name, named("domain", about.domain), named("size", about.size));
    command.textContent = about.resume;
    draw();
  });
  on("rows", fresh => { rows.push(...fresh); draw(); });
  on("again", fresh => { rows = fresh; status.say("wentBack", rows.at(-1)?.step ?? 0); draw(); });
  on("ended", news => {
    ended = news;
    stop.disabled = ended;
    status.textContent = ended ? outcome() : t("running");
    draw();
  });
  on("model", news => { if (news && news.stamp !== shown) { wanted = news; show(); } });
  setInterval(quiet, 5000);
  addEventListener("resize", draw);

  function outcome() {
    const step = rows.at(-1)?.step ?? 0, done = about && step >= about.steps;
    return t(done ? "done" : "ended", step);
  }

  function quiet() {
    const rate = rateOf(rows), seconds = (Date.now() - heard) / 1000;
    silence.textContent = !ended && rows.length && seconds > Math.max(LONG, SILENT * 10 / rate)
      ? t("quiet", duration(seconds)) : "";
  }

  function draw() {
    if (!about) return;
    const last = rows.at(-1), train = rows.findLast(row => Number.isFinite(row.nll)), valid = rows.filter(row => Number.isFinite(row.valid));
    const rate = rateOf(rows), left = last ? (about.steps - last.step) / rate : NaN, unit = named("unit", about.unit), loss = value => t("loss", value.toFixed(3), unit);
    const best = valid.reduce((found, row) => !found || row.valid < found.valid ? row : found, null);
    const figures = {
      step: t("of", (last?.step ?? 0).toLocaleString(LANGUAGE), about.steps.toLocaleString(LANGUAGE)),
      rate: rate && (rate >= 1 ? t("fast", rate.toPrecision(3)) : t("slow", (1 / rate).toPrecision(3))),
      left: !ended && Number.isFinite(left) && duration(left),
      training: train && loss(train.nll),
      validation: valid.length && loss(valid.at(-1).valid),
      best: best && t("atStep", best.valid.toFixed(3), best.step.toLocaleString(LANGUAGE)),
    };
    for (const [name, value] of Object.entries(figures)) told[name].textContent = value || "–";
    curve.draw(rows, about.steps, unit);
  }

  /** The newest model that is there, one after the other: one that was replaced meanwhile is passed over. */
  async function show() {
    if (busy) return;
    busy = true;
    while (wanted) {
      const news = wanted, words = t(Number.isFinite(news.valid) ? "stepLoss" : "stepAt", news.steps?.toLocaleString(LANGUAGE) ?? "?", news.valid?.toFixed(3));
      wanted = null;
      try {
        const model = news.runs && await fetchModel({ folder: "run", bytes: news.bytes, name: about.name }, () => {});
        shown = news.stamp;
        const made = model && sample(model, () => shown === news.stamp);
        samples.prepend(make("li", {}, make("h3", {}, words), made || t("noShow")));
      } catch (error) { // it was replaced while it was read: the next one is told of
        status.textContent = error.message;
      }
      [...samples.children].slice(KEPT).forEach(one => one.remove());
    }
    busy = false;
  }

  async function ask() {
    stop.disabled = true;
    const answer = await sent("run/stop", '{"stop": true}');
    status.textContent = answer?.ok ? t("asked") : t("notAsked", answer?.status ?? "–");
    stop.disabled = Boolean(answer?.ok);
  }
}

/** Steps a second in the last minute; 0 where nothing is known. */
function rateOf(rows) {
  let seconds = 0, steps = 0;
  const timed = rows.filter(row => row.steps_per_s > 0);
  for (let i = timed.length - 1; i >= 0 && seconds < MINUTE; i--) {
    const count = timed[i].step - (timed[i - 1]?.step ?? 0);
    steps += count;
    seconds += count / timed[i].steps_per_s;
  }
  return seconds ? steps / seconds : 0;
}

function duration(seconds) {
  const whole = Math.ceil(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  if (hours) return t("hours", hours, minutes);
  return minutes ? t(minutes < 10 ? "minutesSeconds" : "minutes", minutes, whole % 60) : t("seconds", whole);
}
