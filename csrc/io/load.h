// Reads a model file that anybody may have written: every offset, count, index and type is checked before it is used.
#pragma once
#include <map>
#include <memory>

#include "runtime/program.h"

namespace nnstack {

struct LoadedSample {
  std::string function;
  std::vector<Tensor> inputs, outputs;
};

struct LoadedModel {
  std::map<std::string, std::unique_ptr<Program>> functions;
  std::vector<LoadedSample> samples;
};

// The bytes of a file; weights live in them (copy on write), `owner` keeps them alive.
struct ModelBytes {
  char* data;
  size_t size;
  std::shared_ptr<const void> owner;
  std::string name;  // for messages
};

ModelBytes map_model(const std::string& path);
ModelBytes copy_model(const void* data, size_t size);
LoadedModel load_model(const ModelBytes& bytes, Device& device);

}  // namespace nnstack
