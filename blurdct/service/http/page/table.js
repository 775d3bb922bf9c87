// The table of results: rows, thumbnails, order, and the way through it by keyboard.

import { Queue } from "./queue.js";
import { KINDS, find, kind, label, name, percent, pill, points, remark, sharp, spoken } from "./words.js";

const TALL = 112; // pixels of a thumbnail, twice of what it has on the page
// What columns are sorted by; a first click on scores shows the worst.
const VALUES = {
  name: (item) => item.path,
  score: (item) => item.result?.score ?? null,
  label: (item) => (kind(item) ? KINDS.indexOf(kind(item)) : null),
  sharp: (item) => sharp(item),
};
const FALLING = ["score"];

export class Table {
  items = []; // as they are shown
  chosen = null;
  #body = find("rows");
  #owner = new WeakMap(); // row -> item
  #order = null; // [name of a column, whether it falls]
  #wanted = () => true; // whether an item is shown
  #pictures = new Queue(2);
  #seen = new IntersectionObserver((entries) => this.#paint(entries), { rootMargin: "300px" });
  #choose;

  /** `choose` is called with the item that people pick. */
  constructor(choose) {
    this.#choose = choose;
    this.#body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row) this.choose(this.#owner.get(row));
    });
    this.#body.addEventListener("keydown", (event) => this.#key(event));
    for (const button of document.querySelectorAll("[data-sort]")) {
      button.addEventListener("click", () => this.#click(button));
    }
  }

  add(items) {
    const rows = items.map((item) => {
      const row = find("row").content.firstElementChild.cloneNode(true);
      item.row = row;
      name(row.querySelector(".pick"), item.path);
      this.#owner.set(row, item);
      this.#seen.observe(row);
      this.show(item);
      return row;
    });
    this.items.push(...items);
    this.#body.append(...rows);
    this.#reach();
  }

  /** Show those alone that a function wants. */
  filter(wanted) {
    this.#wanted = wanted;
    for (const item of this.items) item.row.hidden = !wanted(item);
    this.#reach();
  }

  /** Bring an item's row up to date. */
  show(item) {
    const { row, result, error } = item;
    const [, title, score, verdict, part] = row.cells;
    const fraction = sharp(item), number = result?.score ?? null;
    row.hidden = !this.#wanted(item);
    row.classList.toggle("failed", Boolean(error));
    row.setAttribute("aria-busy", String(!label(item)));
    title.querySelector(".note").textContent = remark(item);
    score.textContent = number === null ? "" : points(number);
    pill(verdict.firstElementChild, item, item.busy ? "judging" : "waiting");
    part.textContent = fraction === null ? "" : percent(fraction);
    const told = number === null ? remark(item) : `score ${points(number)}`;
    const words = [item.path, spoken(item) || "waiting", told];
    title.querySelector(".pick").setAttribute("aria-label", words.filter(Boolean).join(", "));
  }

  choose(item, focus = false) {
    for (const one of [this.chosen, item]) {
      one?.row.classList.toggle("chosen", one === item);
      one?.row.querySelector(".pick").setAttribute("aria-current", String(one === item));
    }
    this.chosen = item;
    this.#reach();
    this.#choose(item);
    item?.row.scrollIntoView({ block: "nearest" }); // after the view, which may cover rows
    if (focus) item.row.querySelector(".pick").focus({ preventScroll: true });
  }

  /** The item one row below the chosen one, or above it for -1, if there is one. */
  next(step) {
    return this.#from(this.items.indexOf(this.chosen) + step, step);
  }

  clear() {
    this.#pictures.clear();
    this.#seen.disconnect();
    this.#body.replaceChildren();
    this.items = [];
    this.#wanted = () => true;
    this.choose(null);
  }

  /** Put rows into the order that people asked for; those without a value come last. */
  sort() {
    if (!this.#order) return;
    const [column, falling] = this.#order;
    const value = VALUES[column];
    this.items.sort((one, two) => {
      const x = value(one), y = value(two);
      if (x === null || y === null) return (x === null) - (y === null);
      const rises = typeof x === "number" ? x - y : x.localeCompare(y, "en", { numeric: true });
      return falling ? -rises : rises;
    });
    const held = document.activeElement; // rows that move lose it
    this.#body.append(...this.items.map((item) => item.row));
    if (this.#body.contains(held)) held.focus({ preventScroll: true });
    this.#reach();
  }

  #click(button) {
    const head = button.parentElement, column = button.dataset.sort;
    const sorted = head.getAttribute("aria-sort");
    const falling = sorted ? sorted === "ascending" : FALLING.includes(column);
    document.querySelector("[aria-sort]")?.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    this.#order = [column, falling];
    this.sort();
  }

  /** One row can be reached by the tabulator, the others from it by arrows. */
  #reach() {
    const way = this.chosen && !this.chosen.row.hidden ? this.chosen : this.#from(0, 1);
    for (const item of this.items) {
      item.row.querySelector(".pick").tabIndex = item === way ? 0 : -1;
    }
  }

  #key(event) {
    const here = this.items.indexOf(this.#owner.get(event.target.closest("tr")));
    const last = this.items.length - 1;
    const ways = { ArrowDown: [here + 1, 1], ArrowUp: [here - 1, -1], Home: [0, 1], End: [last, -1] };
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const there = this.#from(...way);
    if (there) this.choose(there, true);
  }

  /** The first item that is shown from a place on, down or up. */
  #from(place, step) {
    while (this.items[place]?.row.hidden) place += step;
    return this.items[place];
  }

  #paint(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      this.#seen.unobserve(target);
      this.#pictures.add(() => paint(target.querySelector("canvas"), this.#owner.get(target).file));
    }
  }
}

async function paint(canvas, file) {
  if (!canvas.isConnected) return;
  let small;
  try {
    small = await createImageBitmap(file, { resizeHeight: TALL, resizeQuality: "medium" });
  } catch {
    return; // not for this browser: the verdict comes all the same
  }
  [canvas.width, canvas.height] = [small.width, small.height];
  canvas.getContext("2d").drawImage(small, 0, 0);
  small.close();
}
