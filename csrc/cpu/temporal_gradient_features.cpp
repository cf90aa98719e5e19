// CPU kernels of the spatio-temporal features: every element of the result is written once.
#include <tuple>

#include "sobel_rows.h"

namespace fash {
namespace {

// The joined tensor: rows of a clip's pairs, channels [features | gx gy gx' gy' difference].
template <class T>
struct Joined {
  T* data;
  int64_t frames, channels, narrow, height, width;
  bool last;
  int64_t total() const { return channels + 5 * narrow; }
  int64_t pair_row(int64_t clip, int64_t t) const { return clip * (frames - 1) + t; }
  // Channels [from, from + count) of a row: one image if channels_last, else one plane.
  Image<T> image(int64_t row, int64_t from, int64_t count) const {
    T* start = data + row * total() * height * width + from * (last ? 1 : height * width);
    const int64_t pixel = last ? total() : 1, run = last ? count : 1;
    return {start, height, width, run, width * pixel, pixel};
  }
  // Where plane (or, channels_last, run) `plane` of part 0..4 after the features lies.
  Image<T> part(int64_t row, int64_t part, int64_t plane) const {
    return image(row, channels + part * narrow + plane, narrow);
  }
};

template <class T>
Image<T> frame_image(T* data, int64_t frame, int64_t plane, int64_t channels, bool last, int64_t h,
                     int64_t w) {
  const int64_t run = last ? channels : 1;
  return {data + (frame * channels + (last ? 0 : plane)) * h * w, h, w, run, w * run, run};
}

template <class T>
void copy_image(const Image<const T>& from, const Image<T>& to) {
  for (int64_t y = 0; y < to.height; ++y) {
    const T* source = from.data + y * from.row_stride;
    T* target = to.data + y * to.row_stride;
    if (from.dense() && to.dense()) {
      std::memcpy(target, source, to.width * to.run * sizeof(T));
      continue;
    }
    for (int64_t x = 0; x < to.width; ++x, source += from.pixel_stride, target += to.pixel_stride)
      std::memcpy(target, source, to.run * sizeof(T));
  }
}

template <class T>
void clear_image(const Image<T>& to) {
  for (int64_t y = 0; y < to.height; ++y)
    std::fill_n(to.data + y * to.row_stride, to.width * to.run, T(0));
}

template <class A>
FASH_SIMD void subtract_row(const A* __restrict a, const A* __restrict b, A* __restrict out,
                            int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = a[i] - b[i];
}

template <class A>
FASH_SIMD void add_to_row(const A* __restrict a, A factor, A* __restrict sum, int64_t n) {
  for (int64_t i = 0; i < n; ++i) sum[i] += factor * a[i];
}

template <class A>
struct Scratch {
  RowRing<A> first, second;
  std::vector<A> gx, gy, extra;
  explicit Scratch(int64_t length)
      : first(length), second(length), gx(length), gy(length), extra(length) {}
};

template <class T, class A>
void gradient_rows(RowRing<A>& ring, int64_t y, Columns columns, const Image<T>& to_x,
                   const Image<T>& to_y, Scratch<A>& s) {
  const Rows<A> r(ring, y, to_x.run);
  A* gx = target_row(to_x, y, columns, s.gx.data());
  A* gy = target_row(to_y, y, columns, s.gy.data());
  pair_row(r.top, r.middle, r.bottom, r.step, gx, gy, (columns.end - columns.begin) * to_x.run);
  store_row(to_x, y, columns, gx);
  store_row(to_y, y, columns, gy);
}

// The five gradient parts of one pair of frames, for one plane (or the whole image).
template <class T, class A>
void pair_parts(const Image<const T>& now, const Image<const T>& next, const Joined<T>& to,
                int64_t row, int64_t plane, Scratch<A>& s) {
  const Columns all{0, to.width};
  const auto load = [&](int64_t y) {
    load_row(now, y, all, 1, s.first.slot(y));
    load_row(next, y, all, 1, s.second.slot(y));
  };
  load(-1);
  load(0);
  const Image<T> difference = to.part(row, 4, plane);
  for (int64_t y = 0; y < to.height; ++y) {
    load(y + 1);
    gradient_rows(s.first, y, all, to.part(row, 0, plane), to.part(row, 1, plane), s);
    gradient_rows(s.second, y, all, to.part(row, 2, plane), to.part(row, 3, plane), s);
    A* out = target_row(difference, y, all, s.extra.data());
    subtract_row(s.first.slot(y) + now.run, s.second.slot(y) + now.run, out, to.width * now.run);
    store_row(difference, y, all, out);
  }
}

template <class T>
void forward(const T* features, const T* reduced, const Joined<T>& to, int64_t clips) {
  using A = Accumulator<T>;
  const int64_t planes = to.last ? 1 : to.channels, parts = to.last ? 1 : to.narrow;
  const int64_t work = planes + parts;
  torch::stable::parallel_for(
      0, clips * (to.frames - 1) * work, 1, [&](int64_t begin, int64_t end) {
        Scratch<A> s((to.width + 2) * (to.last ? to.narrow : 1));
        for (int64_t i = begin; i < end; ++i) {
          const int64_t row = i / work, plane = i % work;
          const int64_t frame = row / (to.frames - 1) * to.frames + row % (to.frames - 1);
          const auto source = [&](int64_t f) {
            return frame_image(reduced, f, plane - planes, to.narrow, to.last, to.height, to.width);
          };
          if (plane < planes)
            copy_image(
                frame_image(features, frame, plane, to.channels, to.last, to.height, to.width),
                to.image(row, plane, to.channels));
          else
            pair_parts(source(frame), source(frame + 1), to, row, plane - planes, s);
        }
      });
}

// Row y of what reaches gx (part 0) or gy (part 1) of frame t, from both pairs it belongs to.
template <class T, class A>
void load_part(const Joined<const T>& from, int64_t clip, int64_t t, int64_t part, int64_t plane,
               int64_t y, A* to, std::vector<A>& extra) {
  const Columns all{0, from.width};
  const int64_t now = std::min(t, from.frames - 2);
  const bool first = t < from.frames - 1;
  load_row(from.part(from.pair_row(clip, now), first ? part : part + 2, plane), y, all, 1, to);
  if (t == 0 || !first) return;
  load_row(from.part(from.pair_row(clip, t - 1), part + 2, plane), y, all, 1, extra.data());
  add_to_row(extra.data(), A(1), to, static_cast<int64_t>(extra.size()));
}

template <class T, class A>
void add_difference(const Joined<const T>& from, int64_t clip, int64_t t, int64_t plane, int64_t y,
                    A* out, int64_t n, std::vector<A>& extra) {
  const Columns all{0, from.width};
  if (t < from.frames - 1) {
    load_row(from.part(from.pair_row(clip, t), 4, plane), y, all, 0, extra.data());
    add_to_row(extra.data(), A(1), out, n);
  }
  if (t > 0) {
    load_row(from.part(from.pair_row(clip, t - 1), 4, plane), y, all, 0, extra.data());
    add_to_row(extra.data(), A(-1), out, n);
  }
}

template <class T, class A>
void reduced_slope(const Joined<const T>& from, int64_t clip, int64_t t, int64_t plane,
                   const Image<T>& to, Scratch<A>& s) {
  const Columns all{0, from.width};
  const int64_t n = to.width * to.run;
  const auto load = [&](int64_t y) {
    load_part(from, clip, t, 0, plane, y, s.first.slot(y), s.extra);
    load_part(from, clip, t, 1, plane, y, s.second.slot(y), s.extra);
  };
  load(-1);
  load(0);
  for (int64_t y = 0; y < to.height; ++y) {
    load(y + 1);
    A* out = s.gx.data();
    adjoint_row(Rows<A>(s.first, y, to.run), Rows<A>(s.second, y, to.run), out, n);
    add_difference(from, clip, t, plane, y, out, n, s.extra);
    store_row(to, y, all, out);
  }
}

template <class T>
void backward(const Joined<const T>& from, T* features, T* reduced, int64_t clips) {
  using A = Accumulator<T>;
  const int64_t planes = from.last ? 1 : from.channels, parts = from.last ? 1 : from.narrow;
  const int64_t work = planes + parts;
  torch::stable::parallel_for(0, clips * from.frames * work, 1, [&](int64_t begin, int64_t end) {
    Scratch<A> s((from.width + 2) * (from.last ? from.narrow : 1));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t frame = i / work, plane = i % work;
      const int64_t clip = frame / from.frames, t = frame % from.frames;
      const auto target = [&](T* data, int64_t p, int64_t channels) {
        return frame_image(data, frame, p, channels, from.last, from.height, from.width);
      };
      if (plane >= planes)
        reduced_slope(from, clip, t, plane - planes, target(reduced, plane - planes, from.narrow),
                      s);
      else if (t == from.frames - 1)
        clear_image(target(features, plane, from.channels));
      else
        copy_image(from.image(from.pair_row(clip, t), plane, from.channels),
                   target(features, plane, from.channels));
    }
  });
}

Tensor joined(const Tensor& features, const Tensor& reduced, int64_t frames) {
  const MemoryFormat format = memory_format(features);
  const bool last = format == MemoryFormat::ChannelsLast;
  const Tensor f = torch::stable::contiguous(features, format);
  const Tensor r = torch::stable::contiguous(reduced, format);
  const int64_t clips = f.size(0) / frames, c = f.size(1), n = r.size(1);
  Tensor out = new_tensor(f, {clips * (frames - 1), c + 5 * n, f.size(2), f.size(3)}, format);
  dispatch(f, "temporal_gradient_features", [&]<class T>(Type<T>) {
    const Joined<T> to{out.mutable_data_ptr<T>(), frames, c, n, f.size(2), f.size(3), last};
    forward(f.const_data_ptr<T>(), r.const_data_ptr<T>(), to, clips);
  });
  return out;
}

std::tuple<Tensor, Tensor> joined_backward(const Tensor& grad, int64_t frames, int64_t channels) {
  const MemoryFormat format = memory_format(grad);
  const bool last = format == MemoryFormat::ChannelsLast;
  const Tensor g = torch::stable::contiguous(grad, format);
  const int64_t clips = g.size(0) / (frames - 1), n = (g.size(1) - channels) / 5;
  const int64_t h = g.size(2), w = g.size(3);
  Tensor features = new_tensor(g, {clips * frames, channels, h, w}, format);
  Tensor reduced = new_tensor(g, {clips * frames, n, h, w}, format);
  dispatch(g, "temporal_gradient_features_backward", [&]<class T>(Type<T>) {
    const Joined<const T> from{g.const_data_ptr<T>(), frames, channels, n, h, w, last};
    backward(from, features.mutable_data_ptr<T>(), reduced.mutable_data_ptr<T>(), clips);
  });
  return {features, reduced};
}

}  // namespace
}  // namespace fash

STABLE_TORCH_LIBRARY_IMPL(fasharness, CPU, library) {
  library.impl("temporal_gradient_features", TORCH_BOX(&fash::joined));
  library.impl("temporal_gradient_features_backward", TORCH_BOX(&fash::joined_backward));
}
