// The table as a file of results: the columns that `blurdct scan` writes and `blurdct filter` reads.

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
  model: (item) => item.result?.model,
  digest: () => "",
  note: (item) => item.result?.note,
  error: (item) => item.error && `${item.path}: ${item.error}`,
};

/** One line for each item that has a verdict or an error, below the names of columns. */
export function csv(items) {
  const done = items.filter((item) => item.result || item.error);
  const rows = done.map((item) => Object.values(COLUMNS).map((value) => cell(value(item))));
  return [Object.keys(COLUMNS), ...rows].map((row) => `${row.join(",")}\n`).join("");
}

function cell(value) {
  const text = String(value ?? "");
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
