// One photo at a time: file -> pixels by the browser -> luma -> what the model says.

import * as ort from "./ort.wasm.bundle.min.mjs";

const LARGE = 1280; // pixels: a long side of at least twice as many is reduced before the model
const STRIP = 256; // rows that are looked at at once; phones refuse canvases of many pixels
const UNREAD = "this browser cannot read it; blurdct on a computer reads HEIC, TIFF, PDF and camera RAW";
const LEAST = 16; // pixels of a side

ort.env.wasm.numThreads = 1; // threads need headers that not every host sends; photos share cores
ort.env.wasm.wasmPaths = { wasm: new URL("ort-wasm-simd-threaded.wasm", import.meta.url).href };
let session = null;

addEventListener("message", async ({ data }) => {
  try {
    session ??= ort.InferenceSession.create(new URL("blurdct.onnx", import.meta.url).href);
    await session;
    postMessage(data.file ? await judge(data.file) : {});
  } catch (error) {
    session = data.file ? session : null;
    postMessage({ error: error.message || String(error) });
  }
});

async function judge(file) {
  const picture = await decoded(file);
  const { width, height } = picture;
  if (Math.min(width, height) < LEAST) {
    throw new Error(`too small, ${width}x${height} pixels; each side must have at least ${LEAST}`);
  }
  const factor = Math.max(1, Math.floor(Math.max(width, height) / LARGE));
  const sides = [Math.floor(height / factor), Math.floor(width / factor)];
  const pixels = luma(picture, factor, sides);
  picture.close();
  const model = await session;
  const told = await model.run({ luma: new ort.Tensor("uint8", pixels, sides) });
  const one = (name) => Number(told[name].data[0]);
  return {
    probability: one("probability"),
    evidence: one("evidence"),
    blur: one("blur") * factor,
    motion: told.motion ? one("motion") : null,
    reason: one("reason"),
    box: [...told.box.data],
    map: told.map.data.slice(),
    cells: [...told.map.dims],
    width,
    height,
  };
}

/** A photo upright by its EXIF, its colours as they are stored. */
async function decoded(file) {
  await file.slice(0, 1).arrayBuffer().catch(() => {
    throw new Error("cannot be read: it was moved or changed since it was chosen");
  });
  if (!file.size) throw new Error("empty file");
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  } catch {
    throw new Error(UNREAD);
  }
}

/** Grey levels, transparency over white; of factor x factor pixels the mean. */
function luma(picture, factor, [height, width]) {
  const rows = factor * Math.max(1, Math.floor(STRIP / factor));
  const canvas = new OffscreenCanvas(picture.width, rows);
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  const found = new Uint8Array(width * height), sums = new Uint32Array(width);
  const area = factor * factor, half = area >> 1;
  for (let top = 0; top < height * factor; top += rows) {
    const tall = Math.min(rows, height * factor - top);
    paint.fillStyle = "white";
    paint.fillRect(0, 0, picture.width, tall);
    paint.drawImage(picture, 0, -top);
    const { data } = paint.getImageData(0, 0, picture.width, tall);
    for (let row = 0; row < tall; row++) {
      let at = 4 * row * picture.width;
      for (let column = 0; column < width; column++) {
        let sum = 0;
        for (let step = 0; step < factor; step++, at += 4) {
          sum += (19595 * data[at] + 38470 * data[at + 1] + 7471 * data[at + 2] + 32768) >>> 16;
        }
        sums[column] += sum;
      }
      if ((row + 1) % factor) continue;
      const start = Math.floor((top + row) / factor) * width;
      for (let column = 0; column < width; column++) found[start + column] = (sums[column] + half) / area;
      sums.fill(0);
    }
  }
  return found;
}
