#include <pybind11/stl.h>

#include "bindings/module.h"
#include "io/save.h"
#include "runtime/interpreter.h"

namespace nnstack {
namespace {

using Function = std::tuple<Values, Values, std::vector<std::pair<std::shared_ptr<Variable>, Value>>>;
using Sample = std::tuple<std::string, std::vector<py::object>, std::vector<py::object>>;

void export_model(const std::string& path, const std::map<std::string, Function>& functions,
                  const std::vector<Sample>& samples) {
  std::vector<SavedFunction> saved;
  for (const auto& [name, function] : functions) {
    const auto& [inputs, outputs, updates] = function;
    saved.push_back({name, flatten({inputs, outputs, updates, !updates.empty(), true}, run_node)});
  }
  std::vector<SavedSample> recorded;
  for (const auto& [name, inputs, outputs] : samples) {
    SavedSample sample{0, {}, {}};
    while (sample.function < saved.size() && saved[sample.function].name != name) sample.function++;
    if (sample.function == saved.size())
      throw ValueError("export_model: a sample names function \"" + name + "\", which is not exported");
    for (const py::object& array : inputs) sample.inputs.push_back(to_tensor(array));
    for (const py::object& array : outputs) sample.outputs.push_back(to_tensor(array));
    recorded.push_back(std::move(sample));
  }
  const WithoutGil release;
  save_model(path, saved, recorded);
}

}  // namespace

void bind_export(py::module_& m) {
  m.def("export_model", export_model, py::arg("path"), py::arg("functions"), py::arg("samples") = std::vector<Sample>{});
}

}  // namespace nnstack
