#pragma once
#include <unistd.h>

#include <optional>

#include "bindings/convert.h"

namespace nnstack {

// The interpreter's lock is given up while this lives. Where the interpreter has ended meanwhile (a daemon thread that was
// computing), Python before 3.14 unwinds the thread from inside the attempt to take the lock again, through destructors
// that may not throw and over Python objects: it stays here instead, as 3.14 has it, and goes down with the process.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {
      for (;;) pause();
    }
  }
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

void bind_graph(py::module_& m);
void bind_program(py::module_& m);
void bind_export(py::module_& m);
void bind_crc32c(py::module_& m);
Device& device_or_default(const std::optional<std::string>& name);

}  // namespace nnstack
