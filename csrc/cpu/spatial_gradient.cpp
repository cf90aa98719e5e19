// CPU kernels of the Sobel gradient: one read of the input, one write of the result.
#include <tuple>

#include "sobel_rows.h"

namespace fash {
namespace {

template <class A>
struct Scratch {
  RowRing<A> x, u, v;
  std::vector<A> grad, out, second;
};

int64_t width_of(const Cut& cut, int64_t run, int64_t border) {
  return (cut.columns + 2 * border) * run;
}

template <class T>
void pair_images(const Images<const T>& from, const Images<T>& to_x, const Images<T>& to_y) {
  using A = Accumulator<T>;
  const Cut cut = from.cut();
  const int64_t length = width_of(cut, from.run, 1);
  const auto make = [&] {
    return Scratch<A>{length, {}, {}, {}, std::vector<A>(length), std::vector<A>(length)};
  };
  for_pieces(from.count, from.height, from.width, cut, make,
             [&](int64_t i, int64_t first, int64_t last, Columns columns, Scratch<A>& s) {
               const int64_t n = (columns.end - columns.begin) * from.run;
               for (int64_t y = first - 1; y <= first; ++y)
                 load_row(from[i], y, columns, 1, s.x.slot(y));
               for (int64_t y = first; y < last; ++y) {
                 load_row(from[i], y + 1, columns, 1, s.x.slot(y + 1));
                 const Rows<A> x(s.x, y, from.run);
                 A* gx = target_row(to_x[i], y, columns, s.out.data());
                 A* gy = target_row(to_y[i], y, columns, s.second.data());
                 pair_row(x.top, x.middle, x.bottom, x.step, gx, gy, n);
                 store_row(to_x[i], y, columns, gx);
                 store_row(to_y[i], y, columns, gy);
               }
             });
}

template <class Energy, class T>
void energy_images(const Images<const T>& from, const Images<T>& to) {
  using A = Accumulator<T>;
  const Cut cut = from.cut();
  const int64_t length = width_of(cut, from.run, 1);
  const auto make = [&] { return Scratch<A>{length, {}, {}, {}, std::vector<A>(length), {}}; };
  for_pieces(from.count, from.height, from.width, cut, make,
             [&](int64_t i, int64_t first, int64_t last, Columns columns, Scratch<A>& s) {
               const int64_t n = (columns.end - columns.begin) * from.run;
               for (int64_t y = first - 1; y <= first; ++y)
                 load_row(from[i], y, columns, 1, s.x.slot(y));
               for (int64_t y = first; y < last; ++y) {
                 load_row(from[i], y + 1, columns, 1, s.x.slot(y + 1));
                 const Rows<A> x(s.x, y, from.run);
                 A* out = target_row(to[i], y, columns, s.out.data());
                 energy_row<Energy>(x.top, x.middle, x.bottom, x.step, out, n);
                 store_row(to[i], y, columns, out);
               }
             });
}

template <class T>
void pair_backward_images(const Images<const T>& from_x, const Images<const T>& from_y,
                          const Images<T>& to) {
  using A = Accumulator<T>;
  const Cut cut = to.cut();
  const int64_t length = width_of(cut, to.run, 1);
  const auto make = [&] { return Scratch<A>{{}, length, length, {}, std::vector<A>(length), {}}; };
  for_pieces(to.count, to.height, to.width, cut, make,
             [&](int64_t i, int64_t first, int64_t last, Columns columns, Scratch<A>& s) {
               const auto load = [&](int64_t y) {
                 load_row(from_x[i], y, columns, 1, s.u.slot(y));
                 load_row(from_y[i], y, columns, 1, s.v.slot(y));
               };
               load(first - 1);
               load(first);
               for (int64_t y = first; y < last; ++y) {
                 load(y + 1);
                 A* out = target_row(to[i], y, columns, s.out.data());
                 adjoint_row(Rows<A>(s.u, y, to.run), Rows<A>(s.v, y, to.run), out,
                             (columns.end - columns.begin) * to.run);
                 store_row(to[i], y, columns, out);
               }
             });
}

// Set the pixels of a row of slopes, with one border pixel on either side, that lie outside the
// image: computed, they would be zero times what may be NaN beside them.
template <class A>
void clear_outside(A* row, int64_t y, int64_t height, int64_t width, Columns columns, int64_t run) {
  const int64_t n = (columns.end - columns.begin) * run;
  if (y < 0 || y >= height) {
    std::fill_n(row, n + 2 * run, A(0));
    return;
  }
  if (columns.begin == 0) std::fill_n(row, run, A(0));
  if (columns.end == width) std::fill_n(row + n + run, run, A(0));
}

// gx and gy are recomputed from x; their slopes live in three rows only.
template <class Energy, class T>
void energy_backward_images(const Images<const T>& grads, const Images<const T>& from,
                            const Images<T>& to) {
  using A = Accumulator<T>;
  const Cut cut = to.cut();
  const int64_t run = to.run, length = width_of(cut, run, 2);
  const auto make = [&] {
    return Scratch<A>{length, length, length, std::vector<A>(length), std::vector<A>(length), {}};
  };
  for_pieces(to.count, to.height, to.width, cut, make,
             [&](int64_t i, int64_t first, int64_t last, Columns columns, Scratch<A>& s) {
               const int64_t n = (columns.end - columns.begin) * run;
               load_row(from[i], first - 2, columns, 2, s.x.slot(first - 2));
               load_row(from[i], first - 1, columns, 2, s.x.slot(first - 1));
               for (int64_t y = first - 1; y <= last; ++y) {
                 load_row(from[i], y + 1, columns, 2, s.x.slot(y + 1));
                 load_row(grads[i], y, columns, 1, s.grad.data());
                 const Rows<A> x(s.x, y, run);
                 slope_row<Energy>(x.top, x.middle, x.bottom, run, s.grad.data(), s.u.slot(y),
                                   s.v.slot(y), n + 2 * run);
                 clear_outside(s.u.slot(y), y, to.height, to.width, columns, run);
                 clear_outside(s.v.slot(y), y, to.height, to.width, columns, run);
                 if (y <= first) continue;
                 A* out = target_row(to[i], y - 1, columns, s.out.data());
                 adjoint_row(Rows<A>(s.u, y - 1, run), Rows<A>(s.v, y - 1, run), out, n);
                 store_row(to[i], y - 1, columns, out);
               }
             });
}

std::tuple<Tensor, Tensor> pair(const Tensor& x) {
  const MemoryFormat format = memory_format(x);
  const bool last = format == MemoryFormat::ChannelsLast;
  const Tensor from = torch::stable::contiguous(x, format);
  Tensor gx = new_tensor(x, sizes_of(x), format), gy = new_tensor(x, sizes_of(x), format);
  dispatch(x, "spatial_gradient", [&]<class T>(Type<T>) {
    pair_images<T>({from.const_data_ptr<T>(), from, last}, {gx.mutable_data_ptr<T>(), gx, last},
                   {gy.mutable_data_ptr<T>(), gy, last});
  });
  return {gx, gy};
}

Tensor pair_backward(const Tensor& grad_x, const Tensor& grad_y) {
  const MemoryFormat format = memory_format(grad_x);
  const bool last = format == MemoryFormat::ChannelsLast;
  const Tensor from_x = torch::stable::contiguous(grad_x, format);
  const Tensor from_y = torch::stable::contiguous(grad_y, format);
  Tensor out = new_tensor(grad_x, sizes_of(grad_x), format);
  dispatch(grad_x, "spatial_gradient_backward", [&]<class T>(Type<T>) {
    pair_backward_images<T>({from_x.const_data_ptr<T>(), from_x, last},
                            {from_y.const_data_ptr<T>(), from_y, last},
                            {out.mutable_data_ptr<T>(), out, last});
  });
  return out;
}

template <class Energy>
Tensor energy(const Tensor& x) {
  const MemoryFormat format = memory_format(x);
  const bool last = format == MemoryFormat::ChannelsLast;
  const Tensor from = torch::stable::contiguous(x, format);
  Tensor out = new_tensor(x, sizes_of(x), format);
  dispatch(x, "spatial_gradient_magnitude", [&]<class T>(Type<T>) {
    energy_images<Energy, T>({from.const_data_ptr<T>(), from, last},
                             {out.mutable_data_ptr<T>(), out, last});
  });
  return out;
}

template <class Energy>
Tensor energy_backward(const Tensor& grad, const Tensor& x) {
  const MemoryFormat format = memory_format(x);
  const bool last = format == MemoryFormat::ChannelsLast;
  const Tensor from = torch::stable::contiguous(x, format);
  const Tensor grads = torch::stable::contiguous(grad, format);
  Tensor out = new_tensor(x, sizes_of(x), format);
  dispatch(x, "spatial_gradient_magnitude_backward", [&]<class T>(Type<T>) {
    energy_backward_images<Energy, T>({grads.const_data_ptr<T>(), grads, last},
                                      {from.const_data_ptr<T>(), from, last},
                                      {out.mutable_data_ptr<T>(), out, last});
  });
  return out;
}

}  // namespace
}  // namespace fash

STABLE_TORCH_LIBRARY_IMPL(fasharness, CPU, library) {
  library.impl("spatial_gradient", TORCH_BOX(&fash::pair));
  library.impl("spatial_gradient_backward", TORCH_BOX(&fash::pair_backward));
  library.impl("spatial_gradient_magnitude", TORCH_BOX(&fash::energy<fash::Magnitude>));
  library.impl("spatial_gradient_magnitude_backward",
               TORCH_BOX(&fash::energy_backward<fash::Magnitude>));
  library.impl("spatial_gradient_squared", TORCH_BOX(&fash::energy<fash::Squared>));
  library.impl("spatial_gradient_squared_backward",
               TORCH_BOX(&fash::energy_backward<fash::Squared>));
}
