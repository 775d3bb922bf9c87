"""ffmpeg: its filter ``blurdetect``, a process for each photo. It has no threshold for photographs.

The static binary is that of the package imageio-ffmpeg.
"""

import re
import subprocess

from _answer import Said, answer
from imageio_ffmpeg import get_ffmpeg_exe

WORDS = [get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-threads", "1", "-i"]
FILTER = ["-filter_threads", "1", "-vf", "blurdetect", "-frames:v", "1", "-f", "null", "-"]


def judge(path: str) -> Said:
    """Mean width of edges: the wider, the more blurred."""
    done = subprocess.run([*WORDS, path, *FILTER], capture_output=True, text=True, check=True)
    found = re.search(r"blur mean: (\S+)", done.stderr)
    if found is None:
        raise ValueError("no mean among what it says")
    return float(found[1]), None


answer(judge)
