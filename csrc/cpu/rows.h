// Rows of an image as accumulator buffers with a zero border: load, convert, store.
#pragma once
#include <algorithm>
#include <cstring>

#include "../common/platform.h"
#include "../common/tensors.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fash {

// An image of H x W pixels, each a run of adjacent elements: a plane of a contiguous tensor has
// run 1, a channels_last image has run C, a slice of its channels a run below pixel_stride.
template <class T>
struct Image {
  T* data;
  int64_t height, width, run, row_stride, pixel_stride;
  bool dense() const { return run == pixel_stride; }
};

// The columns [begin, end) of an image, worked on at once so that buffers stay in cache.
struct Columns {
  int64_t begin, end;
};

template <class T, class A>
FASH_SIMD void widen(const T* __restrict from, A* __restrict to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<A>(from[i]);
}

template <class T, class A>
FASH_SIMD void narrow(const A* __restrict from, T* __restrict to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<T>(from[i]);
}

FASH_SIMD inline void widen_bits(const uint16_t* __restrict from, float* __restrict to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t bits = static_cast<uint32_t>(from[i]) << 16;
    std::memcpy(to + i, &bits, sizeof(bits));
  }
}

// Round to nearest even, and keep a NaN a NaN.
FASH_SIMD inline void narrow_bits(const float* __restrict from, uint16_t* __restrict to,
                                  int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    uint32_t bits;
    std::memcpy(&bits, from + i, sizeof(bits));
    const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    to[i] = static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
  }
}

inline void widen(const BFloat16* from, float* to, int64_t n) {
  widen_bits(reinterpret_cast<const uint16_t*>(from), to, n);
}
inline void narrow(const float* from, BFloat16* to, int64_t n) {
  narrow_bits(from, reinterpret_cast<uint16_t*>(to), n);
}
inline void widen(const float* from, float* to, int64_t n) {
  std::memcpy(to, from, n * sizeof(float));
}
inline void narrow(const float* from, float* to, int64_t n) {
  std::memcpy(to, from, n * sizeof(float));
}

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx,f16c"))) inline int64_t widen_f16c(const Half* from, float* to,
                                                              int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(to + i,
                     _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  return i;
}
__attribute__((target("avx,f16c"))) inline int64_t narrow_f16c(const float* from, Half* to,
                                                               int64_t n) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  return i;
}
inline void widen(const Half* from, float* to, int64_t n) {
  int64_t i = __builtin_cpu_supports("f16c") ? widen_f16c(from, to, n) : 0;
  for (; i < n; ++i) to[i] = static_cast<float>(from[i]);
}
inline void narrow(const float* from, Half* to, int64_t n) {
  int64_t i = __builtin_cpu_supports("f16c") ? narrow_f16c(from, to, n) : 0;
  for (; i < n; ++i) to[i] = static_cast<Half>(from[i]);
}
#endif

// Write the columns and `border` pixels on either side into `to`; what lies outside is zero.
template <class T, class A>
void load_row(const Image<const T>& image, int64_t y, Columns columns, int64_t border, A* to) {
  const int64_t begin = columns.begin - border, end = columns.end + border;
  const int64_t first = std::max<int64_t>(begin, 0), last = std::min(end, image.width);
  if (y < 0 || y >= image.height || first >= last) {
    std::fill(to, to + (end - begin) * image.run, A(0));
    return;
  }
  std::fill(to, to + (first - begin) * image.run, A(0));
  std::fill(to + (last - begin) * image.run, to + (end - begin) * image.run, A(0));
  const T* from = image.data + y * image.row_stride + first * image.pixel_stride;
  A* at = to + (first - begin) * image.run;
  if (image.dense()) return widen(from, at, (last - first) * image.run);
  for (int64_t x = first; x < last; ++x, from += image.pixel_stride, at += image.run)
    widen(from, at, image.run);
}

// Where a row may be computed in place: the image itself if it is dense and of the sums' dtype.
template <class T, class A>
A* target_row(const Image<T>& image, int64_t y, Columns columns, A* buffer) {
  if constexpr (std::is_same_v<T, A>)
    if (image.dense()) return image.data + y * image.row_stride + columns.begin * image.run;
  return buffer;
}

template <class T, class A>
void store_row(const Image<T>& image, int64_t y, Columns columns, const A* from) {
  T* to = image.data + y * image.row_stride + columns.begin * image.pixel_stride;
  if (static_cast<const void*>(to) == static_cast<const void*>(from)) return;
  if (image.dense()) return narrow(from, to, (columns.end - columns.begin) * image.run);
  for (int64_t x = columns.begin; x < columns.end; ++x, to += image.pixel_stride, from += image.run)
    narrow(from, to, image.run);
}

// How an image is cut into independent pieces: bands of rows by tiles of columns.
struct Cut {
  int64_t rows, columns, bands, tiles;
  static Cut of(int64_t height, int64_t width, int64_t run) {
    if (height == 0 || width == 0 || run == 0) return {1, 1, 0, 0};  // no pieces, no division by 0
    const int64_t columns = std::min(width, std::max<int64_t>(1, 4096 / run));
    const int64_t rows = std::min(height, std::max<int64_t>(32, 65536 / (columns * run)));
    return {rows, columns, (height + rows - 1) / rows, (width + columns - 1) / columns};
  }
  int64_t pieces() const { return bands * tiles; }
};

// The images of a (N, C, H, W) tensor: N * C planes, or N images whose pixels have C elements.
template <class T>
struct Images {
  T* data;
  int64_t count, height, width, run;
  Images(T* first, const Tensor& x, bool channels_last)
      : data(first),
        count(x.size(0) * (channels_last ? 1 : x.size(1))),
        height(x.size(2)),
        width(x.size(3)),
        run(channels_last ? x.size(1) : 1) {}
  Image<T> operator[](int64_t i) const {
    return {data + i * height * width * run, height, width, run, width * run, run};
  }
  Cut cut() const { return Cut::of(height, width, run); }
};

// Call piece(image, first row, last row, columns, worker's scratch) for all pieces in parallel.
template <class Scratch, class Piece>
void for_pieces(int64_t images, int64_t height, int64_t width, const Cut& cut, const Scratch& make,
                const Piece& piece) {
  const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, cut.rows * cut.columns));
  torch::stable::parallel_for(0, images * cut.pieces(), grain, [&](int64_t begin, int64_t end) {
    auto scratch = make();
    for (int64_t i = begin; i < end; ++i) {
      const int64_t band = i % cut.pieces() / cut.tiles, tile = i % cut.tiles;
      const Columns columns{tile * cut.columns, std::min(width, (tile + 1) * cut.columns)};
      piece(i / cut.pieces(), band * cut.rows, std::min(height, (band + 1) * cut.rows), columns,
            scratch);
    }
  });
}

// Three neighbouring rows in turn, each loaded once.
template <class A>
class RowRing {
 public:
  RowRing() = default;
  RowRing(int64_t length) : length_(length), buffer_(3 * length) {}
  A* slot(int64_t y) { return buffer_.data() + (y + 3) % 3 * length_; }

 private:
  int64_t length_ = 0;
  std::vector<A> buffer_;
};

}  // namespace fash
