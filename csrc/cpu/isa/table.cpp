#include "cpu/isa/kernels.h"

#define NNSTACK_TEXT_OF(name) #name
#define NNSTACK_TEXT(name) NNSTACK_TEXT_OF(name)

namespace nnstack::NNSTACK_ISA_NAME {

const KernelTable kernel_table = {NNSTACK_TEXT(NNSTACK_ISA_NAME),
                                  {
                                      {elementwise, nullptr},
                                      {matmul, matmul_scratch, matmul_implementation},
                                      {reduce, reduce_scratch},
                                      {arg_reduce, nullptr},
                                      {copy, nullptr},
                                      {fill, nullptr},
                                      {gather, nullptr},
                                      {scatter_add, nullptr},
                                      {softmax, nullptr},
                                      {convolution, convolution_scratch, convolution_implementation},
                                      {pool, nullptr},
                                      {cumulative, nullptr},
                                      {sort, sort_scratch},
                                      {ctc, ctc_scratch},
                                      {ctc_beams, ctc_beams_scratch},
                                      {recurrence, recurrence_scratch},
                                      {recurrence_gradient, recurrence_gradient_scratch},
                                      {normalize, normalize_scratch},
                                      {normalize_gradient, normalize_scratch},
                                  }};

}  // namespace nnstack::NNSTACK_ISA_NAME
