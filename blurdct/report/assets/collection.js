// Histogram and slider: what each threshold drops of a collection.
//
// All numbers stand in the page: photographs by P(blurred) in thousandths, and the same for each
// folder. A threshold drops what has its thousandth or a higher one.

const TALLEST = 100; // of a bar, in units of the histogram
const ENLARGED = 2.5; // times its own pixels a picture is shown at most
const LEAST = 0.6; // of a bar that stands for any photograph at all

const find = (id) => document.getElementById(id);
const data = JSON.parse(find("data").textContent);
const last = data.counts.length - 1; // the step of a P of 1
const dropped = sumsFromAbove(data.counts); // in all, by step
const droppedByFolder = data.folders.map((pairs) => sumsFromAbove(dense(pairs)));
const figures = [...document.querySelectorAll("figure")];
const doubtful = [...document.querySelectorAll("#doubtful figure")];
const folderRows = [...document.querySelectorAll("#folders tbody tr")]; // before any sorting

/** How many have that P or more, for each step of the scale and the one after the last. */
function sumsFromAbove(counts) {
  const sums = [...counts, 0];
  for (let step = last; step >= 0; step--) sums[step] += sums[step + 1];
  return sums;
}

/** Counts by step, from the places and values of those that are not zero, in turns. */
function dense(pairs) {
  const counts = new Array(last + 1).fill(0);
  for (let i = 0; i < pairs.length; i += 2) counts[pairs[i]] = pairs[i + 1];
  return counts;
}

function grouped(value) {
  return value.toLocaleString("en");
}

function percent(part, whole) {
  return whole ? (100 * part / whole).toFixed(1) + "%" : "-";
}

// The histogram

function addShape(parent, kind, attributes) {
  const shape = document.createElementNS(find("bars").namespaceURI, kind);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  parent.append(shape);
  return shape;
}

function barHeight(count, most, log) {
  if (!count) return 0;
  const share = log ? Math.log1p(count) / Math.log1p(most) : count / most;
  return Math.max(TALLEST * share, LEAST);
}

/** A bar for each hundredth of the scale. */
function draw() {
  const counts = [];
  for (let point = 0; point < 100; point++) {
    const next = point === 99 ? last + 1 : 10 * (point + 1); // the last one has the 1, too
    counts.push(dropped[10 * point] - dropped[next]);
  }
  const most = Math.max(1, ...counts);
  const columns = find("columns");
  columns.replaceChildren();
  counts.forEach((count, point) => {
    const height = barHeight(count, most, find("log").checked);
    const place = { x: point + 0.06, y: TALLEST - height, width: 0.88, height };
    const bar = addShape(columns, "rect", { class: "bar", ...place });
    const told = `${point / 100} to ${(point + 1) / 100}: ${grouped(count)} photos`;
    addShape(bar, "title", {}).textContent = told;
  });
  find("most").textContent = `highest bar: ${grouped(most)} photos`;
}

// A photograph, enlarged

let enlarged = null; // its figure

/** Show a figure's photograph large, beside its sharpest place, with all that is said of it. */
function enlarge(figure) {
  enlarged = figure;
  const button = figure.querySelector(".open");
  const drawing = button.querySelector("svg").cloneNode(true);
  const name = drawing.getAttribute("aria-label");
  drawing.style.maxWidth = `${ENLARGED * drawing.viewBox.baseVal.width}px`;
  find("whole").replaceChildren(drawing);
  find("whole").classList.toggle("mapped", figure.querySelector("input")?.checked ?? false);
  find("viewer-name").textContent = name.split("/").at(-1);
  const words = figure.querySelector("figcaption").cloneNode(true);
  find("viewer-words").replaceChildren(...words.childNodes);
  const crop = find(button.dataset.crop)?.cloneNode();
  find("place").querySelector("img")?.remove();
  find("place").hidden = !crop;
  if (crop) {
    crop.removeAttribute("id");
    crop.alt = `${name}: its sharpest place`;
    find("place").append(crop);
  }
  if (!find("viewer").open) find("viewer").showModal();
}

