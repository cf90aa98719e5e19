// CPU kernels of the central-difference merge: each kernel of the weight is one short row of taps.
#include "../common/cdc_weight.h"

#include <optional>

#include "rows.h"

namespace fash {
namespace {

using Mask = std::vector<double>;

// Weights below this size are not worth waking another thread.
constexpr int64_t kGrain = 1 << 15;

// Kernels that are merged at once: loops over them, not over their taps, fill the registers.
constexpr int64_t kRows = 64;

// A number of taps that is known at compile time lets the loops over them unroll.
template <int64_t kTaps, class A>
FASH_SIMD void merge_block(const A* __restrict from, A* __restrict to, int64_t rows,
                           const A* __restrict sample, const A* __restrict spread, A theta,
                           int64_t count) {
  const int64_t taps = kTaps > 0 ? kTaps : count;
  A totals[kRows];
  for (int64_t i = 0; i < rows; ++i)
    totals[i] = theta * weighted_sum<A>(from + i * taps, sample, taps);
  for (int64_t k = 0; k < taps; ++k)
    for (int64_t i = 0; i < rows; ++i)
      to[i * taps + k] = merged_tap(from[i * taps + k], totals[i], spread[k]);
}

// The same in other dtypes than that of the sums, through two buffers.
template <class T, class A, class Merge>
void merge_widened(const T* from, T* to, int64_t count, std::vector<A>& buffers,
                   const Merge& merge) {
  A *wide = buffers.data(), *merged = wide + buffers.size() / 2;
  widen(from, wide, count);
  merge(wide, merged);
  narrow(merged, to, count);
}

template <class T>
void merge_rows(const T* from, T* to, int64_t rows, const Mask& sample, const Mask& spread,
                double theta) {
  using A = Accumulator<T>;
  const int64_t taps = static_cast<int64_t>(sample.size());
  const std::vector<A> read(sample.begin(), sample.end()), write(spread.begin(), spread.end());
  const auto run = taps == 9    ? merge_block<9, A>
                   : taps == 27 ? merge_block<27, A>
                                : merge_block<0, A>;
  const int64_t blocks = (rows + kRows - 1) / kRows;
  torch::stable::parallel_for(
      0, blocks, kGrain / (kRows * taps) + 1, [&](int64_t begin, int64_t end) {
        std::vector<A> buffers(std::is_same_v<T, A> ? 0 : 2 * kRows * taps);
        for (int64_t b = begin; b < end; ++b) {
          const int64_t first = b * kRows * taps, count = std::min(kRows, rows - b * kRows);
          const auto merge = [&](const A* wide, A* merged) {
            run(wide, merged, count, read.data(), write.data(), static_cast<A>(theta), taps);
          };
          if constexpr (std::is_same_v<T, A>)
            merge(from + first, to + first);
          else
            merge_widened(from + first, to + first, count * taps, buffers, merge);
        }
      });
}

// Blocks of a fixed number of kernels, so that the sum never depends on the threads.
template <class T>
double difference_product(const T* weight, const T* grad, int64_t rows, const Mask& sample,
                          const Mask& spread) {
  using A = Accumulator<T>;
  constexpr int64_t kBlock = 512;
  const int64_t taps = static_cast<int64_t>(sample.size()), blocks = (rows + kBlock - 1) / kBlock;
  std::vector<double> partial(blocks);
  torch::stable::parallel_for(0, blocks, 16, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      for (int64_t i = b * kBlock; i < std::min(rows, (b + 1) * kBlock); ++i)
        partial[b] += static_cast<double>(weighted_sum<A>(weight + i * taps, sample.data(), taps)) *
                      weighted_sum<A>(grad + i * taps, spread.data(), taps);
  });
  double total = 0;
  for (double p : partial) total += p;
  return -total;
}

Tensor merged(const Tensor& weight, double scale, std::optional<Tensor> theta,
              std::vector<double> sample, std::vector<double> spread) {
  const Tensor from = torch::stable::contiguous(weight);
  Tensor out = new_tensor(from, sizes_of(from), MemoryFormat::Contiguous);
  const int64_t rows = from.numel() / static_cast<int64_t>(sample.size());
  dispatch(from, "cdc_weight", [&]<class T>(Type<T>) {
    const double factor = theta ? static_cast<double>(*theta->const_data_ptr<T>()) : 1.0;
    merge_rows(from.const_data_ptr<T>(), out.mutable_data_ptr<T>(), rows, sample, spread,
               scale * factor);
  });
  return out;
}

Tensor theta_grad(const Tensor& weight, const Tensor& grad, std::vector<double> sample,
                  std::vector<double> spread) {
  const Tensor w = torch::stable::contiguous(weight), g = torch::stable::contiguous(grad);
  Tensor out = new_tensor(w, {}, MemoryFormat::Contiguous);
  const int64_t rows = w.numel() / static_cast<int64_t>(sample.size());
  dispatch(w, "cdc_theta_grad", [&]<class T>(Type<T>) {
    *out.mutable_data_ptr<T>() = static_cast<T>(
        difference_product(w.const_data_ptr<T>(), g.const_data_ptr<T>(), rows, sample, spread));
  });
  return out;
}

}  // namespace
}  // namespace fash

STABLE_TORCH_LIBRARY_IMPL(fasharness, CPU, library) {
  library.impl("cdc_weight", TORCH_BOX(&fash::merged));
  library.impl("cdc_theta_grad", TORCH_BOX(&fash::theta_grad));
}
