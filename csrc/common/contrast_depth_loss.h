// The arithmetic of the contrastive depth loss at one cell, for host and device.
#pragma once
#include "platform.h"

namespace fash {

// A cell of d = pred - target and its eight neighbours; `inside` is 1 where a cell is the centre
// of a term of the loss and 0 elsewhere. Cells outside the map have d = 0.
template <class A>
struct Cell {
  A centre;
  A around[8];
};

template <class A>
FASH_HD A contrast_value(const Cell<A>& d) {
  A total = 0;
  for (int k = 0; k < 8; ++k) {
    const A c = d.around[k] - d.centre;
    total += c * c;
  }
  return total;
}

// Half the slope in the centre cell: each neighbour is met once from either end, if that end
// is the centre of a term.
template <class A>
FASH_HD A contrast_slope(const Cell<A>& d, const Cell<A>& inside) {
  A total = 0;
  for (int k = 0; k < 8; ++k)
    total += (inside.centre + inside.around[k]) * (d.centre - d.around[k]);
  return total;
}

}  // namespace fash
