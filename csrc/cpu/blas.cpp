#include "cpu/blas.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace nnstack {
namespace {

// OpenBLAS chooses kernels by the model of the processor, and for models it does not know by what it takes for safe: on AMD's
// with AVX-512 those of AVX2, which reach half the peak.
int vector_bytes_of(const char* core) {
  for (const char* wide : {"SkylakeX", "Cooperlake", "SapphireRapids"})
    if (std::strcmp(core, wide) == 0) return 64;
  return 32;
}

const Blas* load_blas() {
  const char* choice = std::getenv("NNSTACK_BLAS");
  if (choice != nullptr && std::strcmp(choice, "off") == 0) return nullptr;
  Dl_info here;
  if (dladdr(reinterpret_cast<void*>(&load_blas), &here) == 0 || here.dli_fname == nullptr) return nullptr;
  const std::string file = here.dli_fname;
  const std::string folder = file.substr(0, file.rfind('/') + 1);  // empty where the name has no folder: not searched
  if (folder.empty()) return nullptr;
  void* library = dlopen((folder + "libnnstack_openblas.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  static Blas found;
  const auto set_threads = reinterpret_cast<void (*)(int)>(dlsym(library, "scipy_openblas_set_num_threads"));
  found.sgemm = reinterpret_cast<decltype(found.sgemm)>(dlsym(library, "scipy_cblas_sgemm"));
  found.dgemm = reinterpret_cast<decltype(found.dgemm)>(dlsym(library, "scipy_cblas_dgemm"));
  const auto core_name = reinterpret_cast<const char* (*)()>(dlsym(library, "scipy_openblas_get_corename"));
  if (core_name == nullptr || set_threads == nullptr || found.sgemm == nullptr || found.dgemm == nullptr) return nullptr;
  set_threads(1);
  found.vector_bytes = vector_bytes_of(core_name());
  return &found;
}

}  // namespace

const Blas* blas() {
  static const Blas* const found = load_blas();
  return found;
}

}  // namespace nnstack
