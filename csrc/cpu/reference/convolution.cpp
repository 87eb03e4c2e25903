#include <vector>

#include "cpu/reference/windows.h"

namespace nnstack::reference {
namespace {

template <class T>
void convolve(void* const* operands, const ConvolutionParams& p) {
  using Wide = typename WideOf<T>::type;
  const T* first = static_cast<const T*>(operands[0]);
  const T* second = static_cast<const T*>(operands[1]);
  T* result = static_cast<T*>(operands[2]);
  const int64_t x_size = product(p.at.input) * p.channels, y_size = product(p.at.output) * p.filters;
  const int64_t channels = p.channels / p.groups, filters = p.filters / p.groups;
  const bool forward = p.pass == ConvolutionPass::forward, to_kernel = p.pass == ConvolutionPass::kernel_gradient;
  const int64_t size = to_kernel ? product(p.at.window) * channels * p.filters : forward ? y_size : x_size;
  std::vector<Wide> sums(static_cast<size_t>(size));
  for (int64_t n = 0; n < p.at.batch; n++) {
    for_each_pair(p.at, [&](int64_t i, int64_t k, int64_t o) {
      for (int64_t f = 0; f < p.filters; f++) {
        const int64_t group = f / filters;
        for (int64_t c = 0; c < channels; c++) {
          const int64_t x = i * p.channels + group * channels + c, w = (k * channels + c) * p.filters + f;
          const int64_t y = o * p.filters + f;
          if (forward)
            sums[static_cast<size_t>(y)] += static_cast<Wide>(first[n * x_size + x]) * second[w];
          else if (to_kernel)
            sums[static_cast<size_t>(w)] += static_cast<Wide>(first[n * x_size + x]) * second[n * y_size + y];
          else
            sums[static_cast<size_t>(x)] += static_cast<Wide>(first[n * y_size + y]) * second[w];
        }
      }
    });
    if (to_kernel) continue;
    for (Wide& sum : sums) {
      *result++ = static_cast<T>(sum);
      sum = 0;
    }
  }
  if (!to_kernel) return;
  for (const Wide sum : sums) *result++ = static_cast<T>(sum);
}

}  // namespace

void convolution(void* const* operands, const void* raw_params, const KernelContext& context) {
  const ConvolutionParams& params = *static_cast<const ConvolutionParams*>(raw_params);
  if (params.type == DType::f64)
    convolve<double>(operands, params);
  else
    convolve<float>(operands, params);
  if (params.epilogue != nullptr) elementwise(operands + 2, params.epilogue, context);
}

}  // namespace nnstack::reference
