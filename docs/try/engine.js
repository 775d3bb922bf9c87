// What judges the photos of this page: the model itself, in workers of the browser. The page of
// the service has another module of this name, which asks that service.

const CORES = navigator.hardwareConcurrency || 2;
export const WIDTH = Math.max(1, Math.min(4, CORES)); // photos under way at once, each in a worker
export const UNKNOWN = "The model could not be loaded";

/** Why there is no answer, in a line; `again` says whether the same question may have one later. */
class Refusal extends Error {
  constructor(message, again = false) {
    super(message);
    this.again = again;
  }
}

export const LOADING = "Loading the model: 15 MB, once";

const seen = new WeakMap(); // file -> what came with its verdict
const idle = []; // judges that wait for a photo
const waiting = []; // functions that want one
let facts = null; // what model.json says
let ready = null; // the promise of a model that is loaded

/** There is nobody to be asked for a token. */
export const willing = () => {};

/** What is known, as by the service: `{default, map, models}`. The model is loaded first. */
export async function models() {
  ready ??= load().catch((error) => {
    ready = null;
    throw error;
  });
  await ready;
  return { default: facts.name, map: facts.name, models: [facts] };
}

async function load() {
  const answer = await fetch("static/model.json").catch(() => null);
  if (!answer?.ok) throw new Refusal("that takes one visit with a connection");
  facts = await answer.json();
  const judges = Array.from({ length: WIDTH }, () => new Judge());
  await judges[0].ask({}); // the others find in the browser's cache what this one fetches
  judges.forEach(release);
}

/** The verdict on a file, as the service's `results` have it. */
export async function predict(file, model, ask, signal) {
  const told = await work({ file }, signal);
  const reason = told.reason ? facts.reasons[told.reason - 1] : "";
  const p = reason ? null : told.probability;
  const inner = within(told.map, told.cells, told.box);
  seen.set(file, told);
  const blurred = p !== null && p >= facts.threshold;
  return {
    name: file.name,
    model: facts.name,
    probability: p,
    score: p === null ? null : 100 * p,
    label: p === null ? "unknown" : blurred ? "blurred" : "sharp",
    sure: p !== null && (blurred ? p >= facts.sure_blurred : p < facts.sure_sharp),
    threshold: facts.threshold,
    reason,
    sharp_fraction: reason ? null : inner.filter((one) => one < 0.5).length / inner.length,
    kind: told.motion === null ? null : told.motion >= 0.5 ? "motion" : "defocus",
    kind_probability: told.motion === null ? null : Math.max(told.motion, 1 - told.motion),
    evidence: told.evidence,
    blur: reason ? null : told.blur,
    ...kindOf(blurred ? told.motion : null),
    note: told.box.some((end, at) => end !== at % 2) ? "without the frame around it" : "",
    width: told.width,
    height: told.height,
  };
}

/** The kind of blur of what is blurred, by P of motion; null if nobody says. */
function kindOf(motion) {
  if (motion === null) return { kind: null, kind_probability: null };
  const moved = motion >= 0.5;
  return { kind: moved ? "motion" : "defocus", kind_probability: moved ? motion : 1 - motion };
}

/** Where a photo is blurred: a picture of its map, and what the model says. */
export async function map(file, model, ask, signal) {
  const told = seen.get(file) ?? await work({ file }, signal);
  const [height, width] = told.cells;
  const canvas = new OffscreenCanvas(width, height);
  const paint = canvas.getContext("2d"), picture = paint.createImageData(width, height);
  told.map.forEach((p, at) => {
    const level = 3 * Math.round(255 * Math.min(1, Math.max(0, p)));
    picture.data.set([...facts.colours.slice(level, level + 3), 255], 4 * at);
  });
  paint.putImageData(picture, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  return { blob, model: facts.name, label: "", score: null, sharp: null, blur: null };
}

/** Cells of a map that a frame surrounds. */
function within(cells, [height, width], [top, bottom, left, right]) {
  const inside = (at, extent, start, end) => at + 0.5 > start * extent && at + 0.5 < end * extent;
  return cells.filter((_, at) =>
    inside(Math.floor(at / width), height, top, bottom) && inside(at % width, width, left, right));
}

/** A worker, which answers one question at a time; a new one takes the place of one that is lost. */
class Judge {
  #worker = null;

  async ask(question) {
    const worker = this.#worker ??= new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    const answer = await new Promise((resolve) => {
      const lost = () => {
        worker.terminate();
        this.#worker = null;
        resolve({ error: "the browser has no memory for it, or could not run the model", again: true });
      };
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = worker.onmessageerror = lost;
      worker.postMessage(question);
    });
    if (answer.error) throw new Refusal(answer.error, Boolean(answer.again));
    return answer;
  }
}

async function work(question, signal) {
  const one = idle.pop() ?? await new Promise((resolve) => waiting.push(resolve));
  try {
    signal?.throwIfAborted();
    return await one.ask(question);
  } finally {
    release(one);
  }
}

function release(one) {
  const next = waiting.shift();
  if (next) next(one);
  else idle.push(one);
}

if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js");
