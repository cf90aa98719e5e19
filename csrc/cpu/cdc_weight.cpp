// CPU kernels of the central-difference fold: each kernel of the weight is one short row.
#include "../common/cdc_weight.h"

#include <optional>

#include "rows.h"

namespace fash {
namespace {

using Mask = std::vector<double>;

// Weights below this size are not worth waking another thread.
constexpr int64_t kGrain = 1 << 18;

// A number of taps that is known at compile time lets the loops over them unroll.
template <int64_t kTaps, class A, class T>
FASH_SIMD void fold_range(const T* __restrict from, T* __restrict to, int64_t rows,
                          const A* __restrict sample, const A* __restrict spread, A theta,
                          int64_t count) {
  const int64_t taps = kTaps > 0 ? kTaps : count;
  for (int64_t i = 0; i < rows; ++i)
    fold(from + i * taps, to + i * taps, sample, spread, theta, taps);
}

template <class T>
void fold_rows(const T* from, T* to, int64_t rows, const Mask& sample, const Mask& spread,
               double theta) {
  using A = Accumulator<T>;
  const int64_t taps = static_cast<int64_t>(sample.size());
  const std::vector<A> read(sample.begin(), sample.end()), write(spread.begin(), spread.end());
  const auto run = taps == 9    ? fold_range<9, A, T>
                   : taps == 27 ? fold_range<27, A, T>
                                : fold_range<0, A, T>;
  torch::stable::parallel_for(0, rows, kGrain / taps + 1, [&](int64_t begin, int64_t end) {
    run(from + begin * taps, to + begin * taps, end - begin, read.data(), write.data(),
        static_cast<A>(theta), taps);
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

Tensor folded(const Tensor& weight, double scale, std::optional<Tensor> theta,
              std::vector<double> sample, std::vector<double> spread) {
  const Tensor from = torch::stable::contiguous(weight);
  Tensor out = new_tensor(from, sizes_of(from), MemoryFormat::Contiguous);
  const int64_t rows = from.numel() / static_cast<int64_t>(sample.size());
  dispatch(from, "cdc_weight", [&]<class T>(Type<T>) {
    const double factor = theta ? static_cast<double>(*theta->const_data_ptr<T>()) : 1.0;
    fold_rows(from.const_data_ptr<T>(), out.mutable_data_ptr<T>(), rows, sample, spread,
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
  library.impl("cdc_weight", TORCH_BOX(&fash::folded));
  library.impl("cdc_theta_grad", TORCH_BOX(&fash::theta_grad));
}
