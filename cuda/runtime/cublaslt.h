// What the plug-in uses of cuBLASLt 13, declared here because the library is opened at run time and its headers come with
// a 400 MB package that a build does not need. tests/emu/cublaslt_header.cpp compares every value with cublasLt.h where
// that is installed. Names are those of NVIDIA's documentation without the prefix.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda::cublaslt {

using Handle = void*;
using Descriptor = void*;  // of an operation, a matrix layout or a preference
using Status = int;        // 0: success

enum ComputeType : int { kCompute32F = 68, kCompute64F = 70 };  // strict fp32: no TF32
enum DataType : int { kFloat32 = 0, kFloat64 = 1 };
enum Operation : int32_t { kNormal = 0, kTransposed = 1 };

enum OperationAttribute : int { kTransposeA = 3, kTransposeB = 4 };
enum LayoutAttribute : int { kBatchCount = 5, kStridedBatchOffset = 6 };
enum PreferenceAttribute : int {
  kMaxWorkspaceBytes = 1,
  kReductionSchemeMask = 3,
  kMinAlignmentA = 5,
  kMinAlignmentB = 6,
  kMinAlignmentC = 7,
  kMinAlignmentD = 8
};
// Split sums whose parts are added in a fixed order; without the scheme that adds in place.
constexpr uint32_t kFixedOrderReductions = 2 | 4;

struct Algorithm {
  uint64_t data[8];
};
struct HeuristicResult {
  Algorithm algorithm;
  size_t workspace_bytes;
  Status state;
  float waves;
  int reserved[4];
};

struct Functions {
  Status (*create)(Handle*);
  size_t (*version)();
  Status (*operation_create)(Descriptor*, ComputeType, DataType scale);
  Status (*operation_destroy)(Descriptor);
  Status (*operation_set)(Descriptor, OperationAttribute, const void*, size_t);
  Status (*layout_create)(Descriptor*, DataType, uint64_t rows, uint64_t columns, int64_t leading);
  Status (*layout_destroy)(Descriptor);
  Status (*layout_set)(Descriptor, LayoutAttribute, const void*, size_t);
  Status (*preference_create)(Descriptor*);
  Status (*preference_destroy)(Descriptor);
  Status (*preference_set)(Descriptor, PreferenceAttribute, const void*, size_t);
  Status (*heuristic)(Handle, Descriptor operation, Descriptor a, Descriptor b, Descriptor c, Descriptor d,
                      Descriptor preference, int wanted, HeuristicResult*, int* found);
  Status (*matmul)(Handle, Descriptor operation, const void* alpha, const void* a, Descriptor a_layout, const void* b,
                   Descriptor b_layout, const void* beta, const void* c, Descriptor c_layout, void* d, Descriptor d_layout,
                   const Algorithm*, void* workspace, size_t workspace_bytes, cudaStream_t);
};

// The library and where it was found; null and why not.
struct Library {
  const Functions* functions = nullptr;
  std::string report;
};
const Library& library();
void add_folder(const std::string& folder);  // searched first, before the first use of library()

}  // namespace nnstack::cuda::cublaslt
