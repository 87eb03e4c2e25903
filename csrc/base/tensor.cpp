#include "base/tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/with_type.h"

namespace nnstack {
namespace {

// Sign, exponent and fraction of a number rounded to nearest even, in a format of 16 bits.
uint16_t half_bits(double value, int fraction, int exponent) {
  const int bias = (1 << (exponent - 1)) - 1, infinite = (1 << exponent) - 1;
  const int sign = std::signbit(value) ? 1 << 15 : 0;
  if (std::isnan(value)) return static_cast<uint16_t>(sign | infinite << fraction | 1 << (fraction - 1));
  const double size = std::fabs(value);
  if (std::isinf(value)) return static_cast<uint16_t>(sign | infinite << fraction);
  const int power = size > 0 ? std::max(std::ilogb(size), 1 - bias) : 1 - bias;  // the smallest one is that of subnormals
  if (power > bias) return static_cast<uint16_t>(sign | infinite << fraction);
  const int steps = static_cast<int>(std::nearbyint(std::ldexp(size, fraction - power)));
  // One is hidden in normal numbers; where rounding carries over, it carries into the exponent as it should.
  return static_cast<uint16_t>(sign | (((power + bias - 1) << fraction) + steps));
}

}  // namespace

Tensor on_device(const Tensor& tensor, Device& device) {
  if (&tensor.device() == &device) return tensor;
  Tensor copy(tensor.type, device);
  if (tensor.device().host_memory()) {
    device.make_stream()->upload(copy.data(), tensor.data(), tensor.bytes());
  } else if (device.host_memory()) {
    tensor.device().make_stream()->download(copy.data(), tensor.data(), tensor.bytes());
  } else {
    const Tensor on_host = on_device(tensor, cpu_device());
    device.make_stream()->upload(copy.data(), on_host.data(), on_host.bytes());
  }
  return copy;
}

Tensor scalar_tensor(DType dtype, double value) {
  Tensor tensor({dtype, {}});
  if (dtype == DType::f16 || dtype == DType::bf16) {
    *tensor.as<uint16_t>() = dtype == DType::f16 ? half_bits(value, 10, 5) : half_bits(value, 7, 8);
    return tensor;
  }
  with_type(dtype, [&](auto zero) { *tensor.as<decltype(zero)>() = static_cast<decltype(zero)>(value); });
  return tensor;
}

Dims integers(const Tensor& tensor) {
  Dims out(static_cast<size_t>(tensor.type.shape.elements()));
  with_type(tensor.type.dtype, [&](auto zero) {
    for (size_t i = 0; i < out.size(); i++) out[i] = static_cast<int64_t>(tensor.as<decltype(zero)>()[i]);
  });
  return out;
}

double number_at(const Tensor& tensor, int64_t index) {
  return with_type(tensor.type.dtype, [&](auto zero) { return static_cast<double>(tensor.as<decltype(zero)>()[index]); });
}

}  // namespace nnstack
