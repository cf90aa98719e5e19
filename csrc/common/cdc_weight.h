// The arithmetic of folding a central difference into one kernel, for host and device.
#pragma once
#include <cstdint>

#include "platform.h"

namespace fash {

template <class A, class T, class M>
FASH_HD A weighted_sum(const T* taps, const M* mask, int64_t count) {
  A total = 0;
  for (int64_t k = 0; k < count; ++k) total += static_cast<A>(taps[k]) * static_cast<A>(mask[k]);
  return total;
}

template <class A, class T, class M>
FASH_HD void fold(const T* taps, T* out, const M* sample, const M* spread, A theta, int64_t count) {
  const A total = theta * weighted_sum<A>(taps, sample, count);
  for (int64_t k = 0; k < count; ++k)
    out[k] = static_cast<T>(static_cast<A>(taps[k]) - total * static_cast<A>(spread[k]));
}

}  // namespace fash
