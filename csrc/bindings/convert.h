// Between Python objects and the core's types. Translates; nothing else.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "graph/op.h"

namespace nnstack {

namespace py = pybind11;

py::dtype numpy_dtype(DType dtype);       // bfloat16 has no numpy type: its values travel as float32
DType dtype_of(const py::dtype& dtype);   // TypeError for types the core does not have
py::tuple to_python(const Shape& shape);  // None where unknown
Shape shape_from(const py::handle& sequence);
py::object to_python(const Attribute& attribute);
Attribute attribute_from(const py::handle& object);
Attributes attributes_from(const py::dict& dict);

// A contiguous native array of the object: numpy, buffer, __dlpack__, scalars, lists.
py::array as_array(const py::handle& object);
Tensor to_tensor(const py::handle& object, const std::string& dtype = "");  // copies; dtype "" keeps the array's
py::array to_numpy(const Tensor& tensor);                                   // copies
TensorType type_of(const py::array& array);

}  // namespace nnstack
