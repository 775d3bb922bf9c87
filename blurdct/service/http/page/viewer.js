// One photo at large: its verdict, and where it is blurred.

import { find, label, measures, name, pill, points, size, why } from "./words.js";

const HASTE = 150; // milliseconds before a map is asked for: those who leaf through want none

export class Viewer {
  #item = null;
  #urls = {}; // of what is shown, by the id of its element
  #load;
  #limits;
  #asked = null; // AbortController of the map that is being asked for
  #on = find("map");
  #opacity = find("opacity");

  /** `load(item, signal)` gives an item its map; `limits(model)` is where labels change. */
  constructor(load, limits) {
    this.#load = load;
    this.#limits = limits;
    this.#on.addEventListener("change", () => this.#map());
    this.#opacity.addEventListener("input", () => this.#fade());
    find("photo").addEventListener("load", () => {
      const { naturalWidth: width, naturalHeight: height } = find("photo");
      this.#shape(width, height);
    });
    find("photo").addEventListener("error", () => this.#unshown(true));
  }

  /** Show an item; nothing if it is null. */
  open(item) {
    this.#item = item;
    find("viewer").hidden = !item;
    this.#picture("overlay", null);
    this.#picture("photo", item?.file ?? null);
    this.#unshown(false);
    if (item) find("photo").alt = item.path;
    this.show(item);
  }

  /** Bring what is shown of an item up to date, if it is the one that is shown. */
  show(item) {
    if (item !== this.#item) return;
    if (!item) {
      this.#asked?.abort();
      return;
    }
    const { result, error, file } = item;
    const told = Boolean(result) && label(item) !== "unknown"; // there are numbers to show
    name(find("title"), item.path);
    pill(find("verdict"), item, "waiting");
    find("score").textContent = told ? `${points(result.score)} of 100` : "";
    find("sharp").textContent = measures(item);
    find("why").textContent = error || (result ? why(result, this.#limits(result.model)) : "");
    const sides = result?.width ? [`${result.width} \u00d7 ${result.height} pixels`] : [];
    const facts = [...sides, size(file.size), ...(result ? [`judged by ${result.model}`] : [])];
    find("details").textContent = [...facts, result?.note].filter(Boolean).join(" \u00b7 ");
    this.#stage();
    find("controls").hidden = find("gauge").hidden = !told;
    if (told) this.#gauge(result);
    if (result && !find("photo").naturalWidth) this.#shape(result.width, result.height);
    this.#map();
  }

  /** From sharp to blurred: what is sure at either end, what is doubtful between, and the score. */
  #gauge({ score, threshold, model }) {
    const limits = this.#limits(model);
    const ends = {
      low: Math.min(limits?.sure_sharp ?? threshold, threshold),
      at: threshold,
      high: Math.max(limits?.sure_blurred ?? threshold, threshold),
    };
    for (const [end, p] of Object.entries(ends)) {
      find("gauge").style.setProperty(`--${end}`, `${100 * p}%`);
    }
    find("mark").style.left = `${score}%`;
  }

  async #map() {
    this.#asked?.abort();
    const item = this.#item;
    const wanted = this.#on.checked && Boolean(item?.result) && label(item) !== "unknown";
    this.#opacity.disabled = !this.#on.checked;
    find("told").textContent = "";
    if (!wanted || !item.map) this.#picture("overlay", null);
    if (!wanted) return;
    const asked = new AbortController();
    this.#asked = asked;
    if (!item.map) {
      await new Promise((done) => setTimeout(done, HASTE));
      if (asked.signal.aborted) return;
      find("told").textContent = "Drawing the map ...";
      try {
        await this.#load(item, asked.signal);
      } catch (error) {
        if (!asked.signal.aborted) find("told").textContent = `No map: ${error.message}`;
        return;
      }
      if (asked.signal.aborted) return;
    }
    const { map } = item, other = map.model !== item.result.model;
    const score = map.score === null ? "" : `; its score is ${points(map.score)}`;
    find("told").textContent = other ? `Map by ${map.model}${score}.` : "";
    find("sharp").textContent = measures(item);
    find("overlay").alt = `Blur map of ${item.path}`;
    this.#picture("overlay", map.blob);
    this.#fade();
  }

  #fade() {
    find("overlay").style.opacity = this.#opacity.value / 100;
    this.#opacity.setAttribute("aria-valuetext", `${this.#opacity.value}%`);
    find("stage").classList.toggle("mapped", !find("overlay").hidden && this.#opacity.value > 0);
  }

  #shape(width, height) {
    if (width && height) find("stage").style.setProperty("--ratio", width / height);
  }

  #unshown(yes) {
    find("unshown").hidden = !yes;
    find("photo").hidden = yes || !this.#item;
    this.#stage();
  }

  /** There is nothing to see of a file that neither the browser nor the service can read. */
  #stage() {
    find("stage").hidden = !find("unshown").hidden && Boolean(this.#item?.error);
  }

  /** Show a blob, or nothing, in place of what was there. */
  #picture(id, blob) {
    if (this.#urls[id]) URL.revokeObjectURL(this.#urls[id]);
    this.#urls[id] = blob && URL.createObjectURL(blob);
    if (blob) find(id).src = this.#urls[id];
    else find(id).removeAttribute("src");
    find(id).hidden = !blob;
    if (!blob && id === "overlay") find("stage").classList.remove("mapped");
  }
}
