"""Builds the operator kernels where a compiler is there, and installs without them elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from setuptools import setup

# The oldest torch whose stable ABI the kernels use.
TARGET = (2, 11)


def sources(folder: str, suffix: str) -> list[str]:
    """List the source files of a folder, relative to this file."""
    root = Path(__file__).parent
    return sorted(str(p.relative_to(root)) for p in (root / "csrc" / folder).glob(f"*{suffix}"))


def options(kind: str) -> dict[str, Any]:
    """State what both libraries are compiled with."""
    flags = ["-O3", "-g0", "-std=c++20", "-fno-math-errno", "-fno-trapping-math"]
    compile_args: dict[str, list[str]] = {"cxx": flags}
    if kind == "cuda":
        compile_args["nvcc"] = ["-O3", "-std=c++20", "-DUSE_CUDA"]
    return {
        "define_macros": [
            ("TORCH_TARGET_VERSION", f"0x{TARGET[0]:02x}{TARGET[1]:02x}000000000000ULL"),
            ("FASH_TORCH_TARGET", '"{}.{}"'.format(*TARGET)),
        ],
        "depends": sources("common", ".h") + sources("cpu", ".h") + sources("cuda", ".cuh"),
        "extra_compile_args": compile_args,
        "optional": True,
    }


def warn(reason: str) -> None:
    """Say on the standard error stream that operators will run eagerly, and why."""
    line = "=" * 78
    print(
        f"{line}\nfasharness: no compiled operators: {reason}\n"
        f"fasharness: everything works without them, only slower.\n{line}",
        file=sys.stderr,
        flush=True,
    )


def extensions() -> dict[str, Any]:
    """Decide which libraries can be built here, and how."""
    compiler = os.environ.get("CXX", "c++").split()[0]
    if shutil.which(compiler) is None:
        warn(f"there is no C++ compiler {compiler!r} (set CXX to name another)")
        return {}
    try:
        import torch
        from torch.utils import cpp_extension
    except ImportError as error:
        warn(f"torch cannot be imported during the build ({error}); use --no-build-isolation")
        return {}
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if version < TARGET:
        warn(f"torch {torch.__version__} is older than {TARGET[0]}.{TARGET[1]}")
        return {}
    built = [
        cpp_extension.CppExtension(
            "fasharness.ops._C", ["csrc/build_info.cpp", *sources("cpu", ".cpp")], **options("cpu")
        )
    ]
    if torch.version.cuda is not None and cpp_extension.CUDA_HOME is not None:
        os.environ.setdefault("TORCH_CUDA_ARCH_LIST", "8.0;9.0;10.0+PTX")
        built.append(
            cpp_extension.CUDAExtension(
                "fasharness.ops._C_cuda", sources("cuda", ".cu"), **options("cuda")
            )
        )

    class Build(cpp_extension.BuildExtension):
        """A failed build of a library is reported, and the installation goes on."""

        def build_extension(self, ext: Any) -> None:
            try:
                super().build_extension(ext)
            except Exception as error:  # noqa: BLE001 - whatever fails, the fallbacks remain
                warn(f"building {ext.name} failed ({type(error).__name__}: {error})")

    return {"ext_modules": built, "cmdclass": {"build_ext": Build}}


setup(**extensions())
