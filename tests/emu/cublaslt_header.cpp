// Compiles where NVIDIA's own header is installed: what cuda/runtime/cublaslt.h declares is what cuBLASLt 13 has.
#include <cublasLt.h>

#include <cstddef>

#include "cuda/runtime/cublaslt.h"

namespace lt = nnstack::cuda::cublaslt;

static_assert(CUBLAS_VER_MAJOR == 13);
static_assert(int(lt::kCompute32F) == CUBLAS_COMPUTE_32F && int(lt::kCompute64F) == CUBLAS_COMPUTE_64F);
static_assert(int(lt::kFloat32) == CUDA_R_32F && int(lt::kFloat64) == CUDA_R_64F);
static_assert(int(lt::kNormal) == CUBLAS_OP_N && int(lt::kTransposed) == CUBLAS_OP_T);
static_assert(sizeof(lt::Operation) == sizeof(cublasOperation_t) && sizeof(lt::Status) == sizeof(cublasStatus_t));
static_assert(int(lt::kTransposeA) == CUBLASLT_MATMUL_DESC_TRANSA && int(lt::kTransposeB) == CUBLASLT_MATMUL_DESC_TRANSB);
static_assert(int(lt::kBatchCount) == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT);
static_assert(int(lt::kStridedBatchOffset) == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET);
static_assert(int(lt::kMaxWorkspaceBytes) == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
static_assert(int(lt::kReductionSchemeMask) == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
static_assert(int(lt::kMinAlignmentA) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
static_assert(int(lt::kMinAlignmentB) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
static_assert(int(lt::kMinAlignmentC) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
static_assert(int(lt::kMinAlignmentD) == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
static_assert(lt::kFixedOrderReductions == (CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE));
static_assert(sizeof(lt::Algorithm) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(lt::HeuristicResult) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(lt::HeuristicResult, workspace_bytes) == offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(lt::HeuristicResult, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));
static_assert(offsetof(lt::HeuristicResult, waves) == offsetof(cublasLtMatmulHeuristicResult_t, wavesCount));

// Functions: the same number of parameters, each of the same size.
namespace {
template <class A, class B>
struct Alike;
template <class R, class... A, class S, class... B>
struct Alike<R (*)(A...), S (*)(B...)> {
  static constexpr bool value = [] {
    if constexpr (sizeof...(A) == sizeof...(B)) {
      return sizeof(R) == sizeof(S) && ((sizeof(A) == sizeof(B)) && ...);
    } else {
      return false;
    }
  }();
};
template <class Ours, class Theirs>
constexpr bool alike = Alike<Ours, Theirs>::value;
using F = lt::Functions;
static_assert(alike<decltype(F::create), decltype(&cublasLtCreate)>);
static_assert(alike<decltype(F::version), decltype(&cublasLtGetVersion)>);
static_assert(alike<decltype(F::operation_create), decltype(&cublasLtMatmulDescCreate)>);
static_assert(alike<decltype(F::operation_destroy), decltype(&cublasLtMatmulDescDestroy)>);
static_assert(alike<decltype(F::operation_set), decltype(&cublasLtMatmulDescSetAttribute)>);
static_assert(alike<decltype(F::layout_create), decltype(&cublasLtMatrixLayoutCreate)>);
static_assert(alike<decltype(F::layout_destroy), decltype(&cublasLtMatrixLayoutDestroy)>);
static_assert(alike<decltype(F::layout_set), decltype(&cublasLtMatrixLayoutSetAttribute)>);
static_assert(alike<decltype(F::preference_create), decltype(&cublasLtMatmulPreferenceCreate)>);
static_assert(alike<decltype(F::preference_destroy), decltype(&cublasLtMatmulPreferenceDestroy)>);
static_assert(alike<decltype(F::preference_set), decltype(&cublasLtMatmulPreferenceSetAttribute)>);
static_assert(alike<decltype(F::heuristic), decltype(&cublasLtMatmulAlgoGetHeuristic)>);
static_assert(alike<decltype(F::matmul), decltype(&cublasLtMatmul)>);
}  // namespace
