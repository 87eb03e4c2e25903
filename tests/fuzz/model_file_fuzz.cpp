// libFuzzer: any bytes as an exported model file are loaded, every function is run one step, or an Error says why not.
//
//   cmake -S . -B build/fuzz -DCMAKE_CXX_COMPILER=clang++ -DNNSTACK_FUZZ=ON && cmake --build build/fuzz --target
//   model_file_fuzz build/fuzz/tests/fuzz/model_file_fuzz -rss_limit_mb=1000 -timeout=10 CORPUS     seeds: python
//   tests/fuzz/seeds.py CORPUS
#include <cstring>
#include <new>

#include "io/format.h"
#include "nnstack/model.h"

using namespace nnstack;

namespace {

constexpr int64_t kMostElements = 1 << 16;  // of an input: what a caller feeds is the caller's to bound

// One step of a function on zeros, with 2 rows where the size is open.
void run_once(const Model& model, const std::string& function) {
  const std::vector<TensorInfo>& inputs = model.inputs(function);
  Session session = model.session(function);
  std::vector<std::vector<double>> zeros(inputs.size());  // aligned for every type
  for (size_t i = 0; i < inputs.size(); i++) {
    std::vector<int64_t> shape = inputs[i].shape;
    int64_t elements = 1;
    for (int64_t& size : shape) {
      if (size < 0) size = 2;
      if (size != 0 && elements > kMostElements / size) return;
      elements *= size;
    }
    zeros[i].resize(static_cast<size_t>(elements) + 1);
    session.set_input(i, zeros[i].data(), shape);
  }
  session.run();
}

}  // namespace

// As without the sanitizer, memory that cannot be had is told, and the program goes on.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  set_num_threads(1);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  FileHeader header;
  if (size >= sizeof header) {  // checksum and size made right: they are no protection against malice
    std::memcpy(&header, bytes.data(), sizeof header);
    header.file_size = size;
    if (header.graph_offset <= size && header.graph_size <= size - header.graph_offset)
      header.graph_checksum = checksum(bytes.data() + header.graph_offset, header.graph_size);
    std::memcpy(bytes.data(), &header, sizeof header);
  }
  try {
    const Model model = Model::from_memory(bytes.data(), bytes.size());
    model.verify();
    for (const std::string& function : model.functions()) run_once(model, function);
  } catch (const Error&) {
  } catch (const std::bad_alloc&) {  // what a step needs is more than there is
  }
  return 0;
}
