// Questions to the service: waits when it is full, asks for the token when it wants one.

const TRIES = 30; // while it is full
const PATIENCE = 30; // seconds, the most that one wait takes

/** Why there is no answer, in a line; `again` says whether the same question may have one later. */
export class Refusal extends Error {
  constructor(message, again = false) {
    super(message);
    this.again = again;
  }
}

let token = "";
let asking = null; // the promise of a token while people are asked for it
let declined = false;

/** After a token was declined, people are not asked again before they do something. */
export const willing = () => { declined = false; };

/**
 * What the service knows: `{default, map, models}`; of each model at least its name, threshold,
 * sure_sharp, sure_blurred, has_map and accuracy.
 */
export const models = async (ask) => (await call("v1/models", {}, ask)).json();

/** The verdict on a file, one of the answer's `results`. */
export async function predict(file, model, ask, signal) {
  const answer = await (await post("v1/predict", file, { model }, ask, signal)).json();
  const result = answer.results[0];
  if (result.error) throw new Refusal(without(result.name, result.error));
  return result;
}

/** Where a photo is blurred: a picture of its map, and what that model says. */
export async function map(file, model, ask, signal) {
  const response = await post("v1/map", file, { model, style: "overlay" }, ask, signal);
  const number = (name) => {
    const text = response.headers.get(`X-Blurdct-${name}`);
    return text === null || text === "" || isNaN(text) ? null : Number(text);
  };
  return {
    blob: await response.blob(),
    model,
    label: response.headers.get("X-Blurdct-Label") ?? "",
    score: number("Score"),
    sharp: number("Sharp-Fraction"),
    blur: number("Blur"),
  };
}

async function post(path, file, query, ask, signal) {
  const body = new FormData(); // its name stays out of the address, and so out of logs
  body.append("files", file, file.name || "photo");
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  try {
    return await call(`${path}?${asked}`, { method: "POST", body }, ask, signal);
  } catch (error) {
    if (!(error instanceof Refusal) || !error.again) throw error;
    await file.slice(0, 1).arrayBuffer().catch(() => {
      throw new Refusal("cannot be read: it was moved or changed since it was chosen");
    });
    throw error;
  }
}

async function call(path, options, ask, signal) {
  let failures = 0;
  for (let full = 0; ;) {
    const sent = token;
    const headers = sent ? { Authorization: `Bearer ${sent}` } : {};
    let response;
    try {
      response = await fetch(path, { ...options, headers, signal, cache: "no-store" });
    } catch (error) {
      if (signal?.aborted) throw error;
      if (failures++) {
        throw new Refusal("no answer: the service is away, or the file is too large for it", true);
      }
      await pause(1, signal);
      continue;
    }
    if (response.ok) return response;
    if (response.status === 401) {
      if (sent === token) await login(ask, sent !== "");
    } else if (response.status === 503 && full++ < TRIES) {
      const wait = Number(response.headers.get("Retry-After")) || 1;
      await pause(Math.min(wait, PATIENCE) * (1 + Math.random() / 2), signal); // not all at once
    } else {
      throw new Refusal(await reason(response), response.status >= 500);
    }
  }
}

async function login(ask, wrong) {
  if (declined) throw new Refusal("the service asks for a token", true);
  asking ??= ask(wrong).finally(() => { asking = null; });
  const given = await asking;
  declined = given === null;
  if (declined) throw new Refusal("the service asks for a token", true);
  token = given;
}

async function reason(response) {
  const answer = await response.json().catch(() => ({}));
  const one = answer.results?.[0];
  if (one?.error) return without(one.name, one.error);
  if (typeof answer.detail === "string" && answer.detail) return answer.detail;
  return `the service answered ${response.status} ${response.statusText}`.trim();
}

/** Messages name the file first, and so do their places on the page. */
const without = (name, message) =>
  name && message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;

const pause = (seconds, signal) => new Promise((done, stop) => {
  const timer = setTimeout(done, 1000 * seconds);
  signal?.addEventListener("abort", () => { clearTimeout(timer); stop(signal.reason); }, { once: true });
});
