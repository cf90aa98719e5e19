// Launching kernels on the stream of the caller; without a GPU the same sources run in emulation.
#pragma once
#include "../common/tensors.h"

#if defined(FASH_EMULATE)
#include "emulate.h"
#else
#include <cuda_runtime.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/macros.h>

#define FASH_KEY CUDA
#define FASH_SHARED(TYPE, NAME)                      \
  extern __shared__ __align__(16) char NAME##_raw[]; \
  TYPE* NAME = reinterpret_cast<TYPE*>(NAME##_raw)

namespace fash {

inline cudaStream_t stream_of(const Tensor& x) {
  void* stream = nullptr;
  TORCH_ERROR_CODE_CHECK(aoti_torch_get_current_cuda_stream(x.get_device_index(), &stream));
  return static_cast<cudaStream_t>(stream);
}

using Guard = torch::stable::accelerator::DeviceGuard;

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), int64_t blocks, int threads, size_t shared,
            cudaStream_t stream, Arguments... arguments) {
  if (blocks == 0) return;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  STD_CUDA_CHECK(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...));
}

}  // namespace fash
#endif

namespace fash {

inline int64_t blocks_for(int64_t count, int64_t each) { return (count + each - 1) / each; }

// Index of this thread among all threads of a one-dimensional launch.
__device__ inline int64_t thread_index() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

// Sum over the block in a fixed order; the result is valid in thread 0. blockDim is 256.
__device__ inline double block_sum(double value, double* shared) {
  shared[threadIdx.x] = value;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    if (static_cast<int>(threadIdx.x) < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    __syncthreads();
  }
  return shared[0];
}

// Add up partial sums in one block, always in the same order.
template <class T>
__global__ void sum_partials(const double* partial, int64_t count, double factor, T* out) {
  FASH_SHARED(double, shared);
  double total = 0;
  for (int64_t i = threadIdx.x; i < count; i += 256) total += partial[i];
  total = block_sum(total, shared);
  if (threadIdx.x == 0) *out = static_cast<T>(total * factor);
}

}  // namespace fash
