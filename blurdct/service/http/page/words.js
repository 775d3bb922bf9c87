// Numbers and verdicts as people read them.

export const find = (id) => document.getElementById(id);
export const KINDS = ["clear", "medium", "blurred", "unknown", "unreadable"];

/** The verdict on an item, one of `KINDS`; empty while there is none. */
export const kind = (item) => (item.error ? "unreadable" : item.result?.label ?? "");

export const points = (score) => score.toFixed(1);
export const percent = (part) => `${Math.round(100 * part)}%`;
export const count = (number, name) => `${number.toLocaleString("en")} ${name}${number === 1 ? "" : "s"}`;

export const size = (bytes) =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`;

/** The part of an item that is sharp, 0..1, by its verdict or its map; null if none says. */
export const sharp = (item) => item.result?.sharp_fraction ?? item.map?.sharp ?? null;

/** Put a name into an element so that it may break between words, and anywhere if it must. */
export function name(element, text) {
  const parts = text.split(/(?<=[_\- /\\])/);
  element.replaceChildren(...parts.flatMap((part) => [part, document.createElement("wbr")]));
}

/** What a verdict rests on, in a sentence. */
export function why(result, limits) {
  if (result.reason) return `Nothing to judge by: ${result.reason}.`;
  if (!limits) return "";
  const { clear, blurred } = limits;
  if (result.label === "clear") return `Clear is what has a score below ${points(clear)}.`;
  if (result.label === "blurred") return `Blurred is what has a score of ${points(blurred)} or more.`;
  return `Medium is what has a score between ${points(clear)} and ${points(blurred)}.`;
}
