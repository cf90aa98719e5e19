// CPU kernels of the contrastive depth loss: no intermediate map, sums in a fixed order.
#include "../common/contrast_depth_loss.h"

#include <optional>

#include "rows.h"

namespace fash {
namespace {

// N samples of C maps, and which cells are the centre of a term: all, or those off the border.
struct Shape {
  int64_t samples, maps, height, width;
  bool same;
  int64_t border() const { return same ? 0 : 1; }
  int64_t cells() const { return height * width; }
  double count() const {
    return 8.0 * samples * maps * (height - 2 * border()) * (width - 2 * border());
  }
};

// A map of d with a border of zeros, its rows one after the other.
template <class A>
FASH_HD Cell<A> cell_at(const A* top, int64_t row, int64_t x) {
  const A *middle = top + row, *bottom = middle + row;
  return {middle[x + 1],
          {top[x], top[x + 1], top[x + 2], middle[x], middle[x + 2], bottom[x], bottom[x + 1],
           bottom[x + 2]}};
}

template <class A>
FASH_SIMD void subtract_maps(const A* __restrict pred, const A* __restrict target, A* __restrict to,
                             int64_t height, int64_t width) {
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      to[(y + 1) * (width + 2) + x + 1] = pred[y * width + x] - target[y * width + x];
}

// One sum per column, then one over the columns: the order never depends on the threads. Columns
// on the border are summed in vain, so that rows of 32 fill whole registers.
template <class A>
FASH_SIMD double map_value(const A* __restrict d, A* __restrict sums, int64_t height, int64_t width,
                           int64_t border) {
  const int64_t row = width + 2;
  double total = 0;
  for (int64_t y = border; y < height - border; ++y) {
    for (int64_t x = 0; x < width; ++x) sums[x] += contrast_value(cell_at(d + y * row, row, x));
    if ((y & 31) != 31 && y + 1 < height - border) continue;
    for (int64_t x = border; x < width - border; ++x) total += sums[x];
    for (int64_t x = 0; x < width; ++x) sums[x] = 0;
  }
  return total;
}

template <class A>
FASH_SIMD void map_slope(const A* __restrict d, const A* __restrict inside, A factor,
                         A* __restrict out, int64_t height, int64_t width) {
  const int64_t row = width + 2;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      out[y * width + x] =
          factor * contrast_slope(cell_at(d + y * row, row, x), cell_at(inside + y * row, row, x));
}

// Ones where terms are centred, zeros elsewhere and around.
template <class A>
std::vector<A> inside_map(const Shape& shape) {
  const int64_t b = shape.border(), row = shape.width + 2;
  std::vector<A> map((shape.height + 2) * row, A(0));
  for (int64_t y = b; y < shape.height - b; ++y)
    std::fill_n(map.begin() + (y + 1) * row + 1 + b, shape.width - 2 * b, A(1));
  return map;
}

// A worker's maps: the difference of two in the dtype of the sums, and a result.
template <class T>
class Scratch {
 public:
  using A = Accumulator<T>;
  explicit Scratch(const Shape& shape)
      : shape_(shape),
        difference_((shape.height + 2) * (shape.width + 2), A(0)),
        wide_(std::is_same_v<T, A> ? 0 : 2 * shape.cells()) {}
  const A* difference(const T* pred, const T* target) {
    subtract_maps(wide(pred, 0), wide(target, 1), difference_.data(), shape_.height, shape_.width);
    return difference_.data();
  }
  A* target(T* out) {
    if constexpr (std::is_same_v<T, A>)
      return out;
    else
      return wide_.data();
  }
  void store(T* out) {
    if constexpr (!std::is_same_v<T, A>) narrow(wide_.data(), out, shape_.cells());
  }

