"""An ONNX graph -> a session that runs it."""

import onnxruntime

from ..errors import ModelError


def open_session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a row is too little to share
    options.log_severity_level = 3  # errors only
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a dozen types of its own
        raise ModelError(f"the model's graph cannot be run ({first_line(error)})") from error


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
