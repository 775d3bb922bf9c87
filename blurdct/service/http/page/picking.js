// Ways in: dropped files and folders, the file dialog, the camera, the clipboard.

// Of files in folders, where much else lies about; what is dropped by itself is tried in any case.
const PHOTO = new RegExp(
  "[.](arw|avif|bmp|cr2|cr3|dib|dng|gif|heic|heif|hif|j2k|jfif|jp2|jpe|jpe?g|nef|nrw|orf|pbm|pef|pgm" +
  "|png|pnm|ppm|raf|rw2|srw|tiff?|webp)$", "i",
);

/** Calls `add` with a list of `{file, path}` whenever people bring some. */
export function listen(inputs, add) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      add([...input.files].map((file) => ({ file, path: file.name })));
      input.value = ""; // the same file may be chosen again
    });
  }
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) add(files.map((file) => ({ file, path: file.name })));
  });
  let depth = 0; // a drag enters each element that it comes over, and leaves it
  const over = (change) => {
    depth = Math.max(0, change ? depth + change : 0);
    document.body.classList.toggle("over", depth > 0);
  };
  const files = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => { if (files(event)) over(1); });
  document.addEventListener("dragleave", (event) => { if (files(event)) over(-1); });
  document.addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
  document.addEventListener("drop", async (event) => {
    if (!files(event)) return;
    event.preventDefault(); // or the browser leaves the page for the photo
    over(0);
    add(await dropped(event.dataTransfer));
  });
}

async function dropped(transfer) {
  // All of it is asked for before the first pause, after which the list is empty.
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const things = items.map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]);
  const found = [];
  for (const [entry, file] of things) {
    if (entry?.isDirectory) await walk(entry, found);
    else if (file) found.push({ file, path: file.name });
  }
  return found;
}

async function walk(folder, found) {
  const reader = folder.createReader();
  const entries = [];
  for (let some; !some || some.length;) { // comes in portions; the last one is empty
    some = await new Promise((done) => reader.readEntries(done, () => done([])));
    entries.push(...some);
  }
  entries.sort((one, two) => one.name.localeCompare(two.name, "en"));
  for (const entry of entries) {
    if (entry.isDirectory) await walk(entry, found);
    else if (PHOTO.test(entry.name) && !entry.name.startsWith(".")) {
      const file = await new Promise((done) => entry.file(done, () => done(null)));
      if (file) found.push({ file, path: entry.fullPath.replace(/^[/]/, "") });
    }
  }
}