 private:
  const A* wide(const T* map, int64_t slot) {
    if constexpr (std::is_same_v<T, A>) return map;
    A* to = wide_.data() + slot * shape_.cells();
    widen(map, to, shape_.cells());
    return to;
  }
  Shape shape_;
  std::vector<A> difference_, wide_;
};

// Calls work(map, worker's scratch) for every map; few cells are not worth another thread.
template <class T, class Work>
void for_maps(const Shape& shape, const Work& work) {
  const int64_t grain = std::max<int64_t>(1, 65536 / shape.cells());
  torch::stable::parallel_for(0, shape.samples * shape.maps, grain,
                              [&](int64_t begin, int64_t end) {
                                Scratch<T> scratch(shape);
                                for (int64_t i = begin; i < end; ++i) work(i, scratch);
                              });
}

template <class T>
double value(const T* pred, const T* target, const T* weight, const Shape& shape) {
  std::vector<double> partial(shape.samples * shape.maps);
  for_maps<T>(shape, [&](int64_t i, Scratch<T>& scratch) {
    const int64_t at = i * shape.cells();
    std::vector<Accumulator<T>> sums(shape.width);
    partial[i] = map_value(scratch.difference(pred + at, target + at), sums.data(), shape.height,
                           shape.width, shape.border());
  });
  double total = 0;
  for (int64_t i = 0; i < shape.samples * shape.maps; ++i)
    total += partial[i] * (weight ? static_cast<double>(weight[i / shape.maps]) : 1.0);
  return total / shape.count();
}

template <class T>
void slope(const T* pred, const T* target, const T* weight, double grad, T* out,
           const Shape& shape) {
  using A = Accumulator<T>;
  const std::vector<A> inside = inside_map<A>(shape);
  for_maps<T>(shape, [&](int64_t i, Scratch<T>& scratch) {
    const double w = weight ? static_cast<double>(weight[i / shape.maps]) : 1.0;
    const int64_t at = i * shape.cells();
    map_slope(scratch.difference(pred + at, target + at), inside.data(),
              static_cast<A>(2 * grad * w / shape.count()), scratch.target(out + at), shape.height,
              shape.width);
    scratch.store(out + at);
  });
}

// (N, H, W) is N samples of one map.
Shape shape_of(const Tensor& pred, bool same) {
  const int64_t height = pred.size(pred.dim() - 2), width = pred.size(pred.dim() - 1);
  return {pred.size(0), pred.dim() == 3 ? 1 : pred.size(1), height, width, same};
}

template <class T>
const T* data_or_null(const std::optional<Tensor>& x) {
  return x ? x->const_data_ptr<T>() : nullptr;
}

Tensor loss(const Tensor& pred, const Tensor& target, std::optional<Tensor> weight, bool same) {
  const Tensor p = torch::stable::contiguous(pred), t = torch::stable::contiguous(target);
  if (weight) weight = torch::stable::contiguous(*weight);
  Tensor out = new_tensor(pred, {}, MemoryFormat::Contiguous);
  dispatch(pred, "contrast_depth_loss", [&]<class T>(Type<T>) {
    *out.mutable_data_ptr<T>() = static_cast<T>(value(p.const_data_ptr<T>(), t.const_data_ptr<T>(),
                                                      data_or_null<T>(weight), shape_of(p, same)));
  });
  return out;
}

Tensor loss_backward(const Tensor& grad, const Tensor& pred, const Tensor& target,
                     std::optional<Tensor> weight, bool same) {
  const Tensor p = torch::stable::contiguous(pred), t = torch::stable::contiguous(target);
  if (weight) weight = torch::stable::contiguous(*weight);
  Tensor out = new_tensor(p, sizes_of(p), MemoryFormat::Contiguous);
  dispatch(pred, "contrast_depth_loss_backward", [&]<class T>(Type<T>) {
    slope(p.const_data_ptr<T>(), t.const_data_ptr<T>(), data_or_null<T>(weight),
          static_cast<double>(*grad.const_data_ptr<T>()), out.mutable_data_ptr<T>(),
          shape_of(p, same));
  });
  return out;
}

}  // namespace
}  // namespace fash

STABLE_TORCH_LIBRARY_IMPL(fasharness, CPU, library) {
  library.impl("contrast_depth_loss", TORCH_BOX(&fash::loss));
  library.impl("contrast_depth_loss_backward", TORCH_BOX(&fash::loss_backward));
}
