// OpenBLAS, if it lies beside this library as libnnstack_openblas.so; it is loaded at first need and kept to one thread.
// Row-major matrices, c = op(a) op(b).
#pragma once
#include <stdint.h>

namespace nnstack {

struct Blas {
  void (*sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float* a, int a_row,
                const float* b, int b_row, float beta, float* c, int c_row);
  void (*dgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double* a, int a_row,
                const double* b, int b_row, double beta, double* c, int c_row);
  int vector_bytes;  // of its kernels on this processor: not used where ours are wider
};
constexpr int kBlasRowMajor = 101, kBlasPlain = 111, kBlasTransposed = 112;

// Null where there is none, or where NNSTACK_BLAS=off.
const Blas* blas();

}  // namespace nnstack
