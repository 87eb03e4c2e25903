// Reductions of any range of outputs: leaves combined like the digits of a binary counter.
#pragma once
#include "cpu/isa/kernels.h"
#include "cpu/isa/reduce_leaf.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int kLevels = 40;  // of the binary counter
constexpr int64_t kLeafRows = 32;

template <class Op, class T>
class Counter {  // a binary counter of partial results
 public:
  void add(T value) {
    uint64_t count = count_++;
    int level = 0;
    for (; count & 1; count >>= 1, level++) value = combine<Op>(parts_[level], value);
    parts_[level] = value;
  }
  T total() const {
    T value = Start<Op, T>::value;
    int level = 0;
    for (uint64_t digits = count_; digits != 0; digits >>= 1, level++) {
      if (digits & 1) value = combine<Op>(parts_[level], value);
    }
    return value;
  }

 private:
  uint64_t count_ = 0;
  T parts_[kLevels];
};

// The dimensions of one job: strides of the input, kept and reduced apart.
struct Plan {
  int kept = 0, reduced = 0;
  int64_t kept_dims[kMaxRank], kept_strides[kMaxRank];
  int64_t reduced_dims[kMaxRank], reduced_strides[kMaxRank];
  int64_t outputs = 1, reductions = 1;
};
Plan make_plan(const ReduceParams& params) {
  Plan plan;
  int64_t strides[kMaxRank], stride = 1;
  for (int i = params.rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= params.dims[i];
  }
  for (int i = 0; i < params.rank; i++) {
    if (params.reduced[i]) {
      plan.reduced_dims[plan.reduced] = params.dims[i];
      plan.reduced_strides[plan.reduced++] = strides[i];
      plan.reductions *= params.dims[i];
    } else {
      plan.kept_dims[plan.kept] = params.dims[i];
      plan.kept_strides[plan.kept++] = strides[i];
      plan.outputs *= params.dims[i];
    }
  }
  return plan;
}
int64_t offset_of(int64_t index, int count, const int64_t* dims, const int64_t* strides) {
  int64_t offset = 0;
  for (int i = count - 1; i >= 0; i--) {
    const int64_t next = index / dims[i];
    offset += (index - next * dims[i]) * strides[i];
    index = next;
  }
  return offset;
}

// One output: the last dimension is reduced, runs of `run` elements lie side by side.
template <class Op, class T>
T reduce_runs(const T* x, const Plan& plan, int64_t run) {
  if (plan.reduced == 1 && run <= kLeafElements) return reduce_leaf<Op>(x, run);
  Counter<Op, T> counter;
  const int64_t runs = plan.reductions / run;
  for (int64_t r = 0; r < runs; r++) {
    const T* from = x + offset_of(r, plan.reduced - 1, plan.reduced_dims, plan.reduced_strides);
    for (int64_t i = 0; i < run; i += kLeafElements) counter.add(reduce_leaf<Op>(from + i, smaller(kLeafElements, run - i)));
  }
  return counter.total();
}

// Width vectors of neighbouring outputs: the last dimension is kept, rows are added to rows. Only `columns` are stored.
template <class Op, class T, int Width>
void reduce_strip(T* out, const T* x, const Plan& plan, int columns) {
  using V = Vector<T>;
  constexpr int kVectorLanes = kLanes<T>;
  const bool part = columns < Width * kVectorLanes;  // then Width is 1
  const int64_t rows = plan.reduced_dims[plan.reduced - 1], row = plan.reduced_strides[plan.reduced - 1];
  const int64_t groups = plan.reductions / rows;
  V levels[kLevels][Width];
  uint64_t count = 0;
  for (int64_t group = 0; group < groups; group++) {
    const T* from = x + offset_of(group, plan.reduced - 1, plan.reduced_dims, plan.reduced_strides);
    for (int64_t first = 0; first < rows; first += kLeafRows) {
      const int64_t last = smaller(first + kLeafRows, rows);
      V sum[Width];
#pragma GCC unroll 8
      for (int j = 0; j < Width; j++) sum[j] = splat(Start<Op, T>::value);
      if (part) {
        for (int64_t r = first; r < last; r++) sum[0] = Op::apply(sum[0], load_first(from + r * row, columns));
      } else {
        for (int64_t r = first; r < last; r++) {
#pragma GCC unroll 8
          for (int j = 0; j < Width; j++) sum[j] = Op::apply(sum[j], load(from + r * row + j * kVectorLanes));
        }
      }
      int level = 0;
      for (uint64_t digits = count++; digits & 1; digits >>= 1, level++) {
        for (int j = 0; j < Width; j++) sum[j] = Op::apply(levels[level][j], sum[j]);
      }
      for (int j = 0; j < Width; j++) levels[level][j] = sum[j];
    }
  }
  for (int j = 0; j < Width; j++) {
    V total = splat(Start<Op, T>::value);
    int level = 0;
    for (uint64_t digits = count; digits != 0; digits >>= 1, level++) {
      if (digits & 1) total = Op::apply(levels[level][j], total);
    }
    if (part)
      store_first(out, total, columns);
    else
      store(out + j * kVectorLanes, total);
  }
}

// Outputs [begin, end) of `plan`.
template <class Op, class T>
void reduce_range(T* out, const T* x, const Plan& plan, bool rows_kept, int64_t begin, int64_t end) {
  if (plan.reductions == 0) {
    for (int64_t i = begin; i < end; i++) out[i] = Start<Op, T>::value;
  } else if (plan.reduced == 0) {
    for (int64_t i = begin; i < end; i++) out[i] = x[i];
  } else if (!rows_kept) {
    const int64_t run = plan.reduced_dims[plan.reduced - 1];
    if constexpr (kTransposable<T>) {
      if (plan.kept == 1 && plan.reduced == 1 && run <= kShortRow) {
        for (int64_t i = begin; i < end; i += kLanes<T>) {
          const int rows = static_cast<int>(smaller<int64_t>(kLanes<T>, end - i));
          reduce_lanes<Op>(out + i, x + i * run, run, rows, x + plan.outputs * run);
        }
        return;
      }
    }
    for (int64_t i = begin; i < end; i++) {
      out[i] = reduce_runs<Op>(x + offset_of(i, plan.kept, plan.kept_dims, plan.kept_strides), plan, run);
    }
  } else {
    const int64_t width = plan.kept_dims[plan.kept - 1];
    for (int64_t i = begin; i < end;) {
      const int64_t left = smaller(width - i % width, end - i);
      const T* from = x + offset_of(i, plan.kept, plan.kept_dims, plan.kept_strides);
      if (left >= 4 * kLanes<T>) {
        reduce_strip<Op, T, 4>(out + i, from, plan, 4 * kLanes<T>);
        i += 4 * kLanes<T>;
      } else {
        const int columns = static_cast<int>(smaller<int64_t>(left, kLanes<T>));
        reduce_strip<Op, T, 1>(out + i, from, plan, columns);
        i += columns;
      }
    }
  }
}

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
