// Elementwise programs, interpreted: the whole program travels as a kernel argument, every thread walks through it with its
// elements in slots of its own. All threads take the same branch of the switch, so decoding costs little beside memory.
// Two kernels: programs of float32 and bool alone run four elements at a time (bools held as 0.0 and 1.0), all others one by
// one in 64-bit slots that hold the bits of a float, a double or an int64.
#include "cuda/device/indexing.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/device/philox.h"
#include "cuda/device/scalar_ops.h"
#include "cuda/device/slot.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

struct Pointers {
  void* at[kMaxElementwiseOperands];
};
constexpr int kMaxSlots = kMaxElementwiseOperands + kMaxElementwiseTemporaries;

__device__ int64_t operand_offset(const ElementwiseParams& p, const ElementwiseOperand& operand, int64_t i) {
  if (operand.access == Access::contiguous) return i;
  if (operand.access == Access::scalar) return 0;
  return element_offset(i, p.size, p.dims, operand.strides, p.rank);
}

// ---- float32 and bool, four at a time --------------------------------------------------------------------------------
struct alignas(16) Four {
  float v[4];
};

template <class T>
__device__ Four read_four(const ElementwiseParams& p, const ElementwiseOperand& operand, const T* data, int64_t i, int valid) {
  struct alignas(4 * sizeof(T)) Vector {
    T v[4];
  };
  Four result = {};
  bool inner = operand.access == Access::broadcast && p.dims[p.rank - 1] % 4 == 0;  // four stay in one innermost row
  if (operand.access == Access::scalar || (inner && operand.strides[p.rank - 1] == 0)) {
    auto value = static_cast<float>(data[operand_offset(p, operand, i)]);
    return {{value, value, value, value}};
  }
  if (valid == 4 && (operand.access == Access::contiguous || (inner && operand.strides[p.rank - 1] == 1))) {
    const T* at = data + operand_offset(p, operand, i);
    if (reinterpret_cast<uintptr_t>(at) % sizeof(Vector) == 0) {
      Vector vector = *reinterpret_cast<const Vector*>(at);
      NN_UNROLL
      for (int j = 0; j < 4; ++j) result.v[j] = static_cast<float>(vector.v[j]);
      return result;
    }
  }
  NN_UNROLL
  for (int j = 0; j < 4; ++j) {
    if (j < valid) result.v[j] = static_cast<float>(data[operand_offset(p, operand, i + j)]);
  }
  return result;
}

template <class T>
__device__ void write_four(T* data, const Four& value, int64_t i, int valid) {
  struct alignas(4 * sizeof(T)) Vector {
    T v[4];
  };
  if (valid == 4 && reinterpret_cast<uintptr_t>(data) % sizeof(Vector) == 0) {
    Vector vector;
    NN_UNROLL
    for (int j = 0; j < 4; ++j) vector.v[j] = static_cast<T>(value.v[j]);
    *reinterpret_cast<Vector*>(data + i) = vector;
    return;
  }
  for (int j = 0; j < valid; ++j) data[i + j] = static_cast<T>(value.v[j]);
}

struct FourVisitor {
  const ElementwiseInstruction& code;
  Four* slots;
  void* const* operands;
  int64_t i;

  template <ElementwiseOp op>
  __device__ void run() const {
    Four result;
    if constexpr (op == ElementwiseOp::random_uniform) {
      RandomBlock random = philox(static_cast<const int64_t*>(operands[code.a]), static_cast<uint64_t>(i) / 4, code.stream);
      NN_UNROLL
      for (int j = 0; j < 4; ++j) result.v[j] = uniform_f32(random.word[j]);
    } else {
      constexpr bool two = op >= ElementwiseOp::add;
      const Four a = slots[code.a], b = slots[two ? code.b : code.a];
      if constexpr (op == ElementwiseOp::select) {
        const Four c = slots[code.c];
        NN_UNROLL
        for (int j = 0; j < 4; ++j) result.v[j] = a.v[j] != 0.0f ? b.v[j] : c.v[j];
      } else if constexpr (op == ElementwiseOp::cast) {
        bool to_bool = code.result == DType::b8;
        NN_UNROLL
        for (int j = 0; j < 4; ++j) result.v[j] = to_bool ? (a.v[j] != 0.0f ? 1.0f : 0.0f) : a.v[j];
      } else {
        NN_UNROLL
        for (int j = 0; j < 4; ++j) {
          if constexpr (is_predicate(op)) {
            result.v[j] = predicate<op>(a.v[j], b.v[j]) ? 1.0f : 0.0f;
          } else {
            result.v[j] = arithmetic<op>(a.v[j], b.v[j]);
          }
        }
      }
    }
    slots[code.destination] = result;
  }
};

