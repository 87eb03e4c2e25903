// The kernels of the plug-in, one file each, as in csrc/cpu.
#pragma once
#include "base/kernel.h"

namespace nnstack::cuda {

void run_elementwise(void* const* operands, const void* params, const KernelContext& context);
void run_matmul(void* const* operands, const void* params, const KernelContext& context);
void run_reduce(void* const* operands, const void* params, const KernelContext& context);
int64_t reduce_scratch(const void* params);
void run_arg_reduce(void* const* operands, const void* params, const KernelContext& context);
void run_copy(void* const* operands, const void* params, const KernelContext& context);
void run_fill(void* const* operands, const void* params, const KernelContext& context);
void run_gather(void* const* operands, const void* params, const KernelContext& context);
void run_scatter_add(void* const* operands, const void* params, const KernelContext& context);
int64_t scatter_add_scratch(const void* params);
void run_softmax(void* const* operands, const void* params, const KernelContext& context);
void run_convolution(void* const* operands, const void* params, const KernelContext& context);
int64_t convolution_scratch(const void* params);
void run_pool(void* const* operands, const void* params, const KernelContext& context);
void run_cumulative(void* const* operands, const void* params, const KernelContext& context);
void run_sort(void* const* operands, const void* params, const KernelContext& context);
int64_t sort_scratch(const void* params);
void run_ctc(void* const* operands, const void* params, const KernelContext& context);
int64_t ctc_scratch(const void* params);
void run_ctc_beams(void* const* operands, const void* params, const KernelContext& context);
int64_t ctc_beams_scratch(const void* params);
void run_recurrence(void* const* operands, const void* params, const KernelContext& context);
void run_recurrence_gradient(void* const* operands, const void* params, const KernelContext& context);
void run_normalize(void* const* operands, const void* params, const KernelContext& context);
void run_normalize_gradient(void* const* operands, const void* params, const KernelContext& context);
int64_t normalize_scratch(const void* params);

}  // namespace nnstack::cuda
