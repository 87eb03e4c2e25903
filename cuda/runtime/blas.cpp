#include "cuda/runtime/blas.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include "cuda/runtime/cublaslt.h"

namespace nnstack::cuda {
namespace {

using namespace cublaslt;

// A descriptor of cuBLASLt with its destructor.
class Owned {
 public:
  Owned() = default;
  explicit Owned(Status (*destroy)(Descriptor)) : destroy_(destroy) {}
  ~Owned() {
    if (descriptor_) destroy_(descriptor_);
  }
  Owned(Owned&& other) noexcept : destroy_(other.destroy_), descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  Owned& operator=(Owned&&) = delete;
  Descriptor* address() { return &descriptor_; }
  Descriptor get() const { return descriptor_; }

 private:
  Status (*destroy_)(Descriptor) = nullptr;
  Descriptor descriptor_ = nullptr;
};

struct Plan {
  Owned operation, left, right, result;
  Algorithm algorithm;
  size_t workspace_bytes;
};

using Key = std::tuple<DType, bool, bool, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, bool>;
Key key_of(const MatmulParams& p, bool workspace) {
  return {p.type, p.transpose_a, p.transpose_b, p.batch, p.m, p.n, p.k, p.a_batch_stride, p.b_batch_stride, workspace};
}

Owned make_layout(const Functions& lt, DataType type, int64_t rows, int64_t columns, int64_t batch, int64_t stride,
                  bool& good) {
  Owned layout(lt.layout_destroy);
  good =
      good && lt.layout_create(layout.address(), type, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), rows) == 0;
  if (good && batch > 1) {
    auto count = static_cast<int32_t>(batch);
    good = lt.layout_set(layout.get(), kBatchCount, &count, sizeof count) == 0 &&
           lt.layout_set(layout.get(), kStridedBatchOffset, &stride, sizeof stride) == 0;
  }
  return layout;
}

// cuBLASLt thinks in columns: a row-major matrix is its transposed, so product' = b' a' is what it is asked for, and `left`
// below is b. What is stored as rows x columns is to it columns x rows with `columns` as leading dimension.
std::optional<Plan> make_plan(const Functions& lt, Handle handle, const MatmulParams& p, size_t workspace_bytes) {
  bool wide = p.type == DType::f64;
  DataType type = wide ? kFloat64 : kFloat32;
  bool good = true;
  Owned operation(lt.operation_destroy);
  good = lt.operation_create(operation.address(), wide ? kCompute64F : kCompute32F, type) == 0;
  int32_t left_operation = p.transpose_b ? kTransposed : kNormal, right_operation = p.transpose_a ? kTransposed : kNormal;
  good = good && lt.operation_set(operation.get(), kTransposeA, &left_operation, sizeof left_operation) == 0 &&
         lt.operation_set(operation.get(), kTransposeB, &right_operation, sizeof right_operation) == 0;
  Owned left = make_layout(lt, type, p.transpose_b ? p.k : p.n, p.transpose_b ? p.n : p.k, p.batch, p.b_batch_stride, good);
  Owned right = make_layout(lt, type, p.transpose_a ? p.m : p.k, p.transpose_a ? p.k : p.m, p.batch, p.a_batch_stride, good);
  Owned result = make_layout(lt, type, p.n, p.m, p.batch, p.m * p.n, good);

  Owned preference(lt.preference_destroy);
  good = good && lt.preference_create(preference.address()) == 0;
  uint64_t workspace = workspace_bytes;
  good = good && lt.preference_set(preference.get(), kMaxWorkspaceBytes, &workspace, sizeof workspace) == 0 &&
         lt.preference_set(preference.get(), kReductionSchemeMask, &kFixedOrderReductions, sizeof kFixedOrderReductions) == 0;
  for (PreferenceAttribute attribute : {kMinAlignmentA, kMinAlignmentB, kMinAlignmentC, kMinAlignmentD}) {
    uint32_t alignment = 64;  // what base/kernel.h promises; the library would assume 256
    good = good && lt.preference_set(preference.get(), attribute, &alignment, sizeof alignment) == 0;
  }
  HeuristicResult best;
  int found = 0;
  good = good && lt.heuristic(handle, operation.get(), left.get(), right.get(), result.get(), result.get(), preference.get(), 1,
                              &best, &found) == 0;
  if (!good || found == 0 || best.state != 0) return std::nullopt;
  return Plan{std::move(operation), std::move(left), std::move(right), std::move(result), best.algorithm, best.workspace_bytes};
}

// One per device: the handle and every plan made so far. The number of shapes a process multiplies is small.
struct Device {
  Handle handle = nullptr;
  std::map<Key, std::optional<Plan>> plans;
};

}  // namespace

bool blas_matmul(Stream& stream, const MatmulParams& p, const void* a, const void* b, void* product) {
  const Functions* lt = library().functions;
  if (!lt || p.batch > INT32_MAX || cudaSetDevice(stream.device()) != cudaSuccess) return false;
  static auto& mutex = *new std::mutex;
  static auto& devices = *new std::map<int, Device>;
  void* workspace = stream.workspace();
  const Plan* plan = nullptr;
  Handle handle = nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex);
    Device& device = devices[stream.device()];
    if (!device.handle && lt->create(&device.handle) != 0) return false;
    handle = device.handle;
    auto [entry, fresh] = device.plans.try_emplace(key_of(p, workspace != nullptr));
    if (fresh) {
      auto made = make_plan(*lt, handle, p, workspace ? Stream::kWorkspaceBytes : 0);
      if (made) entry->second.emplace(std::move(*made));
    }
    if (!entry->second) return false;
    plan = &*entry->second;  // entries of a map stay where they are
  }
  float one = 1, zero = 0;
  double wide_one = 1, wide_zero = 0;
  bool wide = p.type == DType::f64;
  return lt->matmul(handle, plan->operation.get(), wide ? static_cast<void*>(&wide_one) : &one, b, plan->left.get(), a,
                    plan->right.get(), wide ? static_cast<void*>(&wide_zero) : &zero, product, plan->result.get(), product,
                    plan->result.get(), &plan->algorithm, workspace, plan->workspace_bytes, stream.handle()) == 0;
}

}  // namespace nnstack::cuda
