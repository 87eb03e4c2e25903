#include "cuda/runtime/cublaslt.h"

#include <dlfcn.h>

#include <cstdlib>
#include <mutex>
#include <vector>

namespace nnstack::cuda::cublaslt {
namespace {

#ifdef NN_CUDA_EMU
constexpr const char* kName = "libcublasLt_emu.so";  // tests/emu/cublaslt_emu.cpp; the real one would need a GPU
#else
constexpr const char* kName = "libcublasLt.so.13";
#endif

std::mutex mutex;
std::vector<std::string>& folders() {
  static std::vector<std::string> list;
  return list;
}

// In this order: already in the process (torch brings its own), NNSTACK_CUDA_LIB_DIR, the run path of the plug-in (the
// folder of the nvidia-cublas package beside nnstack) with the loader's own places, the folders that Python found.
void* open(std::string& report) {
  if (void* handle = dlopen(kName, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD)) {
    report = "already loaded";
    return handle;
  }
  std::vector<std::string> paths;
  if (const char* folder = std::getenv("NNSTACK_CUDA_LIB_DIR"); folder && *folder)
    paths.push_back(std::string(folder) + "/" + kName);
  {
    std::lock_guard<std::mutex> lock(mutex);
    for (const std::string& folder : folders()) paths.push_back(folder + "/" + kName);
  }
  paths.push_back(kName);
  for (const std::string& path : paths) {
    if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      report = path;
      return handle;
    }
    const char* reason = dlerror();
    report += (report.empty() ? "" : "; ") + std::string(reason ? reason : path);
  }
  return nullptr;
}

template <class Function>
bool find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  return function != nullptr;
}

Library load() {
  Library result;
  if (const char* choice = std::getenv("NNSTACK_CUDA_BLAS"); choice && std::string(choice) == "0") {
    result.report = "turned off (NNSTACK_CUDA_BLAS=0)";
    return result;
  }
  void* handle = open(result.report);
  if (!handle) {
    result.report = "not found (pip install nvidia-cublas, or name its folder in NNSTACK_CUDA_LIB_DIR): " + result.report;
    return result;
  }
  static Functions f;
  bool all = find(handle, "cublasLtCreate", f.create) && find(handle, "cublasLtGetVersion", f.version) &&
             find(handle, "cublasLtMatmulDescCreate", f.operation_create) &&
             find(handle, "cublasLtMatmulDescDestroy", f.operation_destroy) &&
             find(handle, "cublasLtMatmulDescSetAttribute", f.operation_set) &&
             find(handle, "cublasLtMatrixLayoutCreate", f.layout_create) &&
             find(handle, "cublasLtMatrixLayoutDestroy", f.layout_destroy) &&
             find(handle, "cublasLtMatrixLayoutSetAttribute", f.layout_set) &&
             find(handle, "cublasLtMatmulPreferenceCreate", f.preference_create) &&
             find(handle, "cublasLtMatmulPreferenceDestroy", f.preference_destroy) &&
             find(handle, "cublasLtMatmulPreferenceSetAttribute", f.preference_set) &&
             find(handle, "cublasLtMatmulAlgoGetHeuristic", f.heuristic) && find(handle, "cublasLtMatmul", f.matmul);
  if (!all) {
    result.report += ": a function is missing, so it is not cuBLASLt 13";
    return result;
  }
  size_t version = f.version();
  result.report = "cuBLASLt " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
                  std::to_string(version % 100) + " (" + result.report + ")";
  result.functions = &f;
  return result;
}

}  // namespace

const Library& library() {
  static const Library one = load();
  return one;
}

void add_folder(const std::string& folder) {
  std::lock_guard<std::mutex> lock(mutex);
  folders().push_back(folder);
}

}  // namespace nnstack::cuda::cublaslt
