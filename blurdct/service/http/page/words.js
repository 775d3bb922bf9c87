// Numbers and verdicts as people read them.

export const find = (id) => document.getElementById(id);

// From sharp to blurred, and then what has no number: the order that verdicts are sorted in.
export const KINDS = ["sharp", "sharp?", "blurred?", "blurred", "unknown", "unreadable"];

/** The label of an item, `unreadable` if it has none; empty while there is no answer. */
export const label = (item) => (item.error ? "unreadable" : item.result?.label ?? "");

/** Whether an item is sharp or blurred, but may as well be the other one. */
export const doubtful = (item) => ["sharp", "blurred"].includes(label(item)) && !item.result.sure;

/** The verdict on an item, one of `KINDS`; empty while there is none. */
export const kind = (item) => label(item) + (doubtful(item) ? "?" : "");

/** The same for those who listen. */
export const spoken = (item) => label(item) + (doubtful(item) ? ", not sure" : "");

/** Show the verdict on an item in an element, with words for as long as there is none. */
export function pill(element, item, waiting) {
  element.className = ["pill", label(item), doubtful(item) ? "doubtful" : ""].filter(Boolean).join(" ");
  element.textContent = kind(item) || waiting;
}

/** A verdict at another threshold: by the rule of the service, which need not see the photo again. */
export function at(result, { sure_sharp, sure_blurred }, threshold) {
  const p = result.probability;
  if (p === null) return { ...result, threshold };
  const blurred = p >= threshold;
  const sure = blurred ? p >= sure_blurred : p < sure_sharp;
  return { ...result, threshold, label: blurred ? "blurred" : "sharp", sure };
}

/** Why a text is no threshold, in a sentence; empty if it is one. */
export function wrong(text) {
  const p = Number(text);
  if (text !== "" && p >= 0 && p <= 1) return "";
  const hint = p > 1 && p <= 100 ? ` Did you mean ${limit(p / 100)}?` : "";
  return `Expected P from 0 to 1.${hint}`;
}

export const points = (score) => score.toFixed(1);
export const limit = (p) => String(Number(p.toFixed(3)));
export const percent = (part) => `${Math.round(100 * part)}%`;
export const count = (number, name) => `${number.toLocaleString("en")} ${name}${number === 1 ? "" : "s"}`;

export const size = (bytes) =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`;

/** The part of an item that is sharp, 0..1, by its verdict or its map; null if none says. */
export const sharp = (item) => item.result?.sharp_fraction ?? item.map?.sharp ?? null;

/** What an item that is blurred, also at another threshold, is blurred by; null if nobody says. */
export const blurKind = (item) => (label(item) === "blurred" && item.result.kind) || null;

const SURELY = 0.9; // P of a kind, from which on there is no question mark
const BLURRED_BY = { defocus: "out of focus", motion: "moved" };

/** That in words, with a question mark where the other kind may as well be right. */
function blurredBy(item) {
  const words = BLURRED_BY[blurKind(item)];
  return words && words + (item.result.kind_probability < SURELY ? "?" : "");
}

/** How sharp an item is beyond its score, in words: as far as its verdict, or its map, tells. */
export function measures(item) {
  const part = sharp(item), blur = item.result?.blur ?? item.map?.blur ?? null;
  const words = [
    blurredBy(item),
    part !== null && `${percent(part)} of it sharp`,
    blur !== null && `blur about ${Math.max(1, Math.round(blur))} px`,
    kind(item) && item.result?.evidence && `${percent(item.result.evidence)} of it to judge by`,
  ];
  return words.filter(Boolean).join(" \u00b7 ");
}

/** What is to be said of an item beside its verdict; mostly nothing. */
export const remark = (item) =>
  item.error || [item.result?.reason, item.result?.note].filter(Boolean).join("; ");

/** Put a name into an element so that it may break between words, and anywhere if it must. */
export function name(element, text) {
  const parts = text.split(/(?<=[_\- /\\])/);
  element.replaceChildren(...parts.flatMap((part) => [part, document.createElement("wbr")]));
}

/** What a verdict rests on, in a sentence; limits may be missing. */
export function why(result, limits) {
  if (result.reason) return `Nothing to judge by: ${result.reason}.`;
  const { probability: p, threshold, label, sure } = result, blurred = label === "blurred";
  const told = p > 0.9995 ? "over 0.999" : p < 0.0005 ? "under 0.001" : limit(p);
  const from = (end) => (blurred ? `from ${limit(end)} on` : `below ${limit(end)}`);
  const base = `P(blurred) is ${told}; ${from(threshold)} a photo is ${label}`;
  if (!limits) return `${base}.`;
  const end = blurred ? Math.max(threshold, limits.sure_blurred) : Math.min(threshold, limits.sure_sharp);
  if (!sure) return `${base}, but surely so only ${from(end)}: look at it.`;
  return end === threshold ? `${base}, and surely so.` : `${base}, and surely so ${from(end)}.`;
}
