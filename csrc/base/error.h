// The exceptions of the core. Bindings translate them to the Python exceptions of the same names.
#pragma once
#include <stdexcept>
#include <string>

namespace nnstack {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class ValueError : public Error {  // a wrong value, shape or name
 public:
  using Error::Error;
};
class TypeError : public Error {  // a wrong kind of argument
 public:
  using Error::Error;
};
class RuntimeError : public Error {  // a call in the wrong order, a missing device, a failing system
 public:
  using Error::Error;
};

}  // namespace nnstack
