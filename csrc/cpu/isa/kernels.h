// The kernels of one instruction set. kernel_table is the one symbol that csrc/cpu/dispatch.cpp uses.
#pragma once
#include "base/kernel.h"
#include "cpu/isa/vector.h"

namespace nnstack::NNSTACK_ISA_NAME {

extern const KernelTable kernel_table;

void elementwise(void* const* operands, const void* params, const KernelContext& context);
void matmul(void* const* operands, const void* params, const KernelContext& context);
int64_t matmul_scratch(const void* params);
void reduce(void* const* operands, const void* params, const KernelContext& context);
int64_t reduce_scratch(const void* params);
void arg_reduce(void* const* operands, const void* params, const KernelContext& context);
void copy(void* const* operands, const void* params, const KernelContext& context);
void fill(void* const* operands, const void* params, const KernelContext& context);
void gather(void* const* operands, const void* params, const KernelContext& context);
void scatter_add(void* const* operands, const void* params, const KernelContext& context);
void softmax(void* const* operands, const void* params, const KernelContext& context);
void convolution(void* const* operands, const void* params, const KernelContext& context);
int64_t convolution_scratch(const void* params);
void pool(void* const* operands, const void* params, const KernelContext& context);
void cumulative(void* const* operands, const void* params, const KernelContext& context);
void sort(void* const* operands, const void* params, const KernelContext& context);
void ctc(void* const* operands, const void* params, const KernelContext& context);
void ctc_beams(void* const* operands, const void* params, const KernelContext& context);
int64_t ctc_beams_scratch(const void* params);
int64_t sort_scratch(const void* params);
int64_t ctc_scratch(const void* params);

void recurrence(void* const* operands, const void* params, const KernelContext& context);
int64_t recurrence_scratch(const void* params);
void recurrence_gradient(void* const* operands, const void* params, const KernelContext& context);
int64_t recurrence_gradient_scratch(const void* params);
void normalize(void* const* operands, const void* params, const KernelContext& context);
void normalize_gradient(void* const* operands, const void* params, const KernelContext& context);
int64_t normalize_scratch(const void* params);
const char* matmul_implementation(const void* params);
const char* convolution_implementation(const void* params);

}  // namespace nnstack::NNSTACK_ISA_NAME
