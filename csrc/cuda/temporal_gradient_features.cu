// CUDA kernels of the spatio-temporal features: one kernel copies, one differentiates.
#include <tuple>

#include "planes.cuh"

namespace fash {
namespace {

// The joined tensor and the frames it is made of; a "row" is a pair of neighbouring frames.
struct Layout {
  int64_t clips;
  int frames, channels, narrow, height, width;
  bool last;
  FASH_HD int total() const { return channels + 5 * narrow; }
  FASH_HD int64_t area() const { return static_cast<int64_t>(height) * width; }
  FASH_HD int64_t pairs() const { return clips * (frames - 1); }
  // Position of element (y, x) of a channel of a pair's row.
  FASH_HD int64_t joined(int64_t pair, int channel, int64_t pixel) const {
    return last ? (pair * area() + pixel) * total() + channel
                : (pair * total() + channel) * area() + pixel;
  }
  FASH_HD int64_t reduced(int64_t frame, int channel, int64_t pixel) const {
    return last ? (frame * area() + pixel) * narrow + channel
                : (frame * narrow + channel) * area() + pixel;
  }
};

// Where a thread stands: a pixel of a reduced channel of some frame or pair.
struct Place {
  int64_t item;
  int channel, y, x;
  bool any;
  __device__ Place(const Layout& l, int64_t items) {
    int64_t index = thread_index();
    any = index < items * l.narrow * l.area();
    if (l.last) {
      channel = static_cast<int>(index % l.narrow);
      index /= l.narrow;
    }
    x = static_cast<int>(index % l.width);
    index /= l.width;
    y = static_cast<int>(index % l.height);
    index /= l.height;
    if (!l.last) {
      channel = static_cast<int>(index % l.narrow);
      index /= l.narrow;
    }
    item = index;
  }
  __device__ int64_t pixel(const Layout& l, int dy, int dx) const {
    const int row = y + dy, column = x + dx;
    const bool inside = row >= 0 && row < l.height && column >= 0 && column < l.width;
    return inside ? static_cast<int64_t>(row) * l.width + column : -1;
  }
};

template <class A, class Read>
__device__ Ring<A> ring_around(const Layout& l, const Place& place, const Read& read) {
  const auto at = [&](int dy, int dx) {
    const int64_t pixel = place.pixel(l, dy, dx);
    return pixel < 0 ? A(0) : read(pixel);
  };
  return {at(-1, -1), at(-1, 0), at(-1, 1), at(0, -1), at(0, 1), at(1, -1), at(1, 0), at(1, 1)};
}

// The features' share of the joined tensor is a run of `run` elements every `step` of them; the
// copy goes from the frames to the joined tensor or back, with zeros for each clip's last frame.
struct Runs {
  int64_t run, step, per_frame;
  explicit Runs(const Layout& l)
      : run(l.last ? l.channels : l.channels * l.area()),
        step(l.last ? l.total() : l.total() * l.area()),
        per_frame(l.last ? l.area() : 1) {}
};

template <class T>
__global__ void gather_features(const T* features, T* joined, Layout l, Runs r) {
  const int64_t index = thread_index(), run = index / r.run;
  if (run >= l.pairs() * r.per_frame) return;
  const int64_t pair = run / r.per_frame, clip = pair / (l.frames - 1);
  joined[run * r.step + index % r.run] = features[index + clip * r.per_frame * r.run];
}

template <class T>
__global__ void scatter_features(const T* joined, T* features, Layout l, Runs r) {
  const int64_t index = thread_index(), run = index / r.run;
  const int64_t frame = run / r.per_frame, clip = frame / l.frames;
  if (clip >= l.clips) return;
  const bool last = frame % l.frames == l.frames - 1;
  features[index] = last ? T(0) : joined[(run - clip * r.per_frame) * r.step + index % r.run];
}

template <class T>
__global__ void gradient_parts(const T* reduced, T* joined, Layout l) {
  using A = Accumulator<T>;
  const Place place(l, l.pairs());
  if (!place.any) return;
  const int64_t frame = place.item / (l.frames - 1) * l.frames + place.item % (l.frames - 1);
  const int64_t here = place.pixel(l, 0, 0);
  const auto write = [&](int part, A value) {
    joined[l.joined(place.item, l.channels + part * l.narrow + place.channel, here)] =
        static_cast<T>(value);
  };
  A centre[2];
  for (int next = 0; next < 2; ++next) {
    const auto read = [&](int64_t pixel) {
      return static_cast<A>(reduced[l.reduced(frame + next, place.channel, pixel)]);
    };
    const Gradient<A> g = sobel(ring_around<A>(l, place, read));
    write(2 * next, g.x);
    write(2 * next + 1, g.y);
    centre[next] = read(here);
  }
  write(4, centre[0] - centre[1]);
}

template <class T>
__global__ void reduced_slope(const T* joined, T* reduced, Layout l) {
  using A = Accumulator<T>;
  const Place place(l, l.clips * l.frames);
  if (!place.any) return;
  const int64_t clip = place.item / l.frames;
  const int t = static_cast<int>(place.item % l.frames);
  const int64_t pair = clip * (l.frames - 1) + t;
  // What reaches part `now` of this frame's own pair, and part `before` of the pair before it.
  const auto both = [&](int now, int before, A sign) {
    return [&, now, before, sign](int64_t pixel) {
      A value = 0;
      if (t < l.frames - 1)
        value += static_cast<A>(
            joined[l.joined(pair, l.channels + now * l.narrow + place.channel, pixel)]);
      if (t > 0)
        value +=
            sign *
            static_cast<A>(
                joined[l.joined(pair - 1, l.channels + before * l.narrow + place.channel, pixel)]);
      return value;
    };
  };
  const int64_t here = place.pixel(l, 0, 0);
  const A spatial = sobel_adjoint(ring_around<A>(l, place, both(0, 2, A(1))),
                                  ring_around<A>(l, place, both(1, 3, A(1))));
  reduced[l.reduced(place.item, place.channel, here)] =
      static_cast<T>(spatial + both(4, 4, A(-1))(here));
}

Tensor joined(const Tensor& features, const Tensor& reduced, int64_t frames) {
  const MemoryFormat format = memory_format(features);
  const Guard guard(features.get_device_index());
  const Tensor f = torch::stable::contiguous(features, format);
  const Tensor r = torch::stable::contiguous(reduced, format);
  const Layout l{f.size(0) / frames,
                 static_cast<int>(frames),
                 static_cast<int>(f.size(1)),
                 static_cast<int>(r.size(1)),
                 static_cast<int>(f.size(2)),
                 static_cast<int>(f.size(3)),
                 format == MemoryFormat::ChannelsLast};
  Tensor out = new_tensor(f, {l.pairs(), l.total(), f.size(2), f.size(3)}, format);
  if (out.numel() == 0) return out;
  dispatch(f, "temporal_gradient_features", [&]<class T>(Type<T>) {
    launch(gather_features<T>, blocks_for(l.pairs() * l.channels * l.area(), 256), 256, 0,
           stream_of(f), f.const_data_ptr<T>(), out.mutable_data_ptr<T>(), l, Runs(l));
    launch(gradient_parts<T>, blocks_for(l.pairs() * l.narrow * l.area(), 256), 256, 0,
           stream_of(f), r.const_data_ptr<T>(), out.mutable_data_ptr<T>(), l);
  });
  return out;
}

std::tuple<Tensor, Tensor> joined_backward(const Tensor& grad, int64_t frames, int64_t channels) {
  const MemoryFormat format = memory_format(grad);
  const Guard guard(grad.get_device_index());
  const Tensor g = torch::stable::contiguous(grad, format);
  const Layout l{g.size(0) / (frames - 1),
                 static_cast<int>(frames),
                 static_cast<int>(channels),
                 static_cast<int>((g.size(1) - channels) / 5),
                 static_cast<int>(g.size(2)),
                 static_cast<int>(g.size(3)),
                 format == MemoryFormat::ChannelsLast};
  const int64_t rows = l.clips * frames;
  Tensor features = new_tensor(g, {rows, channels, g.size(2), g.size(3)}, format);
  Tensor reduced = new_tensor(g, {rows, l.narrow, g.size(2), g.size(3)}, format);
  if (g.numel() == 0) return {features, reduced};
  dispatch(g, "temporal_gradient_features_backward", [&]<class T>(Type<T>) {
    launch(scatter_features<T>, blocks_for(features.numel(), 256), 256, 0, stream_of(g),
           g.const_data_ptr<T>(), features.mutable_data_ptr<T>(), l, Runs(l));
    launch(reduced_slope<T>, blocks_for(reduced.numel(), 256), 256, 0, stream_of(g),
           g.const_data_ptr<T>(), reduced.mutable_data_ptr<T>(), l);
  });
  return {features, reduced};
}

}  // namespace
}  // namespace fash

STABLE_TORCH_LIBRARY_IMPL(fasharness, FASH_KEY, library) {
  library.impl("temporal_gradient_features", TORCH_BOX(&fash::joined));
  library.impl("temporal_gradient_features_backward", TORCH_BOX(&fash::joined_backward));
}
