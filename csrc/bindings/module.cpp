#include "bindings/module.h"

#include <pybind11/stl.h>

#include <cstdlib>

#include "base/thread_pool.h"
#include "bindings/convert.h"
#include "cpu/kernels.h"
#include "runtime/cpu_device.h"

namespace nnstack {
namespace {

// Where new variables and programs live: NNSTACK_DEVICE, until set_device() says otherwise. Looked at when first needed, so
// that importing never opens the CUDA plug-in.
std::string& default_device() {
  static std::string name = [] {
    const char* chosen = std::getenv("NNSTACK_DEVICE");
    return device_named(chosen && *chosen ? chosen : "cpu").name();
  }();
  return name;
}

void bind_errors(py::module_& m) {
  static py::handle value_error = PyExc_ValueError, type_error = PyExc_TypeError, runtime_error = PyExc_RuntimeError;
  py::register_local_exception_translator([](std::exception_ptr raised) {
    try {
      if (raised) std::rethrow_exception(raised);
    } catch (const ValueError& error) {
      py::set_error(value_error, error.what());
    } catch (const TypeError& error) {
      py::set_error(type_error, error.what());
    } catch (const Error& error) {
      py::set_error(runtime_error, error.what());
    }
  });
  m.attr("__version__") = NNSTACK_VERSION;
}

void bind_machine(py::module_& m) {
  m.def("allocations", cpu_allocations);
  m.def("set_num_threads", [](int count) {
    if (count < 1) throw ValueError("set_num_threads: expected at least 1, got " + std::to_string(count));
    ThreadPool::shared().set_threads(count);
  });
  m.def("get_num_threads", [] { return ThreadPool::shared().threads(); });
  m.def("list_devices", list_devices);
  m.def("why_no_cuda", why_no_cuda);
  m.def("set_device", [](const std::string& name) { default_device() = device_named(name).name(); });
  m.def("get_device", [] { return default_device(); });
  m.def("instruction_set", [] { return std::string(cpu_kernels().name); });
}

}  // namespace

Device& device_or_default(const std::optional<std::string>& name) { return device_named(name ? *name : default_device()); }

}  // namespace nnstack

PYBIND11_MODULE(_core, m) {
  nnstack::bind_errors(m);
  nnstack::bind_graph(m);
  nnstack::bind_program(m);
  nnstack::bind_export(m);
  nnstack::bind_crc32c(m);
  nnstack::bind_machine(m);
}
