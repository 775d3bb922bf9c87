// Photos in, verdicts out: what the parts of the page have to do with each other.

import { csv, save } from "./csv.js";
import { listen } from "./picking.js";
import { Queue } from "./queue.js";
import * as service from "./service.js";
import { Table } from "./table.js";
import { Viewer } from "./viewer.js";
import { KINDS, count, find, kind, points } from "./words.js";

const WIDTH = 4; // photos under way at once
const RARE = ["unknown", "unreadable"]; // kinds that are told of where there are some
const NEWS = 500; // milliseconds between words on progress, which screen readers speak

const narrow = matchMedia("(max-width: 62rem)"); // the view of a photo lies over the table there

const INVITATION = find("invitation").textContent;

const queue = new Queue(WIDTH);
let known = { map: "", models: [] };
let running = new AbortController(); // ends what is under way when the table is cleared

const named = (name) => known.models.find((model) => model.name === name);
const viewer = new Viewer(draw, named);
const table = new Table((item) => viewer.open(item));

async function draw(item, signal) {
  const model = item.result.model;
  item.map = await service.map(item.file, named(model)?.has_map ? model : known.map, login, signal);
  table.show(item);
}

async function judge(item, signal) {
  if (signal.aborted) return;
  const model = find("model").value;
  item.busy = true;
  show(item);
  try {
    item.result = await service.predict(item.file, model, login, signal);
  } catch (error) {
    if (signal.aborted) return;
    item.error = error.message || String(error);
    item.again = Boolean(error.again);
  } finally {
    item.busy = false;
  }
  show(item);
}

/** Ask for verdicts, anew where there is one. */
function start(items) {
  service.willing();
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
  if (!table.items.some((one) => !kind(one))) finish();
}

function finish() {
  table.sort();
  tell();
}

let soon = null;

function tell() {
  clearTimeout(soon);
  soon = null;
  const all = table.items.length, judged = table.items.filter(kind).length;
  const facts = KINDS.map((name) => [name, table.items.filter((item) => kind(item) === name).length])
    .filter(([name, number]) => number || !RARE.includes(name));
  find("facts").replaceChildren(...[["photos", all], ...facts].map(fact));
  find("status").textContent = judged < all ? `${judged} of ${all} judged` : `${count(all, "photo")} judged`;
  find("progress").max = Math.max(1, all);
  find("progress").value = judged;
  find("progress").hidden = judged === all;
  find("download").disabled = !judged;
  const again = table.items.filter((item) => item.again).length;
  find("again").hidden = !again;
  find("again").textContent = `Try ${again} again`;
}

function fact([name, number]) {
  const pair = document.createElement("div");
  const term = document.createElement("dt"), value = document.createElement("dd");
  term.textContent = name;
  value.textContent = number.toLocaleString("en");
  pair.append(term, value);
  return pair;
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

/** Ask for the models; without them the service's own choice judges. */
async function learn() {
  service.willing();
  find("trouble").hidden = true;
  try {
    known = await service.models(login);
  } catch (error) {
    find("trouble").textContent = `The service's models are not known: ${error.message}.`;
    find("trouble").hidden = false;
    return;
  }
  find("model").replaceChildren(...known.models.map(({ name }) => new Option(name)));
  // One with maps says what part is sharp, too.
  find("model").value = [known.map, known.default, known.models[0].name].find(named);
  limits();
  find("judge").hidden = false;
}

function limits() {
  const { clear, blurred } = named(find("model").value);
  find("limits").textContent = `clear below ${points(clear)}, blurred from ${points(blurred)}`;
}

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
  const { chosen } = table;
  table.choose(null);
  chosen?.row.querySelector(".pick").focus();
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
