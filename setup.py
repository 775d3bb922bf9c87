"""The compiled kernel; pyproject.toml says all else.

It is left out where there is no compiler for it: NumPy's code does the same, more slowly.
"""

import sys
import sysconfig

from setuptools import Extension, setup

ONE_VERSION = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))  # has no stable interface

HEADERS = ("width", "lanes", "regions", "area", "summary", "light")

kernel = Extension(
    "blurdct.kernel._compiled",
    sources=["blurdct/kernel/compiled.c"],
    depends=[f"blurdct/kernel/{name}.h" for name in HEADERS],
    extra_compile_args=[
        *("-std=gnu11", "-O3", "-fwrapv", "-fno-math-errno", "-fno-trapping-math"),
        "-Wno-psabi",  # vectors are handed on between functions of one file alone
    ],
    libraries=["m"],
    py_limited_api=not ONE_VERSION,
    optional=True,
)

setup(
    # Microsoft's compiler has no vectors as numbers
    ext_modules=[] if sys.platform == "win32" else [kernel],
    options={} if ONE_VERSION else {"bdist_wheel": {"py_limited_api": "cp311"}},
)
