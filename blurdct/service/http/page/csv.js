// The table as a file of results: the columns that `blurdct scan` writes and `blurdct filter` reads.

import { blurKind } from "./words.js";

const COLUMNS = {
  path: (item) => item.path,
  bytes: (item) => item.file.size,
  modified: (item) => item.file.lastModified / 1000,
  width: (item) => item.result?.width,
  height: (item) => item.result?.height,
  probability: (item) => item.result?.probability,
  score: (item) => item.result?.score,
  label: (item) => item.result?.label,
  sure: (item) => item.result?.sure,
  threshold: (item) => item.result?.threshold,
  reason: (item) => item.result?.reason,
  sharp_fraction: (item) => item.result?.sharp_fraction,
  evidence: (item) => item.result?.evidence,
  blur: (item) => item.result?.blur,
  kind: (item) => blurKind(item),
  kind_probability: (item) => blurKind(item) && item.result.kind_probability,
  model: (item) => item.result?.model,
  digest: () => "",
  note: (item) => item.result?.note,
  error: (item) => item.error && `${item.path}: ${item.error}`,
};

/** One line for each item that has a verdict or an error, below the names of columns. */
export function csv(items) {
  const done = items.filter((item) => item.result || item.error);
  const rows = done.map((item) => Object.values(COLUMNS).map((value) => value(item) ?? ""));
  const table = [Object.keys(COLUMNS), ...rows];
  if (rows.some((row) => row.some(isFormula))) {
    // blurdct takes the apostrophes off again in the rows whose last cell is one
    table[0].push("escaped");
    for (const [place, row] of rows.entries()) table[place + 1] = escaped(row);
  }
  return table.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** Whether a spreadsheet would take a text for a formula. */
function isFormula(value) {
  return typeof value === "string" && /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value);
}

/** A row in which no text is a formula, and whether one was. */
function escaped(row) {
  if (!row.some(isFormula)) return [...row, ""];
  const risky = (value) => isFormula(value) || String(value).startsWith("'");
  return [...row.map((value) => (risky(value) ? `'${value}` : value)), "'"];
}

function cell(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Hand a text to the browser as a download. */
export function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the download has begun by then
}
