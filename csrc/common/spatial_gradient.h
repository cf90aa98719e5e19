// The arithmetic of the Sobel gradient, its magnitudes and their slopes, for host and device.
#pragma once
#include <cmath>

#include "platform.h"

namespace fash {

template <class A>
struct Gradient {
  A x;
  A y;
};

// The eight neighbours of a pixel; its own value has weight zero in both kernels.
template <class A>
struct Ring {
  A top_left, top, top_right, left, right, bottom_left, bottom, bottom_right;
};

template <class A>
FASH_HD Gradient<A> sobel(const Ring<A>& r) {
  return {(r.top_right + 2 * r.right + r.bottom_right) - (r.top_left + 2 * r.left + r.bottom_left),
          (r.top_left + 2 * r.top + r.top_right) - (r.bottom_left + 2 * r.bottom + r.bottom_right)};
}

// Transpose of sobel: both kernels change sign when turned by 180 degrees.
template <class A>
FASH_HD A sobel_adjoint(const Ring<A>& u, const Ring<A>& v) {
  return -(sobel(u).x + sobel(v).y);
}

// An Energy is what is made of the two responses, and its slope times the incoming gradient.
struct Magnitude {
  template <class A>
  static FASH_HD A value(const Gradient<A>& g) {
    using std::sqrt;
    return sqrt(g.x * g.x + g.y * g.y + A(1e-8));
  }
  template <class A>
  static FASH_HD Gradient<A> slope(const Gradient<A>& g, A grad) {
    const A scale = grad / value(g);
    return {scale * g.x, scale * g.y};
  }
};

struct Squared {
  template <class A>
  static FASH_HD A value(const Gradient<A>& g) {
    return g.x * g.x + g.y * g.y;
  }
  template <class A>
  static FASH_HD Gradient<A> slope(const Gradient<A>& g, A grad) {
    return {2 * grad * g.x, 2 * grad * g.y};
  }
};

}  // namespace fash
