#include "bindings/convert.h"

#include <cstring>

#include "graph/body.h"
#include "runtime/interpreter.h"

namespace nnstack {
namespace {

constexpr const char* kNumpyNames[kDTypes] = {"float32", "float64", "float16", "float32", "int8",
                                              "int16",   "int32",   "int64",   "uint8",   "bool"};

Tensor cast_on_host(const Tensor& tensor, DType dtype) {
  if (tensor.type.dtype == dtype) return tensor;
  return run_node(op_named("cast"), {{"dtype", std::string(name_of(dtype))}}, {tensor})[0];
}

}  // namespace

py::dtype numpy_dtype(DType dtype) { return py::dtype(std::string(kNumpyNames[static_cast<int>(dtype)])); }

DType dtype_of(const py::dtype& dtype) {
  switch (dtype.num()) {
    case py::detail::npy_api::NPY_BOOL_: return DType::b8;
    case py::detail::npy_api::NPY_BYTE_: return DType::i8;
    case py::detail::npy_api::NPY_UBYTE_: return DType::u8;
    case py::detail::npy_api::NPY_SHORT_: return DType::i16;
    case py::detail::npy_api::NPY_INT_: return DType::i32;
    case py::detail::npy_api::NPY_LONG_: return sizeof(long) == 8 ? DType::i64 : DType::i32;
    case py::detail::npy_api::NPY_LONGLONG_: return DType::i64;
    case py::detail::npy_api::NPY_FLOAT_: return DType::f32;
    case py::detail::npy_api::NPY_DOUBLE_: return DType::f64;
    case 23: return DType::f16;  // NPY_HALF
    default:
      throw TypeError("arrays of dtype " + std::string(py::str(dtype)) +
                      " are not supported; convert to a float, an integer or bool");
  }
}

py::tuple to_python(const Shape& shape) {
  py::tuple out(static_cast<size_t>(shape.rank()));
  for (int i = 0; i < shape.rank(); i++)
    out[static_cast<size_t>(i)] = shape[i] < 0 ? py::object(py::none()) : py::object(py::int_(shape[i]));
  return out;
}

Shape shape_from(const py::handle& sequence) {
  Shape shape;
  for (const py::handle& item : py::reinterpret_borrow<py::iterable>(sequence)) {
    if (item.is_none()) {
      shape.push_back(kUnknown);
      continue;
    }
    const auto d = item.cast<int64_t>();
    if (d < 0) throw ValueError("a dimension must be None or not negative, got " + std::to_string(d));
    shape.push_back(d);
  }
  return shape;
}

py::object to_python(const Attribute& attribute) {
  struct Convert {
    py::object operator()(bool v) const { return py::bool_(v); }
    py::object operator()(int64_t v) const { return v == kNone ? py::object(py::none()) : py::object(py::int_(v)); }
    py::object operator()(double v) const { return py::float_(v); }
    py::object operator()(const std::string& v) const { return py::str(v); }
    py::object operator()(const std::vector<int64_t>& v) const {
      py::list list;
      for (int64_t item : v) list.append((*this)(item));
      return list;
    }
    py::object operator()(const BodyPointer& v) const { return py::cast(std::const_pointer_cast<Body>(v)); }
  };
  return std::visit(Convert{}, attribute);
}

Attribute attribute_from(const py::handle& object) {
  if (py::isinstance<py::bool_>(object)) return object.cast<bool>();
  if (py::isinstance<py::str>(object)) return object.cast<std::string>();
  if (py::isinstance<py::float_>(object)) return object.cast<double>();
  if (py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object)) {
    std::vector<int64_t> list;
    for (const py::handle& item : py::reinterpret_borrow<py::sequence>(object))
      list.push_back(item.is_none() ? kNone : item.cast<int64_t>());
    return list;
  }
  if (py::isinstance<Body>(object)) return BodyPointer(object.cast<std::shared_ptr<Body>>());
  return object.cast<int64_t>();
}

Attributes attributes_from(const py::dict& dict) {
  Attributes attributes;
  for (const auto& [name, value] : dict) attributes.set(name.cast<std::string>(), attribute_from(value));
  return attributes;
}

py::array as_array(const py::handle& object) {
  py::object source = py::reinterpret_borrow<py::object>(object);
  if (!py::isinstance<py::array>(object) && py::hasattr(object, "__dlpack__"))
    source = py::module_::import("numpy").attr("from_dlpack")(source);
  auto array = py::array::ensure(source, py::array::c_style);
  if (!array) {
    PyErr_Clear();
    throw TypeError("cannot make an array of " + std::string(py::str(py::type::of(object))));
  }
  if (!array.dtype().attr("isnative").cast<bool>())
    array = py::array(array.attr("astype")(array.dtype().attr("newbyteorder")("=")));
  return array;
}

TensorType type_of(const py::array& array) {
  Shape shape;
  for (py::ssize_t k = 0; k < array.ndim(); k++) shape.push_back(array.shape(k));
  return {dtype_of(array.dtype()), shape};
}

Tensor to_tensor(const py::handle& object, const std::string& dtype) {
  py::array array = as_array(object);
  const int kind = array.dtype().num();
  // Widths the core does not have become ones it has, as numpy would widen them.
  if (kind == py::detail::npy_api::NPY_USHORT_) array = py::array(array.attr("astype")("int32"));
  if (kind == py::detail::npy_api::NPY_UINT_ || kind == py::detail::npy_api::NPY_ULONG_)
    array = py::array(array.attr("astype")("int64"));
  Tensor tensor(type_of(array));
  std::memcpy(tensor.data(), array.data(), tensor.bytes());
  return dtype.empty() ? tensor : cast_on_host(tensor, dtype_named(dtype));
}

py::array to_numpy(const Tensor& tensor) {
  const Tensor host = on_device(tensor, cpu_device());
  const Tensor plain = host.type.dtype == DType::bf16 ? cast_on_host(host, DType::f32) : host;
  py::array array(numpy_dtype(plain.type.dtype), plain.type.shape.dims());
  std::memcpy(array.mutable_data(), plain.data(), plain.bytes());
  return array;
}

}  // namespace nnstack
