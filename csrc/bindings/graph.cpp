#include <pybind11/stl.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "autodiff/gradients.h"
#include "bindings/module.h"
#include "graph/body.h"
#include "runtime/interpreter.h"

namespace nnstack {
namespace {

py::array numpy_of(const ValueData& value) {
  if (value.data) return to_numpy(value.data);
  throw RuntimeError("this value is symbolic: its numbers exist only when a Program runs; op \"" + value.node->op->name +
                     "\", shape " + text(value.type.shape));
}

std::string name_of_value(const ValueData& value) {
  return value.node->name.empty() ? layer_of(*value.node) : value.node->name;
}

void bind_value(py::module_& m) {
  py::class_<ValueData, Value>(m, "Value", py::dynamic_attr())
      .def_property_readonly("dtype", [](const ValueData& v) { return name_of(v.type.dtype); })
      .def_property_readonly("shape", [](const ValueData& v) { return to_python(v.type.shape); })
      .def_property_readonly("op", [](const ValueData& v) { return v.node->op->name; })
      .def_property_readonly("inputs", [](const ValueData& v) { return v.node->inputs; })
      .def_property_readonly("index", [](const ValueData& v) { return v.index; })
      .def_property_readonly("concrete", [](const ValueData& v) { return static_cast<bool>(v.data); })
      .def_property_readonly("name", name_of_value)
      .def_property_readonly("variable", [](const ValueData& v) { return v.node->variable; })
      .def_property_readonly("attributes",
                             [](const ValueData& v) {
                               py::dict dict;
                               for (const auto& [name, attribute] : v.node->attributes.entries())
                                 dict[py::str(name)] = to_python(attribute);
                               return dict;
                             })
      .def("numpy", numpy_of)
      .def("__repr__", [](const ValueData& v) {
        return "<Value " + text(v.type) + " of " + v.node->op->name +
               (name_of_value(v).empty() ? "" : " \"" + name_of_value(v) + "\"") + (v.data ? ", concrete>" : ">");
      });
}

void assign_array(Variable& v, const py::handle& object) {
  const py::array array = as_array(object);
  Shape shape;
  for (py::ssize_t k = 0; k < array.ndim(); k++) shape.push_back(array.shape(k));
  if (shape != v.type().shape) {
    throw ValueError("variable \"" + v.name + "\": expected shape " + text(v.type().shape) + ", got " + text(shape));
  }
  if (v.type().dtype != DType::bf16 && array.dtype().equal(numpy_dtype(v.type().dtype))) {  // no copy on the way
    const void* from = array.data();
    const size_t bytes = static_cast<size_t>(array.nbytes());
    const WithoutGil release;
    v.assign_bytes(0, from, bytes);
    return;
  }
  const Tensor tensor = to_tensor(array, name_of(v.type().dtype));
  const WithoutGil release;
  v.assign(tensor);
}

// Zeros that take no memory before they are written: the system gives such pages when they are first touched.
Tensor untouched_zeros(const TensorType& type) {
  constexpr size_t kAlignment = 64;
  const size_t bytes = static_cast<size_t>(type.bytes());
  const std::shared_ptr<void> memory(std::calloc(bytes + kAlignment, 1), std::free);
  if (!memory) throw std::bad_alloc();
  void* start = memory.get();
  size_t room = bytes + kAlignment;
  std::align(kAlignment, bytes, start, room);
  Tensor zeros;
  zeros.type = type;
  zeros.storage = std::make_shared<Storage>(cpu_device(), bytes, start, memory);
  return zeros;
}

// Where a part of a variable lies, in bytes: (begin, size).
std::pair<size_t, size_t> part_of(const Variable& v, int64_t begin, const py::array& array) {
  if (dtype_of(array.dtype()) != v.type().dtype || !(array.flags() & py::array::c_style) || begin < 0)
    throw ValueError("variable \"" + v.name + "\": a part is contiguous and of type " + name_of(v.type().dtype));
  return {static_cast<size_t>(begin) * static_cast<size_t>(array.itemsize()), static_cast<size_t>(array.nbytes())};
}

void read_part(const Variable& v, int64_t begin, py::array& array) {
  const auto [first, bytes] = part_of(v, begin, array);
  const size_t all = static_cast<size_t>(v.type().bytes());
  if (first > all || bytes > all - first)
    throw ValueError("variable \"" + v.name + "\": " + std::to_string(array.size()) + " numbers from " + std::to_string(begin) +
                     " on lie behind its end");
  void* to = array.mutable_data();
  const WithoutGil release;
  const SharedLock lock(v.guard());
  const char* from = static_cast<const char*>(v.data()) + first;
  if (v.device().host_memory()) {
    std::memcpy(to, from, bytes);
  } else {
    v.device().make_stream()->download(to, from, bytes);
  }
}

void bind_variable(py::module_& m) {
  py::class_<Variable, std::shared_ptr<Variable>>(m, "Variable", py::dynamic_attr())
      .def(py::init([](const std::string& name, const py::handle& array, const std::optional<std::string>& device,
                       bool random_state) {
             return std::make_shared<Variable>(name, on_device(to_tensor(array), device_or_default(device)), random_state);
           }),
           py::arg("name"), py::arg("array"), py::arg("device") = py::none(), py::arg("random_state") = false)
      .def_static(
          "zeros",
          [](const std::string& name, const Dims& sizes, const std::string& dtype) {
            const Tensor zeros = untouched_zeros({dtype_named(dtype), Shape(sizes)});
            return std::make_shared<Variable>(name, on_device(zeros, device_or_default(std::nullopt)), false);
          },
          py::arg("name"), py::arg("shape"), py::arg("dtype"))
      .def_readwrite("name", &Variable::name)
      .def_property_readonly("dtype", [](const Variable& v) { return name_of(v.type().dtype); })
      .def_property_readonly("shape", [](const Variable& v) { return to_python(v.type().shape); })
      .def_property_readonly("version", &Variable::version)
      .def_property_readonly("device", [](const Variable& v) { return v.device().name(); })
      .def_property_readonly("random_state", &Variable::random_state)
      .def_property_readonly("value", [](const std::shared_ptr<Variable>& v) { return variable_leaf(v); })
      .def(
          "read", [](const std::shared_ptr<Variable>& v) { return read_variable(v, variable_leaf(v)); },
          py::call_guard<WithoutGil>())
      .def("numpy",
           [](const Variable& v) {
             if (v.type().dtype == DType::bf16) return to_numpy(v.read());  // which numpy has no type for
             py::array array(numpy_dtype(v.type().dtype), v.type().shape.dims());
             void* to = array.mutable_data();
             {
               const WithoutGil release;
               v.read_into(to);
             }
             return array;
           })
      .def("assign", assign_array)
      .def("assign_part",
           [](Variable& v, int64_t begin, const py::array& array) {
             const auto [first, bytes] = part_of(v, begin, array);
             const void* from = array.data();
             const WithoutGil release;
             v.assign_bytes(first, from, bytes);
           })
      .def("read_part", read_part);
}

py::dict schema(const std::string& name) {
  const Op& op = op_named(name);
  py::dict attributes, out;
  for (const auto& [key, value] : op.attributes) attributes[py::str(key)] = to_python(value);
  out["inputs"] = py::make_tuple(op.least_inputs, op.most_inputs);
  out["attributes"] = attributes;
  out["elementwise"] = op.elementwise.has_value();
  out["differentiable"] = op.gradient != nullptr;
  return out;
}

std::vector<py::array> interpret_arrays(const Values& inputs, const Values& outputs, const std::vector<py::object>& arrays,
                                        std::optional<bool> phase) {
  if (inputs.size() != arrays.size())
    throw ValueError("interpret: expected " + std::to_string(inputs.size()) + " arrays, got " + std::to_string(arrays.size()));
  require_values(inputs, "interpret: input");
  require_values(outputs, "interpret: output");
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < arrays.size(); i++) tensors.push_back(to_tensor(arrays[i], name_of(inputs[i]->type.dtype)));
  std::vector<Tensor> results;
  {
    const WithoutGil release;
    results = interpret(inputs, outputs, tensors, phase);
  }
  std::vector<py::array> out;
  for (const Tensor& tensor : results) out.push_back(to_numpy(tensor));
  return out;
}

// Where everything is concrete (an eager tape), the gradients are computed at once.
Values gradients_now(const Values& ys, const Values& xs, const std::optional<Values>& grad_ys) {
  Values found = gradients(ys, xs, grad_ys.value_or(Values{}));
  for (const Value& y : ys)
    if (!y->data) return found;
  Values wanted;
  for (const Value& g : found)
    if (g && !g->data) wanted.push_back(g);
  const std::vector<Tensor> computed = interpret({}, wanted, {});
  for (size_t i = 0; i < wanted.size(); i++) {
    wanted[i]->data = computed[i];
    wanted[i]->type = computed[i].type;
  }
  return found;
}

}  // namespace

