"""Style and script of the report of a collection, beside those that every page has."""

from ..utils import html

CSS = f"""{html.CSS}
:root {{ --bar: #6b7685; --drop: #c2410c; --keep: #14784a; --shade: rgb(194 65 12 / .14); }}
@media (prefers-color-scheme: dark) {{
  :root {{ --bar: #8b95a5; --drop: #fb923c; --keep: #4ade80; --shade: rgb(251 146 60 / .2); }}
}}
nav {{ margin-bottom: 1rem; }}
section {{ scroll-margin-top: 1rem; }}
.facts {{ display: flex; flex-wrap: wrap; gap: .5rem 2.2rem; margin: 1.2rem 0; padding: 0; }}
.facts div {{ display: flex; flex-direction: column-reverse; }}
.facts dt {{ color: var(--soft); font-size: .85rem; }}
.facts dd {{ margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }}
#choice {{ border: 1px solid var(--line); border-radius: 8px; padding: .2rem 1.1rem 1.1rem; }}
#choice h2 {{ margin-top: .8rem; }}
#bars {{ height: 180px; overflow: visible; border-bottom: 1px solid var(--soft); }}
#bars .bar {{ fill: var(--bar); }}
#bars .shade {{ fill: var(--shade); }}
#bars line {{ vector-effect: non-scaling-stroke; stroke: var(--soft); stroke-dasharray: 3 4; }}
#bars .cut {{ stroke: var(--drop); stroke-width: 2; stroke-dasharray: none; }}
.axis, .scale, .tall {{ display: flex; justify-content: space-between; color: var(--soft);
  font-size: .8rem; }}
.axis span {{ width: 0; display: flex; justify-content: center; white-space: nowrap; }}
.axis :first-child {{ justify-content: flex-start; }}
.axis :last-child {{ justify-content: flex-end; }}
#slider {{ display: block; width: calc(100% + 16px); margin: .3rem -8px;
  accent-color: var(--soft); }}
.row {{ display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; align-items: center; margin: .7rem 0; }}
.row button, .row input[type=number] {{ width: auto; border: 1px solid var(--line);
  border-radius: 6px; padding: .3rem .7rem; font: inherit; color: inherit;
  background: var(--ground); }}
.row input[type=number] {{ width: 6rem; font-variant-numeric: tabular-nums; }}
.row button {{ background: var(--stripe); }}
.row button:focus-visible, input:focus-visible {{ outline: 2px solid var(--link);
  outline-offset: 2px; }}
output b {{ font-variant-numeric: tabular-nums; }}
.lost {{ color: var(--drop); }}
.stay {{ color: var(--keep); }}
code {{ background: var(--stripe); padding: .15rem .4rem; border-radius: 4px; font-size: .85rem;
  overflow-wrap: anywhere; }}
.photos {{ grid-template-columns: repeat(auto-fill, minmax(min(10.5rem, 44vw), 1fr)); gap: 1rem; }}
figure {{ position: relative; border-top: 3px solid transparent; }}
figure.drop {{ border-color: var(--drop); }}
figure.keep {{ border-color: var(--keep); }}
figure svg, figure .none {{ width: 100%; height: 9rem; background: var(--stripe); padding: 0;
  margin-bottom: .35rem; text-align: center; }}
figure input {{ position: absolute; top: .35rem; right: .35rem; margin: 0; opacity: 0;
  width: 2.8rem; height: 1.5rem; cursor: pointer; }}
figure label {{ position: absolute; top: .35rem; right: .35rem; width: 2.8rem; line-height: 1.5rem;
  text-align: center; border-radius: 4px; background: rgb(0 0 0 / .62); color: #fff;
  pointer-events: none; }}
figure input:checked + label {{ background: #fde725; color: #1b1d21; }}
figure input:focus-visible + label {{ outline: 2px solid var(--link); outline-offset: 1px; }}
.map {{ display: none; opacity: .5; }}
input:checked ~ svg .map {{ display: inline; }}
input:checked ~ svg .shot {{ filter: grayscale(1); }}
.scale {{ width: 17rem; max-width: 100%; gap: .6rem; align-items: center; }}
.scale i {{ flex: 1; height: .6rem; border-radius: 3px; background: linear-gradient(to right,
  #440154, #414487, #2a788e, #22a884, #7ad151, #fde725); }}
.mark {{ font-weight: 600; }}
.drop .mark {{ color: var(--drop); }}
.keep .mark {{ color: var(--keep); }}
.wide {{ max-height: 30rem; }}
details {{ margin-top: .8rem; }}
#folders tbody th {{ min-width: min(16rem, 40vw); max-width: 30rem; }}
li {{ overflow-wrap: anywhere; margin: .2rem 0; font-size: .85rem; }}
@media (max-width: 30rem) {{
  #choice {{ padding: .1rem .8rem .8rem; }}
  #bars {{ height: 120px; }}
  figure svg, figure .none {{ height: 7.5rem; }}
}}
"""

