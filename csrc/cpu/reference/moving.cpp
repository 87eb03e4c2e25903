#include <cstring>

#include "cpu/reference/reference.h"

namespace nnstack::reference {
namespace {

int64_t index_at(const void* index, DType type, int64_t i) {
  return type == DType::i32 ? static_cast<const int32_t*>(index)[i] : static_cast<const int64_t*>(index)[i];
}

bool valid(int64_t row, int64_t rows, const KernelContext& context) {
  if (row >= 0 && row < rows) return true;
  if (*context.error == KernelError::none) *context.error = KernelError::index_out_of_range;
  return false;
}

}  // namespace

void copy(void* const* operands, const void* raw_params, const KernelContext&) {
  const CopyParams& p = *static_cast<const CopyParams*>(raw_params);
  int64_t elements = 1;
  for (int i = 0; i < p.rank; i++) elements *= p.dims[i];
  for (int64_t element = 0; element < elements; element++) {
    int64_t left = element, from = p.source_offset, to = p.destination_offset;
    for (int dim = p.rank - 1; dim >= 0; dim--) {
      from += left % p.dims[dim] * p.source_strides[dim];
      to += left % p.dims[dim] * p.destination_strides[dim];
      left /= p.dims[dim];
    }
    std::memcpy(static_cast<char*>(operands[1]) + to * p.element_size,
                static_cast<const char*>(operands[0]) + from * p.element_size, static_cast<size_t>(p.element_size));
  }
}

void fill(void* const* operands, const void* raw_params, const KernelContext&) {
  const FillParams& p = *static_cast<const FillParams*>(raw_params);
  for (int64_t i = 0; i < p.size; i++) {
    std::memcpy(static_cast<char*>(operands[0]) + i * p.element_size, &p.bits, static_cast<size_t>(p.element_size));
  }
}

void gather(void* const* operands, const void* raw_params, const KernelContext& context) {
  const GatherParams& p = *static_cast<const GatherParams*>(raw_params);
  const size_t bytes = static_cast<size_t>(p.inner * p.element_size);
  const char* source = static_cast<const char*>(operands[0]);
  char* result = static_cast<char*>(operands[2]);
  for (int64_t o = 0; o < p.outer; o++, source += p.rows * p.inner * p.element_size) {
    for (int64_t j = 0; j < p.count; j++, result += bytes) {
      const int64_t row = index_at(operands[1], p.index_type, j);
      if (valid(row, p.rows, context))
        std::memcpy(result, source + row * p.inner * p.element_size, bytes);
      else
        std::memset(result, 0, bytes);
    }
  }
}

void scatter_add(void* const* operands, const void* raw_params, const KernelContext& context) {
  const ScatterAddParams& p = *static_cast<const ScatterAddParams*>(raw_params);
  with_type(p.type, [&](auto zero) {
    using T = decltype(zero);
    const T* updates = static_cast<const T*>(operands[1]);
    T* result = static_cast<T*>(operands[2]);
    for (int64_t i = 0; i < p.rows * p.inner; i++) result[i] = 0;
    for (int64_t j = 0; j < p.count; j++) {
      const int64_t row = index_at(operands[0], p.index_type, j);
      if (!valid(row, p.rows, context)) continue;
      for (int64_t i = 0; i < p.inner; i++) {
        T& to = result[row * p.inner + i];
        to = static_cast<T>(static_cast<typename WideOf<T>::type>(to) +
                            static_cast<typename WideOf<T>::type>(updates[j * p.inner + i]));
      }
    }
  });
}

}  // namespace nnstack::reference
