// CUDA kernels of the contrastive depth loss: no intermediate map, sums in a fixed order.
#include <optional>

#include "../common/contrast_depth_loss.h"
#include "launch.cuh"

namespace fash {
namespace {

struct Maps {
  int64_t samples, maps;
  int height, width, border;
  FASH_HD int64_t area() const { return static_cast<int64_t>(height) * width; }
  FASH_HD int64_t cells() const { return samples * maps * area(); }
  FASH_HD double terms() const {
    return 8.0 * samples * maps * (height - 2 * border) * (width - 2 * border);
  }
  FASH_HD bool inside(int y, int x) const {
    return y >= border && y < height - border && x >= border && x < width - border;
  }
};

// One cell of the maps: where it lies, its surroundings, and the weight of its sample.
template <class T>
struct Spot {
  using A = Accumulator<T>;
  int64_t map;
  int y, x;
  __device__ Spot(int64_t index, const Maps& m)
      : map(index / m.area()),
        y(static_cast<int>(index % m.area() / m.width)),
        x(static_cast<int>(index % m.width)) {}
  __device__ A difference(const T* pred, const T* target, const Maps& m, int dy, int dx) const {
    const int row = y + dy, column = x + dx;
    if (row < 0 || row >= m.height || column < 0 || column >= m.width) return A(0);
    const int64_t at = map * m.area() + static_cast<int64_t>(row) * m.width + column;
    return static_cast<A>(pred[at]) - static_cast<A>(target[at]);
  }
  template <class Read>
  static __device__ Cell<A> cell(const Read& read) {
    return {read(0, 0),
            {read(-1, -1), read(-1, 0), read(-1, 1), read(0, -1), read(0, 1), read(1, -1),
             read(1, 0), read(1, 1)}};
  }
  __device__ Cell<A> surroundings(const T* pred, const T* target, const Maps& m) const {
    return cell([&](int dy, int dx) { return difference(pred, target, m, dy, dx); });
  }
  __device__ Cell<A> centres(const Maps& m) const {
    return cell([&](int dy, int dx) { return m.inside(y + dy, x + dx) ? A(1) : A(0); });
  }
  __device__ double weight(const T* weights, const Maps& m) const {
    return weights ? static_cast<double>(static_cast<A>(weights[map / m.maps])) : 1.0;
  }
};

constexpr int64_t kCellsPerBlock = 2048;

template <class T>
__global__ void value_kernel(const T* pred, const T* target, const T* weights, Maps m,
                             double* partial) {
  FASH_SHARED(double, shared);
  double total = 0;
  const int64_t first = blockIdx.x * kCellsPerBlock;
  for (int64_t i = first + threadIdx.x; i < first + kCellsPerBlock && i < m.cells(); i += 256) {
    const Spot<T> spot(i, m);
    if (m.inside(spot.y, spot.x))
      total += spot.weight(weights, m) * contrast_value(spot.surroundings(pred, target, m));
  }
  total = block_sum(total, shared);
  if (threadIdx.x == 0) partial[blockIdx.x] = total;
}

template <class T>
__global__ void slope_kernel(const T* grad, const T* pred, const T* target, const T* weights,
                             Maps m, T* out) {
  using A = Accumulator<T>;
  const int64_t i = thread_index();
  if (i >= m.cells()) return;
  const Spot<T> spot(i, m);
  const double factor =
      2 * static_cast<double>(static_cast<A>(*grad)) * spot.weight(weights, m) / m.terms();
  out[i] = static_cast<T>(static_cast<A>(factor) *
                          contrast_slope(spot.surroundings(pred, target, m), spot.centres(m)));
}

// (N, H, W) is N samples of one map.
Maps maps_of(const Tensor& pred, bool same) {
  const int64_t height = pred.size(pred.dim() - 2), width = pred.size(pred.dim() - 1);
  return {pred.size(0), pred.dim() == 3 ? 1 : pred.size(1), static_cast<int>(height),
          static_cast<int>(width), same ? 0 : 1};
}

// Contiguous inputs on their device.
struct Call {
  Guard guard;
  Tensor pred, target;
  std::optional<Tensor> weight;
  Maps maps;
  Call(const Tensor& p, const Tensor& t, const std::optional<Tensor>& w, bool same)
      : guard(p.get_device_index()),
        pred(torch::stable::contiguous(p)),
        target(torch::stable::contiguous(t)),
        maps(maps_of(p, same)) {
    if (w) weight = torch::stable::contiguous(*w);
  }
  template <class T>
  const T* weights() const {
    return weight ? weight->const_data_ptr<T>() : nullptr;
  }
};

Tensor loss(const Tensor& pred, const Tensor& target, std::optional<Tensor> weight, bool same) {
  const Call call(pred, target, weight, same);
  const int64_t blocks = blocks_for(call.maps.cells(), kCellsPerBlock);
  Tensor partial = torch::stable::empty({blocks}, torch::headeronly::ScalarType::Double,
                                        std::nullopt, pred.device());
  Tensor out = new_tensor(pred, {}, MemoryFormat::Contiguous);
  dispatch(pred, "contrast_depth_loss", [&]<class T>(Type<T>) {
    launch(value_kernel<T>, blocks, 256, 256 * sizeof(double), stream_of(pred),
           call.pred.const_data_ptr<T>(), call.target.const_data_ptr<T>(), call.weights<T>(),
           call.maps, partial.mutable_data_ptr<double>());
    launch(sum_partials<T>, 1, 256, 256 * sizeof(double), stream_of(pred),
           partial.const_data_ptr<double>(), blocks, 1 / call.maps.terms(),
           out.mutable_data_ptr<T>());
  });
  return out;
}

Tensor loss_backward(const Tensor& grad, const Tensor& pred, const Tensor& target,
                     std::optional<Tensor> weight, bool same) {
  const Call call(pred, target, weight, same);
  Tensor out = new_tensor(call.pred, sizes_of(call.pred), MemoryFormat::Contiguous);
  dispatch(pred, "contrast_depth_loss_backward", [&]<class T>(Type<T>) {
    launch(slope_kernel<T>, blocks_for(call.maps.cells(), 256), 256, 0, stream_of(pred),
           grad.const_data_ptr<T>(), call.pred.const_data_ptr<T>(), call.target.const_data_ptr<T>(),
           call.weights<T>(), call.maps, out.mutable_data_ptr<T>());
  });
  return out;
}

}  // namespace
}  // namespace fash

STABLE_TORCH_LIBRARY_IMPL(fasharness, FASH_KEY, library) {
  library.impl("contrast_depth_loss", TORCH_BOX(&fash::loss));
  library.impl("contrast_depth_loss_backward", TORCH_BOX(&fash::loss_backward));
}