void bind_graph(py::module_& m) {
  bind_value(m);
  bind_variable(m);
  m.def(
      "placeholder",
      [](const py::handle& shape, const std::string& dtype, const std::string& name) {
        return placeholder({dtype_named(dtype), shape_from(shape)}, name);
      },
      py::arg("shape"), py::arg("dtype") = "float32", py::arg("name") = "");
  m.def(
      "constant",
      [](const py::handle& array, const std::optional<std::string>& dtype) {
        return constant(to_tensor(array, dtype.value_or("")));
      },
      py::arg("array"), py::arg("dtype") = py::none());
  m.def(
      "emit",
      [](const std::string& op, const Values& inputs, const py::dict& attributes) {
        return emit_now(op, inputs, attributes_from(attributes));
      },
      py::arg("op"), py::arg("inputs"), py::arg("attributes") = py::dict());
  py::class_<Body, std::shared_ptr<Body>>(m, "Body")
      .def_readonly("parameters", &Body::parameters)
      .def_readonly("results", &Body::results);
  m.def("close_body", [](const Values& parameters, const Values& results) {
    const ClosedBody closed = close_body(parameters, results);
    return std::make_pair(std::const_pointer_cast<Body>(closed.body), closed.captured);
  });
  m.def("learning_phase", learning_phase);
  m.def("set_layer", [](const std::string& name) {
    const auto previous = set_layer(name.empty() ? nullptr : std::make_shared<const std::string>(name));
    return previous ? *previous : std::string();
  });
  m.def("tape_begin", tape_begin);
  m.def("tape_end", tape_end);
  m.def("gradients", gradients_now, py::arg("ys"), py::arg("xs"), py::arg("grad_ys") = py::none());
  m.def("interpret", interpret_arrays, py::arg("inputs"), py::arg("outputs"), py::arg("arrays"),
        py::arg("learning_phase") = py::none());
  m.def("op_names", [] {
    std::vector<std::string> names;
    for (const Op* op : all_ops()) names.push_back(op->name);
    return names;
  });
  m.def("op_schema", schema);
}

}  // namespace nnstack
