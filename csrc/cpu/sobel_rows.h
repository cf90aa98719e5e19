// Row loops of the Sobel gradient that two operators share; buffers carry a border pixel.
#pragma once
#include "../common/spatial_gradient.h"
#include "rows.h"

namespace fash {

// Three rows of a buffer: `step` elements per pixel, one border pixel on the left.
template <class A>
struct Rows {
  const A *top, *middle, *bottom;
  int64_t step;
  Rows(RowRing<A>& ring, int64_t y, int64_t pixel)
      : top(ring.slot(y - 1)), middle(ring.slot(y)), bottom(ring.slot(y + 1)), step(pixel) {}
};

template <class A>
FASH_HD Ring<A> ring_at(const A* top, const A* middle, const A* bottom, int64_t step, int64_t i) {
  return {top[i],    top[i + step],    top[i + 2 * step],   middle[i], middle[i + 2 * step],
          bottom[i], bottom[i + step], bottom[i + 2 * step]};
}

template <class A>
FASH_SIMD void pair_row(const A* __restrict top, const A* __restrict middle,
                        const A* __restrict bottom, int64_t step, A* __restrict gx,
                        A* __restrict gy, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const Gradient<A> g = sobel(ring_at(top, middle, bottom, step, i));
    gx[i] = g.x;
    gy[i] = g.y;
  }
}

template <class Energy, class A>
FASH_SIMD void energy_row(const A* __restrict top, const A* __restrict middle,
                          const A* __restrict bottom, int64_t step, A* __restrict out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = Energy::value(sobel(ring_at(top, middle, bottom, step, i)));
}

template <class Energy, class A>
FASH_SIMD void slope_row(const A* __restrict top, const A* __restrict middle,
                         const A* __restrict bottom, int64_t step, const A* __restrict grad,
                         A* __restrict u, A* __restrict v, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const Gradient<A> s = Energy::slope(sobel(ring_at(top, middle, bottom, step, i)), grad[i]);
    u[i] = s.x;
    v[i] = s.y;
  }
}

template <class A>
FASH_SIMD void adjoint_row(const A* __restrict u0, const A* __restrict u1, const A* __restrict u2,
                           const A* __restrict v0, const A* __restrict v1, const A* __restrict v2,
                           int64_t step, A* __restrict out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = sobel_adjoint(ring_at(u0, u1, u2, step, i), ring_at(v0, v1, v2, step, i));
}

template <class A>
void adjoint_row(const Rows<A>& u, const Rows<A>& v, A* out, int64_t n) {
  adjoint_row(u.top, u.middle, u.bottom, v.top, v.middle, v.bottom, u.step, out, n);
}

}  // namespace fash
