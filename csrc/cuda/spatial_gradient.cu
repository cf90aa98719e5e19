// CUDA kernels of the Sobel gradient: a thread walks down a column, or a block keeps three rows.
#include <tuple>

#include "planes.cuh"

namespace fash {
namespace {

template <class T>
__global__ void pair_kernel(const T* from, T* to_x, T* to_y, Planes p) {
  using A = Accumulator<T>;
  const Strip strip(p);
  if (!strip.any) return;
  const int64_t start = strip.image * p.image();
  Window<A> window;
  window.push(from + start, p, strip.first - 1, strip.i);
  window.push(from + start, p, strip.first, strip.i);
  for (int y = strip.first; y < strip.last; ++y) {
    window.push(from + start, p, y + 1, strip.i);
    const Gradient<A> g = sobel(window.ring());
    const int64_t at = start + static_cast<int64_t>(y) * p.row() + strip.i;
    to_x[at] = static_cast<T>(g.x);
    to_y[at] = static_cast<T>(g.y);
  }
}

template <class Energy, class T>
__global__ void energy_kernel(const T* from, T* to, Planes p) {
  using A = Accumulator<T>;
  const Strip strip(p);
  if (!strip.any) return;
  const int64_t start = strip.image * p.image();
  Window<A> window;
  window.push(from + start, p, strip.first - 1, strip.i);
  window.push(from + start, p, strip.first, strip.i);
  for (int y = strip.first; y < strip.last; ++y) {
    window.push(from + start, p, y + 1, strip.i);
    to[start + static_cast<int64_t>(y) * p.row() + strip.i] =
        static_cast<T>(Energy::value(sobel(window.ring())));
  }
}

template <class T>
__global__ void pair_backward_kernel(const T* from_x, const T* from_y, T* to, Planes p) {
  using A = Accumulator<T>;
  const Strip strip(p);
  if (!strip.any) return;
  const int64_t start = strip.image * p.image();
  Window<A> u, v;
  for (int y = strip.first - 1; y <= strip.first; ++y) {
    u.push(from_x + start, p, y, strip.i);
    v.push(from_y + start, p, y, strip.i);
  }
  for (int y = strip.first; y < strip.last; ++y) {
    u.push(from_x + start, p, y + 1, strip.i);
    v.push(from_y + start, p, y + 1, strip.i);
    to[start + static_cast<int64_t>(y) * p.row() + strip.i] =
        static_cast<T>(sobel_adjoint(u.ring(), v.ring()));
  }
}

// A block's share of the backward: `pixels` columns of `channels` elements, with two columns more
// on either side, over kRows rows.
struct Share {
  static constexpr int kRows = 32;
  int pixels, channels, spans, groups, bands;
  explicit Share(const Planes& p)
      : pixels(p.run == 1 ? (p.width < 252 ? p.width : 252) : 12),
        channels(p.run == 1 ? 1 : 32),
        spans((p.width + pixels - 1) / pixels),
        groups((p.run + channels - 1) / channels),
        bands((p.height + kRows - 1) / kRows) {}
  FASH_HD int cells() const { return (pixels + 4) * channels; }
  int threads() const { return (cells() + 31) / 32 * 32; }
  int64_t blocks(const Planes& p) const { return p.count * bands * spans * groups; }
};

template <class A>
__device__ Ring<A> ring_of(const A* rows, int cells, int y, int at, int step) {
  const A* top = rows + (y + 5) % 3 * cells + at;
  const A* middle = rows + (y + 6) % 3 * cells + at;
  const A* bottom = rows + (y + 7) % 3 * cells + at;
  return {top[-step],   top[0],        top[step], middle[-step],
          middle[step], bottom[-step], bottom[0], bottom[step]};
}

// gx and gy are recomputed from x, and their slopes live in shared memory only.
template <class Energy, class T>
__global__ void energy_backward_kernel(const T* grads, const T* from, T* to, Planes p,
                                       Share share) {
  using A = Accumulator<T>;
  FASH_SHARED(A, rows);
  const int cells = share.cells(), step = share.channels, at = threadIdx.x;
  A *x = rows, *u = rows + 3 * cells, *v = rows + 6 * cells;
  int64_t block = blockIdx.x;
  const int group = static_cast<int>(block % share.groups);
  block /= share.groups;
  const int span = static_cast<int>(block % share.spans);
  block /= share.spans;
  const int first = static_cast<int>(block % share.bands) * Share::kRows;
  const int64_t start = block / share.bands * p.image();
  const int last = first + Share::kRows < p.height ? first + Share::kRows : p.height;
  const int pixel = at / step, column = span * share.pixels + pixel - 2;
  const int channel = group * step + at % step;
  // A cell outside the image reads zero: its column index lies outside every row.
  const bool inside = at < cells && channel < p.run && column >= 0 && column < p.width;
  const int i = inside ? column * p.run + channel : -1;
  const bool has_slope = at < cells && pixel >= 1 && pixel < share.pixels + 3;
  const bool has_result = inside && pixel >= 2 && pixel < share.pixels + 2;
  for (int y = first - 2; y < first && at < cells; ++y)
    x[(y + 6) % 3 * cells + at] = value_at<A>(from + start, p, y, i);
  for (int y = first - 1; y <= last; ++y) {
    if (at < cells) x[(y + 7) % 3 * cells + at] = value_at<A>(from + start, p, y + 1, i);
    __syncthreads();
    if (has_slope) {
      // Outside the image it is zero, whatever stands beside it: zero times NaN would be NaN.
      const bool real = inside && y >= 0 && y < p.height;
      const Gradient<A> s = real ? Energy::slope(sobel(ring_of(x, cells, y, at, step)),
                                                 value_at<A>(grads + start, p, y, i))
                                 : Gradient<A>{A(0), A(0)};
      u[(y + 6) % 3 * cells + at] = s.x;
      v[(y + 6) % 3 * cells + at] = s.y;
    }
    __syncthreads();
    if (y > first && has_result)
      to[start + static_cast<int64_t>(y - 1) * p.row() + i] = static_cast<T>(
          sobel_adjoint(ring_of(u, cells, y - 1, at, step), ring_of(v, cells, y - 1, at, step)));
  }
}

// What every operator here starts with: inputs in one memory format, on their device.
struct Call {
  MemoryFormat format;
  Guard guard;
  Planes planes;
  explicit Call(const Tensor& x)
      : format(memory_format(x)),
        guard(x.get_device_index()),
        planes(x, format == MemoryFormat::ChannelsLast) {}
  Tensor input(const Tensor& x) const { return torch::stable::contiguous(x, format); }
  Tensor output(const Tensor& x) const { return new_tensor(x, sizes_of(x), format); }
};

std::tuple<Tensor, Tensor> pair(const Tensor& x) {
  const Call call(x);
  const Tensor from = call.input(x);
  Tensor gx = call.output(x), gy = call.output(x);
  dispatch(x, "spatial_gradient", [&]<class T>(Type<T>) {
    launch(pair_kernel<T>, Strip::blocks(call.planes), 256, 0, stream_of(x),
           from.const_data_ptr<T>(), gx.mutable_data_ptr<T>(), gy.mutable_data_ptr<T>(),
           call.planes);
  });
  return {gx, gy};
}

Tensor pair_backward(const Tensor& grad_x, const Tensor& grad_y) {
  const Call call(grad_x);
  const Tensor from_x = call.input(grad_x), from_y = call.input(grad_y);
  Tensor out = call.output(grad_x);
  dispatch(grad_x, "spatial_gradient_backward", [&]<class T>(Type<T>) {
    launch(pair_backward_kernel<T>, Strip::blocks(call.planes), 256, 0, stream_of(grad_x),
           from_x.const_data_ptr<T>(), from_y.const_data_ptr<T>(), out.mutable_data_ptr<T>(),
           call.planes);
  });
  return out;
}

template <class Energy>
Tensor energy(const Tensor& x) {
  const Call call(x);
  const Tensor from = call.input(x);
  Tensor out = call.output(x);
  dispatch(x, "spatial_gradient_magnitude", [&]<class T>(Type<T>) {
    launch(energy_kernel<Energy, T>, Strip::blocks(call.planes), 256, 0, stream_of(x),
           from.const_data_ptr<T>(), out.mutable_data_ptr<T>(), call.planes);
  });
  return out;
}

template <class Energy>
Tensor energy_backward(const Tensor& grad, const Tensor& x) {
  const Call call(x);
  const Tensor from = call.input(x), grads = call.input(grad);
  Tensor out = call.output(x);
  if (x.numel() == 0) return out;
  const Share share(call.planes);
  dispatch(x, "spatial_gradient_magnitude_backward", [&]<class T>(Type<T>) {
    launch(energy_backward_kernel<Energy, T>, share.blocks(call.planes), share.threads(),
           9 * share.cells() * sizeof(Accumulator<T>), stream_of(x), grads.const_data_ptr<T>(),
           from.const_data_ptr<T>(), out.mutable_data_ptr<T>(), call.planes, share);
  });
  return out;
}

}  // namespace
}  // namespace fash

STABLE_TORCH_LIBRARY_IMPL(fasharness, FASH_KEY, library) {
  library.impl("spatial_gradient", TORCH_BOX(&fash::pair));
  library.impl("spatial_gradient_backward", TORCH_BOX(&fash::pair_backward));
  library.impl("spatial_gradient_magnitude", TORCH_BOX(&fash::energy<fash::Magnitude>));
  library.impl("spatial_gradient_magnitude_backward",
               TORCH_BOX(&fash::energy_backward<fash::Magnitude>));
  library.impl("spatial_gradient_squared", TORCH_BOX(&fash::energy<fash::Squared>));
  library.impl("spatial_gradient_squared_backward",
               TORCH_BOX(&fash::energy_backward<fash::Squared>));
}
