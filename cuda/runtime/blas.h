// Matrix products through cuBLASLt, where it is there.
#pragma once
#include "base/kernel.h"
#include "cuda/runtime/stream.h"

namespace nnstack::cuda {

// product = op(a) op(b) for every matrix of the batch, queued on the stream. False if cuBLASLt is missing, has no algorithm
// for this shape or failed: nothing has been queued then. The algorithm is chosen once per shape.
bool blas_matmul(Stream& stream, const MatmulParams& params, const void* a, const void* b, void* product);

}  // namespace nnstack::cuda
