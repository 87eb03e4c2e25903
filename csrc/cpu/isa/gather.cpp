// Rows by index, and its gradient: adding rows by index.
#include "cpu/isa/kernels.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kWorthForking = 128 * 1024;  // elements

inline int64_t index_at(const void* index, DType type, int64_t i) {
  return type == DType::i32 ? static_cast<const int32_t*>(index)[i] : static_cast<const int64_t*>(index)[i];
}

void report(const KernelContext& context) {
  KernelError none = KernelError::none, wrong = KernelError::index_out_of_range;
  __atomic_compare_exchange(context.error, &none, &wrong, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

struct GatherJob {
  const GatherParams* params;
  const KernelContext* context;
  const char* source;
  const void* index;
  char* result;
  int64_t chunk;  // rows of the result
};

void copy_row(char* to, const char* from, int64_t bytes) {
  if (bytes == 4)
    __builtin_memcpy(to, from, 4);
  else if (bytes == 8)
    __builtin_memcpy(to, from, 8);
  else
    __builtin_memcpy(to, from, static_cast<size_t>(bytes));
}

void gather_chunk(void* arg, int64_t chunk) {
  const GatherJob& job = *static_cast<const GatherJob*>(arg);
  const GatherParams& p = *job.params;
  const int64_t bytes = p.inner * p.element_size;
  const int64_t end = smaller((chunk + 1) * job.chunk, p.outer * p.count);
  int64_t outer = chunk * job.chunk / p.count, j = chunk * job.chunk % p.count;
  for (int64_t row = chunk * job.chunk; row < end; row++) {
    const int64_t from = index_at(job.index, p.index_type, j);
    char* to = job.result + row * bytes;
    if (from >= 0 && from < p.rows) {
      copy_row(to, job.source + (outer * p.rows + from) * bytes, bytes);
    } else {
      __builtin_memset(to, 0, static_cast<size_t>(bytes));
      report(*job.context);
    }
    if (++j == p.count) j = 0, outer++;
  }
}

struct ScatterJob {
  const ScatterAddParams* params;
  const KernelContext* context;
  const void* index;
  const void* updates;
  void* result;
  int64_t columns;  // per chunk
};

// A chunk owns some columns of all rows, so every sum runs in the order of j.
template <class T>
void scatter_chunk(void* arg, int64_t chunk) {
  const ScatterJob& job = *static_cast<const ScatterJob*>(arg);
  const ScatterAddParams& p = *job.params;
  const int64_t begin = chunk * job.columns, columns = smaller(job.columns, p.inner - begin);
  T* result = static_cast<T*>(job.result) + begin;
  const T* updates = static_cast<const T*>(job.updates) + begin;
  const bool whole = columns == p.inner;  // then all rows are one array
  for (int64_t row = 0; row < (whole ? 1 : p.rows); row++) {
    __builtin_memset(result + row * p.inner, 0, static_cast<size_t>(columns * (whole ? p.rows : 1)) * sizeof(T));
  }
  for (int64_t j = 0; j < p.count; j++) {
    const int64_t row = index_at(job.index, p.index_type, j);
    if (row < 0 || row >= p.rows) {
      report(*job.context);
      continue;
    }
    T* to = result + row * p.inner;
    const T* from = updates + j * p.inner;
    NNSTACK_NO_LOOP_DEPENDENCE
    for (int64_t i = 0; i < columns; i++) to[i] = static_cast<T>(to[i] + from[i]);
  }
}

template <class T>
void scatter_typed(ScatterJob& job, const KernelContext& context) {
  context.parallel(context.pool, divide_up(job.params->inner, job.columns), scatter_chunk<T>, &job);
}

}  // namespace

void gather(void* const* operands, const void* raw_params, const KernelContext& context) {
  const GatherParams& params = *static_cast<const GatherParams*>(raw_params);
  GatherJob job{&params, &context, static_cast<const char*>(operands[0]), operands[1], static_cast<char*>(operands[2]), 1};
  const int64_t rows = params.outer * params.count;
  if (rows == 0 || params.inner == 0) return;
  job.chunk = rows * params.inner < 2 * kWorthForking ? rows : larger<int64_t>(1, kWorthForking / params.inner);
  context.parallel(context.pool, divide_up(rows, job.chunk), gather_chunk, &job);
}

void scatter_add(void* const* operands, const void* raw_params, const KernelContext& context) {
  const ScatterAddParams& params = *static_cast<const ScatterAddParams*>(raw_params);
  if (params.inner == 0) return;
  ScatterJob job{&params, &context, operands[0], operands[1], operands[2], params.inner};
  const int64_t elements = (params.count + params.rows) * params.inner;
  if (elements >= 2 * kWorthForking) {  // as many chunks as pay, of whole cache lines
    job.columns = larger<int64_t>(64, round_up(divide_up(params.inner, smaller<int64_t>(elements / kWorthForking, 16)), 64));
  }
  switch (params.type) {
    case DType::f32: return scatter_typed<float>(job, context);
    case DType::f64: return scatter_typed<double>(job, context);
    default: break;
  }
  switch (size_of(params.type)) {
    case 1: return scatter_typed<uint8_t>(job, context);
    case 2: return scatter_typed<uint16_t>(job, context);
    case 4: return scatter_typed<uint32_t>(job, context);
    default: return scatter_typed<uint64_t>(job, context);
  }
}

}  // namespace nnstack::NNSTACK_ISA_NAME
