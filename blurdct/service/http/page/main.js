// Photos in, verdicts out: what the parts of the page have to do with each other.

import { csv, save } from "./csv.js";
import * as engine from "./engine.js";
import { listen } from "./picking.js";
import { Queue } from "./queue.js";
import { Table } from "./table.js";
import { Viewer } from "./viewer.js";
import { at, count, doubtful, find, label, limit, percent, wrong } from "./words.js";

const RARE = ["unknown", "unreadable"]; // told of where there are some
const NEWS = 500; // milliseconds between words on progress, which screen readers speak

const narrow = matchMedia("(max-width: 62rem)"); // the view of a photo lies over the table there

// What rows may be chosen by: how many there are of each stands above the table.
const labelled = (name) => (item) => label(item) === name;
const FILTERS = {
  photos: () => true,
  sharp: labelled("sharp"),
  blurred: labelled("blurred"),
  doubtful,
  unknown: labelled("unknown"),
  unreadable: labelled("unreadable"),
};

const INVITATION = find("invitation").textContent;

const queue = new Queue(engine.WIDTH);
let known = { map: "", models: [] };
let chosen = "photos"; // out of FILTERS
let threshold = null; // P from which on a photo is blurred; null for what the service says
let running = new AbortController(); // ends what is under way when the table is cleared

const named = (name) => known.models.find((model) => model.name === name);
const viewer = new Viewer(draw, named);
const table = new Table((item) => viewer.open(item));

async function draw(item, signal) {
  const model = item.result.model;
  item.map = await engine.map(item.file, named(model)?.has_map ? model : known.map, login, signal);
  table.show(item);
}

async function judge(item, signal) {
  if (signal.aborted) return;
  const model = find("model").value;
  item.busy = true;
  show(item);
  try {
    item.result = judgedAt(await engine.predict(item.file, model, login, signal));
  } catch (error) {
    if (signal.aborted) return;
    item.error = error.message || String(error);
    item.again = Boolean(error.again);
  } finally {
    item.busy = false;
  }
  show(item);
}

/** A verdict at the threshold that people asked for. */
function judgedAt(result) {
  const facts = named(result.model);
  return threshold === null || !facts ? result : at(result, facts, threshold);
}

/** Ask for verdicts, anew where there is one. */
function start(items) {
  engine.willing();
  const { signal } = running;
  for (const item of items) {
    Object.assign(item, { result: null, error: "", again: false, busy: false, map: null });
    show(item);
    queue.add(() => judge(item, signal));
  }
  tell();
}

function stop() {
  running.abort();
  running = new AbortController();
  queue.clear();
}

async function add(files) {
  if (!files.length) return;
  if (!known.models.length) await learn();
  const items = files.map(({ file, path }) => ({ file, path }));
  find("results").hidden = false;
  find("drop").classList.add("busy");
  find("invitation").textContent = "Drop more anywhere, or";
  table.add(items);
  start(items);
  // The newest of photos that are taken one by one; several are to be seen in the table.
  if (items.length === 1) table.choose(items[0]);
  else if (narrow.matches) table.choose(null);
}

function show(item) {
  table.show(item);
  viewer.show(item);
  soon ??= setTimeout(tell, NEWS);
  if (!table.items.some((one) => !label(one))) finish();
}

function finish() {
  table.sort();
  tell();
}

let soon = null;

function tell() {
  clearTimeout(soon);
  soon = null;
  const all = table.items.length, judged = table.items.filter(label).length;
  for (const button of find("facts").children) {
    const name = button.dataset.filter, number = table.items.filter(FILTERS[name]).length;
    button.firstElementChild.textContent = number.toLocaleString("en");
    button.hidden = !number && RARE.includes(name) && name !== chosen;
  }
  find("none").hidden = !all || table.items.some((item) => !item.row.hidden);
  find("status").textContent = judged < all ? `${judged} of ${all} judged` : `${count(all, "photo")} judged`;
  find("progress").max = Math.max(1, all);
  find("progress").value = judged;
  find("progress").hidden = judged === all;
  find("download").disabled = !judged;
  const again = table.items.filter((item) => item.again).length;
  find("again").hidden = !again;
  find("again").textContent = `Try ${again} again`;
}

