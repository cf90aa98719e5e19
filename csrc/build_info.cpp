// The Python side of the CPU library: what was built, with what, for what.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <torch/headeronly/version.h>

#include <map>
#include <string>

#include "common/platform.h"

// The loader looks for this mark in the file before it loads it.
extern "C" __attribute__((used, visibility("default"))) const char fasharness_ops_mark[] =
    FASH_OPS_MARK;

namespace {

std::map<std::string, std::string> build_info() {
  return {{"built with", "C++ " __VERSION__},
          {"instruction sets", FASH_SIMD_LEVELS},
          {"built against torch", TORCH_VERSION},
          {"runs on torch from", FASH_TORCH_TARGET}};
}

}  // namespace

PYBIND11_MODULE(_C, module) {
  module.doc() = "CPU kernels of fasharness.ops, and what they were built with.";
  module.def("build_info", &build_info, "What was built, with what, for what.");
}
