#!/usr/bin/env bash
# Checks the CUDA sources without a GPU: compiles them for every supported architecture if nvcc is
# there, and runs the operator tests on a host emulation of them. Usage: csrc/check_cuda.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
include=$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "include"))')
flags=(-O3 -std=c++20 -DTORCH_TARGET_VERSION=0x020b000000000000ULL "-I$include")

if command -v nvcc > /dev/null; then
  for source in csrc/cuda/*.cu; do
    nvcc -c "${flags[@]}" -DUSE_CUDA -Xptxas -warn-spills -Werror all-warnings \
      -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 \
      -gencode arch=compute_100,code=sm_100 "$source" -o "$out/object.o"
    echo "compiled for sm_80, sm_90, sm_100: $source"
  done
else
  echo "no nvcc: the CUDA sources are only emulated"
fi

for source in csrc/cuda/*.cu; do
  "${CXX:-c++}" -c -fPIC "${flags[@]}" -DFASH_EMULATE -x c++ "$source" -o "$out/$(basename "$source").o"
done
library=$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))')
"${CXX:-c++}" -shared -o "$out/emulated.so" "$out"/*.cu.o "-L$library" -ltorch_cpu -ltorch -lc10
FASHARNESS_OPS=eager FASHARNESS_TEST_LIBRARY="$out/emulated.so" "$python" -m pytest -q tests/ops \
  --ignore tests/ops/test_native.py -k "${EMULATED_TESTS:-not compile and not wide and not threads and not derivatives}"
