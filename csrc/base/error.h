// The exceptions of the core. Bindings translate them to the Python exceptions of the same names.
#pragma once
#include <string>

#include "nnstack/error.h"
