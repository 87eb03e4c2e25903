// The exceptions of the library.
#pragma once
#include <stdexcept>

#include "nnstack/export.h"

namespace nnstack {

class NNSTACK_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class NNSTACK_API ValueError : public Error {  // a wrong value, shape or name; a broken file
 public:
  using Error::Error;
};
class NNSTACK_API TypeError : public Error {  // a wrong kind of argument
 public:
  using Error::Error;
};
class NNSTACK_API RuntimeError : public Error {  // a call in the wrong order, a missing device, a failing system
 public:
  using Error::Error;
};

}  // namespace nnstack
