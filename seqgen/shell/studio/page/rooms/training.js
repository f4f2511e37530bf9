/** The room of a training: how it goes, what its best model makes by now, and the button that stops it. */

import { fetchModel } from "../models.js";
import { button, buttons, make, put, statusLine } from "../ui.js";
import { Curve } from "./curve.js";
import { sample } from "./samples.js";

const MINUTE = 60; // seconds of which a rate is the mean
const KEPT = 12; // samples that stay on the page
const SILENT = 10; // times as long as a row takes: then something may have happened
const LONG = 120; // seconds, and at the least so long

export function enter(section) {
  const told = Object.fromEntries(["Step", "Rate", "Time left", "Training", "Validation", "At best"].map(name => [name, make("dd", {}, "–")]));
  const status = statusLine();
  const silence = make("p", { className: "status" });
  const heading = make("h2", {}, "Training");
  const curve = new Curve();
  const samples = make("ol", { className: "samples", reversed: true });
  const command = make("code", {});
  const stop = button("Stop the training", ask, { className: "main", disabled: true });
  const copy = button("Copy", async () => { await navigator.clipboard.writeText(command.textContent); status.textContent = "Copied."; });
  let about = null, rows = [], ended = false, heard = 0, shown = "", wanted = null, busy = false;

  put(section, heading,
    make("dl", { className: "figures" }, ...Object.entries(told).map(([name, value]) => make("div", {}, make("dt", {}, name), value))),
    status, silence, curve,
    make("p", { className: "legend" }, make("i", { className: "train" }), " training ", make("i", { className: "valid" }), " validation, its best in a ring"),
    buttons(stop, make("span", {}, "Go on later with ", command, " "), copy),
    make("h2", {}, "What it makes"), make("p", { className: "status" }, "The best model so far, each time from the same seed."), samples);

  const events = new EventSource("run/events");
  const on = (name, told) => events.addEventListener(name, event => { heard = Date.now(); told(JSON.parse(event.data)); });
  events.onopen = () => { rows = []; }; // whoever connects hears all from the beginning
  events.onerror = () => { status.textContent = "Nothing is heard; is seqgen studio still running? This page goes on trying."; };
  on("about", news => {
    about = news;
    if (!about) return;
    heading.textContent = `${about.name}: ${about.domain}, ${about.size}`;
    command.textContent = about.resume;
    draw();
  });
  on("rows", fresh => { rows.push(...fresh); draw(); });
  on("again", fresh => { rows = fresh; status.textContent = `It went back to step ${rows.at(-1)?.step ?? 0}.`; draw(); });
  on("ended", news => {
    ended = news;
    stop.disabled = ended;
    status.textContent = ended ? outcome() : "It is running.";
    draw();
  });
  on("model", news => { if (news && news.stamp !== shown) { wanted = news; show(); } });
  setInterval(quiet, 5000);
  addEventListener("resize", draw);

  function outcome() {
    const step = rows.at(-1)?.step ?? 0, done = about && step >= about.steps;
    return done ? `It is done, after ${step} steps.` : `It has ended at step ${step}; what it had learned is saved.`;
  }

  function quiet() {
    const rate = rateOf(rows), seconds = (Date.now() - heard) / 1000;
    silence.textContent = !ended && rows.length && seconds > Math.max(LONG, SILENT * 10 / rate)
      ? `Nothing was measured for ${duration(seconds)}. If it was killed, go on with the command below.` : "";
  }

  function draw() {
    if (!about) return;
    const last = rows.at(-1), train = rows.findLast(row => Number.isFinite(row.nll)), valid = rows.filter(row => Number.isFinite(row.valid));
    const rate = rateOf(rows), left = last ? (about.steps - last.step) / rate : NaN, unit = `nats/${about.unit}`;
    const best = valid.reduce((found, row) => !found || row.valid < found.valid ? row : found, null);
    told.Step.textContent = `${(last?.step ?? 0).toLocaleString("en")} of ${about.steps.toLocaleString("en")}`;
    told.Rate.textContent = rate ? (rate >= 1 ? `${rate.toPrecision(3)} steps/s` : `${(1 / rate).toPrecision(3)} s/step`) : "–";
    told["Time left"].textContent = ended || !Number.isFinite(left) ? "–" : duration(left);
    told.Training.textContent = train ? `${train.nll.toFixed(3)} ${unit}` : "–";
    told.Validation.textContent = valid.length ? `${valid.at(-1).valid.toFixed(3)} ${unit}` : "–";
    told["At best"].textContent = best ? `${best.valid.toFixed(3)} at step ${best.step.toLocaleString("en")}` : "–";
    curve.draw(rows, about.steps, about.unit);
  }

  /** The newest model that is there, one after the other: one that was replaced meanwhile is passed over. */
  async function show() {
    if (busy) return;
    busy = true;
    while (wanted) {
      const news = wanted, words = `Step ${news.steps?.toLocaleString("en") ?? "?"}${Number.isFinite(news.valid) ? `, ${news.valid.toFixed(3)} nats` : ""}`;
      wanted = null;
      try {
        const model = news.runs && await fetchModel({ folder: "run", bytes: news.bytes, name: "the model" }, () => {});
        shown = news.stamp;
        const made = model && sample(model, () => shown === news.stamp);
        samples.prepend(make("li", {}, make("h3", {}, words), made || "This page cannot run such a model; the command line can."));
      } catch (error) { // it was replaced while it was read: the next one is told of
        status.textContent = error.message;
      }
      [...samples.children].slice(KEPT).forEach(one => one.remove());
    }
    busy = false;
  }

  async function ask() {
    stop.disabled = true;
    try {
      const answer = await fetch("run/stop", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"stop": true}' });
      if (!answer.ok) throw new Error(`the server said ${answer.status}`);
      status.textContent = "Asked to stop: the step in hand is finished and saved.";
    } catch (error) {
      status.textContent = `It could not be asked to stop: ${error.message}`;
      stop.disabled = false;
    }
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
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${minutes < 10 ? `${whole % 60} s` : ""}` : `${whole} s`;
}
