"""``blur.thrift`` as Python sees it: its services, structs and exceptions."""

from pathlib import Path
from typing import Any

import thriftpy2

IDL: Any = thriftpy2.load(str(Path(__file__).with_name("blur.thrift")), module_name="blur_thrift")
SERVICE: Any = IDL.BlurDetector  # has the method of blur_detection, too
PORT = 9099