/** Show the rows of one filter alone. */
function filter(name) {
  chosen = name;
  for (const button of find("facts").children) press(button);
  table.filter(FILTERS[name]);
  tell();
}

function press(button) {
  button.setAttribute("aria-pressed", String(button.dataset.filter === chosen));
}

function fact(name) {
  const button = document.createElement("button"), value = document.createElement("b");
  button.type = "button";
  button.dataset.filter = name;
  press(button);
  button.append(value, ` ${name}`);
  button.addEventListener("click", () => filter(name));
  return button;
}

/** A token, or null from those who have none. */
function login(wrong) {
  const dialog = find("login");
  find("wrong").hidden = !wrong;
  find("token").value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener(
      "close",
      () => done(dialog.returnValue === "given" ? find("token").value : null),
      { once: true },
    );
  });
}

/** Ask for the models; without them a service's own choice judges. */
async function learn() {
  engine.willing();
  find("trouble").hidden = true;
  find("loading").hidden = !engine.LOADING;
  find("loaded").textContent = engine.LOADING;
  try {
    known = await engine.models(login);
  } catch (error) {
    find("trouble").textContent = `${engine.UNKNOWN}: ${error.message}.`;
    find("trouble").hidden = false;
    return;
  } finally {
    find("loading").hidden = true;
  }
  find("model").replaceChildren(...known.models.map(({ name, accuracy }) =>
    new Option(accuracy ? `${name}, ${percent(accuracy)} right` : name, name)));
  find("model").value = [known.default, known.models[0].name].find(named);
  limits();
  find("judge").hidden = false;
}

/** Begin with the threshold of the chosen model, and say where it is sure. */
function limits() {
  const { threshold: own, sure_sharp, sure_blurred } = named(find("model").value);
  threshold = null;
  find("threshold").value = limit(own);
  find("amiss").textContent = "";
  find("threshold").removeAttribute("aria-invalid");
  find("limits").hidden = false;
  find("limits").textContent = `sure below ${limit(sure_sharp)} and from ${limit(sure_blurred)}`;
}

/** Go by the threshold that was typed, if it is one. */
function move() {
  const text = find("threshold").value, why = wrong(text);
  find("amiss").textContent = why;
  find("limits").hidden = Boolean(why);
  find("threshold").setAttribute("aria-invalid", String(Boolean(why)));
  if (why) return;
  threshold = Number(text);
  for (const item of table.items) {
    if (!item.result) continue;
    item.result = judgedAt(item.result);
    table.show(item);
    viewer.show(item);
  }
  finish();
}

find("facts").append(...Object.keys(FILTERS).map(fact));
find("threshold").addEventListener("change", move);
listen([find("choose"), find("take")], add);
find("login").firstElementChild.addEventListener("submit", (event) => {
  event.preventDefault();
  find("login").close("given");
});
find("refuse").addEventListener("click", () => find("login").close(""));
find("again").addEventListener("click", () => start(table.items.filter((item) => item.again)));
find("download").addEventListener("click", () => save(csv(table.items), "blurdct.csv"));
find("clear").addEventListener("click", () => {
  stop();
  table.clear();
  filter("photos");
  find("results").hidden = true;
  find("drop").classList.remove("busy");
  find("invitation").textContent = INVITATION;
  find("choose").focus();
});
for (const [id, step] of [["before", -1], ["after", 1]]) {
  find(id).addEventListener("click", () => {
    const item = table.next(step);
    if (item) table.choose(item);
  });
}
const close = () => {
  const open = table.chosen;
  table.choose(null);
  open?.row.querySelector(".pick").focus();
};
find("close").addEventListener("click", close);
find("results").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && table.chosen) close();
});
find("model").addEventListener("change", () => {
  limits();
  stop();
  start(table.items);
});

learn();
