// How the plug-in's C functions report trouble: an exception inside, a status and a text outside.
#pragma once
#include <stdexcept>
#include <string>

#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

// The text that CudaApi::error() returns on this thread.
inline std::string& last_failure() {
  thread_local std::string text;
  return text;
}

// Runs `body`; exceptions must not cross the C interface.
template <class Body>
int guarded(Body body) {
  try {
    body();
    return 0;
  } catch (const std::exception& error) {
    last_failure() = error.what();
    return 1;
  }
}

}  // namespace nnstack::cuda
