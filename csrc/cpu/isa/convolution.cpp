#include "cpu/isa/convolution_kernel_gradient.h"
#include "cpu/isa/convolution_panels.h"
#include "cpu/isa/convolution_walk.h"
#include "cpu/isa/kernels.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

bool makes_nothing(const ConvolutionParams& p) {
  if (p.channels == 0 || p.filters == 0)
    return p.pass != ConvolutionPass::forward ? p.channels == 0 || p.pass == ConvolutionPass::kernel_gradient : p.filters == 0;
  if (p.pass == ConvolutionPass::kernel_gradient) return product(p.at.window) == 0;
  return p.at.batch * product(p.pass == ConvolutionPass::forward ? p.at.output : p.at.input) == 0;
}

template <class T, class Function>
void with_implementation_for(const ConvolutionParams& p, Function function) {
  if (p.pass == ConvolutionPass::kernel_gradient) return function(KernelGradient<T>(p));
  if constexpr (sizeof(T) == 4) {
    if (Panels panels(p); panels.suits()) return function(panels);
  }
  function(Walk<T>(p));
}

template <class Function>
void with_implementation(const ConvolutionParams& p, Function function) {
  p.type == DType::f64 ? with_implementation_for<double>(p, function) : with_implementation_for<float>(p, function);
}

}  // namespace

void convolution(void* const* operands, const void* raw_params, const KernelContext& context) {
  const ConvolutionParams& params = *static_cast<const ConvolutionParams*>(raw_params);
  if (makes_nothing(params)) return;
  with_implementation(params, [&](auto implementation) { implementation.run(operands, context); });
}

const char* convolution_implementation(const void* raw_params) {
  const ConvolutionParams& params = *static_cast<const ConvolutionParams*>(raw_params);
  if (makes_nothing(params)) return nullptr;
  const char* name = nullptr;
  with_implementation(params, [&](const auto& implementation) { name = implementation.name(); });
  return name;
}

int64_t convolution_scratch(const void* raw_params) {
  const ConvolutionParams& params = *static_cast<const ConvolutionParams*>(raw_params);
  if (makes_nothing(params)) return 0;
  int64_t bytes = 0;
  with_implementation(params, [&](const auto& implementation) { bytes = implementation.scratch_bytes(); });
  return bytes;
}

}  // namespace nnstack::NNSTACK_ISA_NAME