/** Go on to the next figure of the same gallery that can be enlarged. */
function turn(step) {
  const row = [...enlarged.parentElement.querySelectorAll("figure:not([hidden])")];
  const others = row.filter((figure) => figure.querySelector(".open"));
  const next = others[others.indexOf(enlarged) + step];
  if (next) enlarge(next);
}

for (const button of document.querySelectorAll(".open")) {
  button.addEventListener("click", () => enlarge(button.closest("figure")));
}
find("earlier").addEventListener("click", () => turn(-1));
find("later").addEventListener("click", () => turn(1));
find("viewer").addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") turn(-1);
  if (event.key === "ArrowRight") turn(1);
});
find("viewer").addEventListener("click", (event) => {
  if (event.target === find("viewer")) find("viewer").close(); // beside it
});

// A threshold, in steps: thousandths of P

/** Show what a threshold does. */
function choose(step) {
  showCounts(step);
  showCut(step);
  showFigures(step);
  showFolders(step);
}

function showCounts(step) {
  const text = (step / last).toFixed(3);
  find("slider").value = text;
  if (document.activeElement !== find("number")) find("number").value = text;
  find("value").textContent = text;
  find("dropped").textContent = grouped(dropped[step]);
  find("kept").textContent = grouped(dropped[0] - dropped[step]);
  find("share").textContent = percent(dropped[step], dropped[0]);
}

function showCut(step) {
  find("shade").setAttribute("x", step / 10);
  find("shade").setAttribute("width", 100 - step / 10);
  for (const end of ["x1", "x2"]) find("cut").setAttribute(end, step / 10);
}

/** Mark each photograph, and bring up the doubtful ones on either side. */
function showFigures(step) {
  const isDropped = (figure) => Number(figure.dataset.step) >= step;
  for (const figure of figures) {
    const drop = isDropped(figure);
    figure.classList.toggle("drop", drop);
    figure.classList.toggle("keep", !drop);
    figure.querySelector(".mark").textContent = drop ? "dropped" : "kept";
  }
  const over = doubtful.filter(isDropped).length; // they stand with their P falling
  const side = data.gallery / 2;
  doubtful.forEach((figure, place) => {
    figure.hidden = place < over - side || place >= over + side;
  });
}

function showFolders(step) {
  folderRows.forEach((row, folder) => {
    const sums = droppedByFolder[folder];
    put(row.cells[2], grouped(sums[step]), sums[step]);
    put(row.cells[3], percent(sums[step], sums[0]), sums[0] ? sums[step] / sums[0] : "");
  });
}

/** A cell's text, and what it is sorted by. */
function put(cell, text, value) {
  cell.textContent = text;
  cell.dataset.value = value;
}

/** The step of what was typed; null if that is no P. */
function stepOf(text) {
  const value = Number(text);
  return text !== "" && value >= 0 && value <= 1 ? Math.round(last * value) : null;
}

// The page's address remembers the threshold, so that it can be sent to others

function stepInAddress() {
  const found = location.hash.match(/threshold=([0-9.]+)/);
  return found && stepOf(found[1]);
}

function remember() {
  try {
    history.replaceState(null, "", "#threshold=" + find("slider").value);
  } catch {
    // some browsers refuse it to a page that is a file, and it works as well without
  }
}

for (const id of ["slider", "number"]) {
  find(id).addEventListener("input", (event) => {
    const step = stepOf(event.target.value);
    if (step !== null) choose(step);
  });
  find(id).addEventListener("change", () => {
    choose(stepOf(find("slider").value));
    remember();
  });
}
for (const button of document.querySelectorAll("[data-choose]")) {
  button.addEventListener("click", () => {
    choose(Number(button.dataset.choose));
    remember();
  });
}
find("log").addEventListener("change", draw);
find("maps")?.addEventListener("change", (event) => {
  for (const box of document.querySelectorAll("figure input")) box.checked = event.target.checked;
});
addEventListener("hashchange", () => {
  const step = stepInAddress();
  if (step !== null) choose(step);
});
draw();
choose(stepInAddress() ?? data.start);
