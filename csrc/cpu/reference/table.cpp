#include "cpu/kernels.h"
#include "cpu/reference/reference.h"

namespace nnstack {

const KernelTable& reference_kernels() {
  static constexpr KernelTable table = {"reference",
                                        {
                                            {reference::elementwise, nullptr},
                                            {reference::matmul, nullptr},
                                            {reference::reduce, nullptr},
                                            {reference::arg_reduce, nullptr},
                                            {reference::copy, nullptr},
                                            {reference::fill, nullptr},
                                            {reference::gather, nullptr},
                                            {reference::scatter_add, nullptr},
                                            {reference::softmax, nullptr},
                                            {reference::convolution, nullptr},
                                            {reference::pool, nullptr},
                                            {reference::cumulative, nullptr},
                                            {reference::sort, nullptr},
                                            {reference::ctc, nullptr},
                                            {reference::ctc_beams, nullptr},
                                            {reference::recurrence, nullptr},
                                            {reference::recurrence_gradient, nullptr},
                                            {reference::normalize, nullptr},
                                            {reference::normalize_gradient, nullptr},
                                        }};
  return table;
}

}  // namespace nnstack
