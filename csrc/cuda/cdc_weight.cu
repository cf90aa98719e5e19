// CUDA kernels of the central-difference merge: one thread per kernel of the weight.
#include <optional>

#include "../common/cdc_weight.h"
#include "launch.cuh"

// The loader looks for this mark in the file before it loads it.
extern "C" __attribute__((used, visibility("default"))) const char fasharness_ops_mark[] =
    FASH_OPS_MARK;

namespace fash {
namespace {

// Passed by value with the launch: no copy to the device, and room for a kernel of 7x7x7.
template <class A>
struct Masks {
  static constexpr int kMost = 343;
  int taps;
  A sample[kMost], spread[kMost];
  Masks(const std::vector<double>& read, const std::vector<double>& write)
      : taps(static_cast<int>(read.size())) {
    STD_TORCH_CHECK(taps <= kMost, "weight must have at most ", kMost, " taps, got ", taps);
    for (int k = 0; k < taps; ++k) {
      sample[k] = static_cast<A>(read[k]);
      spread[k] = static_cast<A>(write[k]);
    }
  }
};

template <class T>
__global__ void merge_kernel(const T* from, T* to, int64_t rows, double scale, const T* theta,
                             Masks<Accumulator<T>> masks) {
  using A = Accumulator<T>;
  const int64_t i = thread_index();
  if (i >= rows) return;
  const A factor = static_cast<A>(scale) * (theta ? static_cast<A>(*theta) : A(1));
  const int64_t first = i * masks.taps;
  const A total = factor * weighted_sum<A>(from + first, masks.sample, masks.taps);
  for (int k = 0; k < masks.taps; ++k)
    to[first + k] =
        static_cast<T>(merged_tap(static_cast<A>(from[first + k]), total, masks.spread[k]));
}

template <class T>
__global__ void product_kernel(const T* weight, const T* grad, int64_t rows,
                               Masks<Accumulator<T>> masks, double* partial) {
  using A = Accumulator<T>;
  FASH_SHARED(double, shared);
  const int64_t i = thread_index();
  double product = 0;
  if (i < rows)
    product =
        static_cast<double>(weighted_sum<A>(weight + i * masks.taps, masks.sample, masks.taps)) *
        weighted_sum<A>(grad + i * masks.taps, masks.spread, masks.taps);
  product = block_sum(product, shared);
  if (threadIdx.x == 0) partial[blockIdx.x] = product;
}

Tensor merged(const Tensor& weight, double scale, std::optional<Tensor> theta,
              std::vector<double> sample, std::vector<double> spread) {
  const Guard guard(weight.get_device_index());
  const Tensor from = torch::stable::contiguous(weight);
  Tensor out = new_tensor(from, sizes_of(from), MemoryFormat::Contiguous);
  const int64_t rows = from.numel() / static_cast<int64_t>(sample.size());
  dispatch(from, "cdc_weight", [&]<class T>(Type<T>) {
    const T* factor = theta ? theta->const_data_ptr<T>() : nullptr;
    launch(merge_kernel<T>, blocks_for(rows, 256), 256, 0, stream_of(from),
           from.const_data_ptr<T>(), out.mutable_data_ptr<T>(), rows, scale, factor,
           Masks<Accumulator<T>>(sample, spread));
  });
  return out;
}

Tensor theta_grad(const Tensor& weight, const Tensor& grad, std::vector<double> sample,
                  std::vector<double> spread) {
  const Guard guard(weight.get_device_index());
  const Tensor w = torch::stable::contiguous(weight), g = torch::stable::contiguous(grad);
  const int64_t rows = w.numel() / static_cast<int64_t>(sample.size()),
                blocks = blocks_for(rows, 256);
  Tensor partial = torch::stable::empty({blocks}, torch::headeronly::ScalarType::Double,
                                        std::nullopt, w.device());
  Tensor out = new_tensor(w, {}, MemoryFormat::Contiguous);
  dispatch(w, "cdc_theta_grad", [&]<class T>(Type<T>) {
    launch(product_kernel<T>, blocks, 256, 256 * sizeof(double), stream_of(w),
           w.const_data_ptr<T>(), g.const_data_ptr<T>(), rows,
           Masks<Accumulator<T>>(sample, spread), partial.mutable_data_ptr<double>());
    launch(sum_partials<T>, 1, 256, 256 * sizeof(double), stream_of(w),
           partial.const_data_ptr<double>(), blocks, -1.0, out.mutable_data_ptr<T>());
  });
  return out;
}

}  // namespace
}  // namespace fash

STABLE_TORCH_LIBRARY_IMPL(fasharness, FASH_KEY, library) {
  library.impl("cdc_weight", TORCH_BOX(&fash::merged));
  library.impl("cdc_theta_grad", TORCH_BOX(&fash::theta_grad));
}
