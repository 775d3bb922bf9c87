"""The verdict on a photo, by ONNX Runtime alone: python judge.py blurdct.onnx photo.jpg"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1])
facts = session.get_modelmeta().custom_metadata_map
luma = np.asarray(ImageOps.exif_transpose(Image.open(sys.argv[2])).convert("L"))
names = [one.name for one in session.get_outputs()]
told = dict(zip(names, session.run(names, {"luma": luma}), strict=True))
if reason := int(told["reason"][0]):
    print("unknown:", json.loads(facts["reasons"])[reason - 1])
else:
    p, blur = float(told["probability"][0]), float(told["blur"][0])
    label = "blurred" if p >= float(facts["threshold"]) else "sharp"
    print(f"{label}: P(blurred) {p:.4f}, blur {blur:.1f} pixels, map {told['map'].shape}")
