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

template <class A>
FASH_HD Cell<A> cell_at(const A* top, const A* middle, const A* bottom, int64_t i) {
  return {middle[i + 1],
          {top[i], top[i + 1], top[i + 2], middle[i], middle[i + 2], bottom[i], bottom[i + 1],
           bottom[i + 2]}};
}

template <class A>
FASH_SIMD void value_row(const A* __restrict top, const A* __restrict middle,
                         const A* __restrict bottom, A* __restrict sums, int64_t n) {
  for (int64_t i = 0; i < n; ++i) sums[i] += contrast_value(cell_at(top, middle, bottom, i));
}

template <class A>
struct ThreeRows {
  const A *top, *middle, *bottom;
};

template <class A>
FASH_SIMD void slope_row(ThreeRows<A> d, ThreeRows<A> inside, A factor, A* __restrict out,
                         int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = factor * contrast_slope(cell_at(d.top, d.middle, d.bottom, i),
                                     cell_at(inside.top, inside.middle, inside.bottom, i));
}

template <class A>
FASH_SIMD void subtract(A* __restrict from, const A* __restrict what, int64_t n) {
  for (int64_t i = 0; i < n; ++i) from[i] -= what[i];
}

// The two maps of one (sample, channel), and their difference row by row.
template <class T, class A>
class Difference {
 public:
  Difference(const T* pred, const T* target, const Shape& s)
      : pred_{pred, s.height, s.width, 1, s.width, 1},
        target_{target, s.height, s.width, 1, s.width, 1},
        ring_(s.width + 2),
        other_(s.width + 2) {}
  void load(int64_t y) {
    const Columns all{0, pred_.width};
    load_row(pred_, y, all, 1, ring_.slot(y));
    load_row(target_, y, all, 1, other_.data());
    subtract(ring_.slot(y), other_.data(), static_cast<int64_t>(other_.size()));
  }
  ThreeRows<A> around(int64_t y) { return {ring_.slot(y - 1), ring_.slot(y), ring_.slot(y + 1)}; }

 private:
  Image<const T> pred_, target_;
  RowRing<A> ring_;
  std::vector<A> other_;
};

// One sum per column, then one over the columns: the order never depends on the threads.
template <class T>
double map_value(const T* pred, const T* target, const Shape& shape) {
  using A = Accumulator<T>;
  Difference<T, A> d(pred, target, shape);
  std::vector<A> sums(shape.width);
  const int64_t b = shape.border();
  d.load(b - 1);
  d.load(b);
  double total = 0;
  for (int64_t y = b; y < shape.height - b; ++y) {
    d.load(y + 1);
    const ThreeRows<A> rows = d.around(y);
    value_row(rows.top + b, rows.middle + b, rows.bottom + b, sums.data(), shape.width - 2 * b);
    if ((y & 31) != 31 && y + 1 < shape.height - b) continue;
    for (A& sum : sums) total += sum;
    std::fill(sums.begin(), sums.end(), A(0));
  }
  return total;
}

template <class T>
double value(const T* pred, const T* target, const T* weight, const Shape& shape) {
  std::vector<double> partial(shape.samples * shape.maps);
  const int64_t grain = std::max<int64_t>(1, 65536 / shape.cells());
  torch::stable::parallel_for(
      0, shape.samples * shape.maps, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          partial[i] = map_value(pred + i * shape.cells(), target + i * shape.cells(), shape);
      });
  double total = 0;
  for (int64_t i = 0; i < shape.samples * shape.maps; ++i)
    total += partial[i] * (weight ? static_cast<double>(weight[i / shape.maps]) : 1.0);
  return total / shape.count();
}

// Rows of ones where terms are centred, with a border of zeros: row 1 inside, row 0 outside.
template <class A>
std::vector<A> inside_rows(const Shape& shape) {
  std::vector<A> rows(2 * (shape.width + 2), A(0));
  const auto inner = rows.begin() + shape.width + 2;
  std::fill(inner + 1 + shape.border(), inner + 1 + shape.width - shape.border(), A(1));
  return rows;
}

template <class T>
void map_slope(const T* pred, const T* target, T* out, double factor, const Shape& shape) {
  using A = Accumulator<T>;
  Difference<T, A> d(pred, target, shape);
  const std::vector<A> inside = inside_rows<A>(shape);
  std::vector<A> buffer(shape.width);
  const int64_t b = shape.border();
  const auto inside_row = [&](int64_t y) {
    return inside.data() + (y >= b && y < shape.height - b ? shape.width + 2 : 0);
  };
  const Image<T> to{out, shape.height, shape.width, 1, shape.width, 1};
  d.load(-1);
  d.load(0);
  for (int64_t y = 0; y < shape.height; ++y) {
    d.load(y + 1);
    const ThreeRows<A> rows{inside_row(y - 1), inside_row(y), inside_row(y + 1)};
    A* row = target_row(to, y, {0, shape.width}, buffer.data());
    slope_row(d.around(y), rows, static_cast<A>(factor), row, shape.width);
    store_row(to, y, {0, shape.width}, row);
  }
}

template <class T>
void slope(const T* pred, const T* target, const T* weight, double grad, T* out,
           const Shape& shape) {
  const int64_t grain = std::max<int64_t>(1, 65536 / shape.cells());
  torch::stable::parallel_for(
      0, shape.samples * shape.maps, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const double w = weight ? static_cast<double>(weight[i / shape.maps]) : 1.0;
          const int64_t at = i * shape.cells();
          map_slope(pred + at, target + at, out + at, 2 * grad * w / shape.count(), shape);
        }
      });
}

Shape shape_of(const Tensor& pred, bool same) {
  return {pred.size(0), pred.size(1), pred.size(2), pred.size(3), same};
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
