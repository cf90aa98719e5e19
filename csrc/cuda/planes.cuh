// Images of a tensor as rows of width * run elements, whose neighbours are `run` elements apart.
#pragma once
#include "../common/spatial_gradient.h"
#include "launch.cuh"

namespace fash {

// The images of a (N, C, H, W) tensor: N * C planes of run 1, or N images of run C.
struct Planes {
  int64_t count;
  int height, width, run;
  Planes(const Tensor& x, bool channels_last)
      : count(x.size(0) * (channels_last ? 1 : x.size(1))),
        height(static_cast<int>(x.size(2))),
        width(static_cast<int>(x.size(3))),
        run(channels_last ? static_cast<int>(x.size(1)) : 1) {}
  FASH_HD int row() const { return width * run; }
  FASH_HD int64_t image() const { return static_cast<int64_t>(height) * row(); }
};

// The value at (y, i) of an image, zero outside.
template <class A, class T>
__device__ inline A value_at(const T* image, const Planes& p, int y, int i) {
  const bool inside = y >= 0 && y < p.height && i >= 0 && i < p.row();
  return inside ? static_cast<A>(image[static_cast<int64_t>(y) * p.row() + i]) : A(0);
}

// Three columns of three rows, moved down the image one row at a time.
template <class A>
struct Window {
  A cell[3][3];
  template <class T>
  __device__ void push(const T* image, const Planes& p, int y, int i) {
    for (int c = 0; c < 3; ++c) {
      cell[0][c] = cell[1][c];
      cell[1][c] = cell[2][c];
      cell[2][c] = value_at<A>(image, p, y, i + (c - 1) * p.run);
    }
  }
  __device__ Ring<A> ring() const {
    return {cell[0][0], cell[0][1], cell[0][2], cell[1][0],
            cell[1][2], cell[2][0], cell[2][1], cell[2][2]};
  }
};

// Which column of which image, and which rows, a thread works on.
struct Strip {
  static constexpr int kRows = 16;
  int64_t image;
  int first, last, i;
  bool any;
  __device__ explicit Strip(const Planes& p) {
    const int bands = (p.height + kRows - 1) / kRows;
    const int64_t index = thread_index(), band = index / p.row();
    any = band < p.count * bands;
    image = band / bands;
    first = static_cast<int>(band % bands) * kRows;
    last = first + kRows < p.height ? first + kRows : p.height;
    i = static_cast<int>(index % p.row());
  }
  static int64_t blocks(const Planes& p) {
    if (p.row() == 0) return 0;
    return blocks_for(p.count * ((p.height + kRows - 1) / kRows) * p.row(), 256);
  }
};

}  // namespace fash