# All numbers stand in the page: photographs by score in tenths of a point, and the same for each
# folder. A threshold drops what has its tenth or a higher one.
SCRIPT = """
"use strict";
const find = (id) => document.getElementById(id);
const data = JSON.parse(find("data").textContent);
const last = data.counts.length - 1;
const behind = (counts) => {
  const sums = [...counts, 0];
  for (let step = last; step >= 0; step--) sums[step] += sums[step + 1];
  return sums;
};
const dense = (pairs) => {
  const counts = new Array(last + 1).fill(0);
  for (let i = 0; i < pairs.length; i += 2) counts[pairs[i]] = pairs[i + 1];
  return counts;
};
const all = behind(data.counts), folders = data.folders.map((pairs) => behind(dense(pairs)));
const figures = [...document.querySelectorAll("figure")];
const near = [...document.querySelectorAll("#doubtful figure")];
const rows = [...document.querySelectorAll("#folders tbody tr")];
const number = (value) => value.toLocaleString("en");
const share = (part, whole) => whole ? (100 * part / whole).toFixed(1) + "%" : "-";
const put = (cell, text, value) => { cell.textContent = text; cell.dataset.value = value; };

const shape = (kind, attributes, parent) => {
  const one = document.createElementNS(find("bars").namespaceURI, kind);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  parent.append(one);
  return one;
};
const height = (count, most, log) =>
  count ? 100 * (log ? Math.log1p(count) / Math.log1p(most) : count / most) : 0;
const draw = () => {
  const log = find("log").checked, bars = find("columns"), points = [];
  for (let point = 0; point < 100; point++) {  // the last one has the score of 100, too
    points.push(all[10 * point] - (point === 99 ? 0 : all[10 * point + 10]));
  }
  const most = Math.max(1, ...points);
  bars.replaceChildren();
  points.forEach((count, point) => {
    const high = Math.max(height(count, most, log), count ? 0.6 : 0);
    const bar = shape("rect", { class: "bar", x: point + 0.06, width: 0.88, y: 100 - high,
      height: high }, bars);
    shape("title", {}, bar).textContent = `${point} to ${point + 1}: ${number(count)} photos`;
  });
  find("most").textContent = `highest bar: ${number(most)} photos`;
};

const choose = (step) => {
  const text = (step / 10).toFixed(1), lost = all[step];
  find("slider").value = text;
  if (document.activeElement !== find("number")) find("number").value = text;
  find("dropped").textContent = number(lost);
  find("kept").textContent = number(all[0] - lost);
  find("share").textContent = share(lost, all[0]);
  find("value").textContent = text;
  find("shade").setAttribute("x", step / 10);
  find("shade").setAttribute("width", 100 - step / 10);
  for (const end of ["x1", "x2"]) find("cut").setAttribute(end, step / 10);
  for (const figure of figures) {
    const drop = Number(figure.dataset.step) >= step;
    figure.classList.toggle("drop", drop);
    figure.classList.toggle("keep", !drop);
    figure.querySelector(".mark").textContent = drop ? "dropped" : "kept";
  }
  const over = near.filter((figure) => Number(figure.dataset.step) >= step).length;
  const side = data.gallery / 2;
  near.forEach((figure, place) => { figure.hidden = place < over - side || place >= over + side; });
  for (const row of rows) {
    const sums = folders[Number(row.dataset.folder)];
    put(row.cells[2], number(sums[step]), sums[step]);
    put(row.cells[3], share(sums[step], sums[0]), sums[0] ? sums[step] / sums[0] : "");
  }
};
const wanted = (text) => {
  const value = Number(text);
  return text !== "" && value >= 0 && value <= 100 ? Math.round(10 * value) : null;
};
const from_address = () => {
  const found = location.hash.match(/threshold=([0-9.]+)/);
  return found && wanted(found[1]);
};
const remember = () => {
  try { history.replaceState(null, "", "#threshold=" + find("slider").value); } catch { }
};
for (const id of ["slider", "number"]) {
  find(id).addEventListener("input", (event) => {
    const step = wanted(event.target.value);
    if (step !== null) choose(step);
  });
  find(id).addEventListener("change", () => { choose(wanted(find("slider").value)); remember(); });
}
for (const button of document.querySelectorAll("[data-choose]")) {
  button.addEventListener("click", () => { choose(Number(button.dataset.choose)); remember(); });
}
find("log").addEventListener("change", draw);
find("maps")?.addEventListener("change", (event) => {
  for (const one of document.querySelectorAll("figure input")) one.checked = event.target.checked;
});
addEventListener("hashchange", () => { if (from_address() !== null) choose(from_address()); });
draw();
choose(from_address() ?? data.start);
"""