template <int slot_count>
__global__ void __launch_bounds__(kThreads)
    elementwise_f32(const __grid_constant__ ElementwiseParams p, const __grid_constant__ Pointers pointers) {
  Four slots[slot_count];
  for (int64_t i = 4 * first_item(); i < p.size; i += 4 * item_step()) {
    int valid = p.size - i < 4 ? static_cast<int>(p.size - i) : 4;
    for (int k = 0; k < p.inputs; ++k) {
      const ElementwiseOperand& operand = p.operands[k];
      if (operand.access == Access::raw) continue;
      slots[k] = operand.type == DType::b8 ? read_four(p, operand, static_cast<const uint8_t*>(pointers.at[k]), i, valid)
                                           : read_four(p, operand, static_cast<const float*>(pointers.at[k]), i, valid);
    }
    for (int k = 0; k < p.instructions; ++k) visit(p.code[k].op, FourVisitor{p.code[k], slots, pointers.at, i});
    for (int k = p.inputs; k < p.inputs + p.outputs; ++k) {
      if (p.operands[k].type == DType::b8) {
        write_four(static_cast<uint8_t*>(pointers.at[k]), slots[k], i, valid);
      } else {
        write_four(static_cast<float*>(pointers.at[k]), slots[k], i, valid);
      }
    }
  }
}

// ---- any type, one at a time -----------------------------------------------------------------------------------------
struct OneVisitor {
  const ElementwiseInstruction& code;
  Slot* slots;
  void* const* operands;
  int64_t i;

  template <ElementwiseOp op>
  __device__ void run() const {
    slots[code.destination] = result<op>();
  }

 private:
  template <ElementwiseOp op>
  __device__ Slot result() const {
    if constexpr (op == ElementwiseOp::random_uniform) {
      auto state = static_cast<const int64_t*>(operands[code.a]);
      if (code.type == DType::f64) return Slot::of(uniform_f64(philox(state, static_cast<uint64_t>(i) / 2, code.stream), i));
      return Slot::of(uniform_f32(philox(state, static_cast<uint64_t>(i) / 4, code.stream).word[i % 4]));
    } else if constexpr (op == ElementwiseOp::copy) {
      return slots[code.a];
    } else if constexpr (op == ElementwiseOp::select) {
      return slots[slots[code.a].bits != 0 ? code.b : code.c];
    } else if constexpr (op == ElementwiseOp::cast) {
      return cast_one(code.type, code.result, slots[code.a]);
    } else {
      Slot a = slots[code.a], b = slots[op >= ElementwiseOp::add ? code.b : code.a];
      if (code.type == DType::f32) return apply<op>(a.get<float>(), b.get<float>());
      if (code.type == DType::f64) return apply<op>(a.get<double>(), b.get<double>());
      return apply<op>(a.bits, b.bits);
    }
  }

  template <ElementwiseOp op, class T>
  __device__ Slot apply(T a, T b) const {
    if constexpr (is_predicate(op)) {
      return {predicate<op>(a, b)};
    } else if constexpr (T(0.5) == T(0)) {
      return {wrapped(code.type, arithmetic<op>(a, b))};
    } else {
      return Slot::of(arithmetic<op>(a, b));
    }
  }
};

template <int slot_count>
__global__ void __launch_bounds__(kThreads)
    elementwise_any(const __grid_constant__ ElementwiseParams p, const __grid_constant__ Pointers pointers) {
  Slot slots[slot_count];
  for (int64_t i = first_item(); i < p.size; i += item_step()) {
    for (int k = 0; k < p.inputs; ++k) {
      const ElementwiseOperand& operand = p.operands[k];
      if (operand.access != Access::raw) slots[k] = read_one(operand.type, pointers.at[k], operand_offset(p, operand, i));
    }
    for (int k = 0; k < p.instructions; ++k) visit(p.code[k].op, OneVisitor{p.code[k], slots, pointers.at, i});
    for (int k = p.inputs; k < p.inputs + p.outputs; ++k) write_one(p.operands[k].type, pointers.at[k], i, slots[k]);
  }
}

bool is_f32_or_bool(DType type) { return type == DType::f32 || type == DType::b8; }

bool all_f32_or_bool(const ElementwiseParams& p) {
  for (int k = 0; k < p.inputs + p.outputs; ++k) {
    if (p.operands[k].access != Access::raw && !is_f32_or_bool(p.operands[k].type)) return false;
  }
  for (int k = 0; k < p.instructions; ++k) {
    if (!is_f32_or_bool(p.code[k].type) || !is_f32_or_bool(p.code[k].result)) return false;
  }
  return true;
}

}  // namespace

void run_elementwise(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const ElementwiseParams*>(params);
  if (p.size == 0) return;
  Pointers pointers = {};
  for (int k = 0; k < p.inputs + p.outputs; ++k) pointers.at[k] = operands[k];
  bool few = p.inputs + p.outputs + p.temporaries <= 8;  // slots that most likely stay in the first-level cache
  if (all_f32_or_bool(p)) {
    launch_on(context, few ? elementwise_f32<8> : elementwise_f32<kMaxSlots>, blocks(grid_for(context, p.size, 4 * kThreads)),
              kThreads, p, pointers);
  } else {
    launch_on(context, few ? elementwise_any<8> : elementwise_any<kMaxSlots>, blocks(grid_for(context, p.size, kThreads)),
              kThreads, p, pointers);
  }
}

}  // namespace nnstack::cuda
