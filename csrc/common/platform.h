// The macros that let one arithmetic serve host and device, and loops serve several x86 levels.
#pragma once

// Raised with every change of an operator's schema, here and in fasharness/ops/_native.py.
#define FASH_OPS_MARK "fasharness.ops kernels 2;"

#if defined(__CUDACC__)
#define FASH_HD __host__ __device__ __forceinline__
#elif defined(__GNUC__)
// Always: a compiler hesitates to inline into a function for another instruction set.
#define FASH_HD inline __attribute__((always_inline))
#else
#define FASH_HD inline
#endif

// One machine code per instruction set, chosen when the library loads: a wheel stays portable.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define FASH_SIMD __attribute__((target_clones("default", "avx2", "avx512f")))
#define FASH_SIMD_LEVELS "x86-64, avx2, avx512f"
#else
#define FASH_SIMD
#define FASH_SIMD_LEVELS "the compiler's default"
#endif
