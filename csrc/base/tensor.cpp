#include "base/tensor.h"

#include <cstring>

namespace nnstack {
namespace {

template <class Function>
auto with_type(DType dtype, Function function) {
  switch (dtype) {
    case DType::f32:
      return function(float{});
    case DType::f64:
      return function(double{});
    case DType::i8:
      return function(int8_t{});
    case DType::i16:
      return function(int16_t{});
    case DType::i32:
      return function(int32_t{});
    case DType::i64:
      return function(int64_t{});
    case DType::u8:
      return function(uint8_t{});
    case DType::b8:
      return function(bool{});
    default:
      throw TypeError(std::string("no scalar arithmetic in ") + name_of(dtype));
  }
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
