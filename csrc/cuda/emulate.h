// A block of device threads on the host, so that the kernels' indexing and barriers are tested
// anywhere: each thread of a block is a context, and a barrier passes the turn to the next one.
#pragma once
#include <ucontext.h>

#include <functional>
#include <vector>

#define FASH_KEY CPU
#define __global__
#define __device__
#define FASH_SHARED(TYPE, NAME) TYPE* NAME = reinterpret_cast<TYPE*>(::fash::block().shared)

namespace fash {

struct Index {
  unsigned x = 0;
};

inline Index threadIdx, blockIdx, blockDim;

struct Block {
  char* shared = nullptr;
  ucontext_t scheduler;
  std::vector<ucontext_t> threads;
  std::function<void()> body;
  unsigned current = 0, running = 0;
};

inline Block& block() {
  static Block only;
  return only;
}

inline void __syncthreads() {
  Block& b = block();
  const unsigned self = b.current;
  swapcontext(&b.threads[self], &b.scheduler);
  threadIdx.x = self;
}

inline void run_thread() {
  block().body();
  --block().running;
}

// Every thread runs to its next barrier in turn, until all have ended.
inline void run_block(std::vector<std::vector<char>>& stacks) {
  Block& b = block();
  const unsigned count = static_cast<unsigned>(stacks.size());
  b.threads.assign(count, {});
  b.running = count;
  for (unsigned t = 0; t < count; ++t) {
    getcontext(&b.threads[t]);
    b.threads[t].uc_stack.ss_sp = stacks[t].data();
    b.threads[t].uc_stack.ss_size = stacks[t].size();
    b.threads[t].uc_link = &b.scheduler;
    makecontext(&b.threads[t], run_thread, 0);
  }
  while (b.running > 0) {
    const unsigned before = b.running;
    for (unsigned t = 0; t < count; ++t) {
      b.current = threadIdx.x = t;
      swapcontext(&b.scheduler, &b.threads[t]);
    }
    STD_TORCH_CHECK(b.running == before || b.running == 0, "threads part at a barrier");
  }
}

using Stream = int;
inline Stream stream_of(const Tensor&) { return 0; }

struct Guard {
  explicit Guard(int) {}
};

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), int64_t blocks, int threads, size_t shared, Stream,
            Arguments... arguments) {
  std::vector<double> memory(shared / sizeof(double) + 1);
  std::vector<std::vector<char>> stacks(shared ? threads : 0, std::vector<char>(32768));
  block().shared = reinterpret_cast<char*>(memory.data());
  block().body = [=] { kernel(arguments...); };
  blockDim.x = threads;
  for (int64_t b = 0; b < blocks; ++b) {
    blockIdx.x = static_cast<unsigned>(b);
    if (shared) run_block(stacks);
    for (int t = 0; !shared && t < threads; ++t) {
      threadIdx.x = t;
      kernel(arguments...);
    }
  }
}

}  // namespace fash
