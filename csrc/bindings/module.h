#pragma once
#include <optional>

#include "bindings/convert.h"

namespace nnstack {

void bind_graph(py::module_& m);
void bind_program(py::module_& m);
void bind_export(py::module_& m);
Device& device_or_default(const std::optional<std::string>& name);

}  // namespace nnstack
