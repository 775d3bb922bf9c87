// The verdict on a photo, by ONNX Runtime alone: node judge.mjs blurdct.onnx photo.pgm

import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";

const [, , model, photo] = process.argv;
const file = readFileSync(photo); // a portable graymap: "P5 WIDTH HEIGHT 255", then the pixels
const [head, width, height] = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(file.toString("latin1"));
const luma = new Uint8Array(file.subarray(head.length));

const session = await ort.InferenceSession.create(model);
const input = new ort.Tensor("uint8", luma, [Number(height), Number(width)]);
const told = await session.run({ luma: input });
const one = (name) => Number(told[name].data[0]);
const label = one("reason") ? "unknown" : one("probability") >= 0.5 ? "blurred" : "sharp";
console.log(`${label}: P(blurred) ${one("probability").toFixed(4)}, blur ${one("blur").toFixed(1)} ` +
  `pixels, map (${told.map.dims.join(", ")})`);
