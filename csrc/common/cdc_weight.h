// The arithmetic of merging a central difference into one kernel, for host and device.
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

template <class A>
FASH_HD A merged_tap(A tap, A total, A spread) {
  return tap - total * spread;
}

}  // namespace fash
