// The table that the core gets from the plug-in; see csrc/runtime/cuda_api.h.
#include <map>
#include <mutex>
#include <string>

#include "cuda/kernels/kernels.h"
#include "cuda/runtime/allocator.h"
#include "cuda/runtime/cublaslt.h"
#include "cuda/runtime/failure.h"
#include "cuda/runtime/stream.h"
#include "runtime/cuda_api.h"

namespace nnstack::cuda {
namespace {

Stream& stream_at(void* stream) { return *static_cast<Stream*>(stream); }

const char* error() { return last_failure().c_str(); }

int device_count() {
  int count = 0;
  cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    cudaGetLastError();
    last_failure() = std::string("cudaGetDeviceCount: ") + cudaGetErrorString(status);
    return 0;
  }
  if (count == 0) last_failure() = "cudaGetDeviceCount: 0 devices";
  return count;
}

std::string version_text(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10); }

const char* description(int device) {
  static auto& mutex = *new std::mutex;
  static auto& texts = *new std::map<int, std::string>;
  std::lock_guard<std::mutex> lock(mutex);
  std::string& text = texts[device];
  cudaDeviceProp properties;
  if (text.empty() && cudaGetDeviceProperties(&properties, device) == cudaSuccess) {
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    const cublaslt::Library& blas = cublaslt::library();
    text = std::string(properties.name) + ", driver " + version_text(driver) + ", runtime " + version_text(runtime) +
           ", products: " + (blas.functions ? blas.report : "own kernel, slower; cuBLASLt " + blas.report);
  }
  return text.c_str();
}

void add_library_folder(const char* folder) { cublaslt::add_folder(folder); }

const KernelTable* kernels() {
  // In the order of KernelId.
  static const KernelTable table = {"cuda",
                                    {{run_elementwise, nullptr},
                                     {run_matmul, nullptr},
                                     {run_reduce, reduce_scratch},
                                     {run_arg_reduce, nullptr},
                                     {run_copy, nullptr},
                                     {run_fill, nullptr},
                                     {run_gather, nullptr},
                                     {run_scatter_add, scatter_add_scratch},
                                     {run_softmax, nullptr},
                                     {run_convolution, convolution_scratch},
                                     {run_pool, nullptr},
                                     {run_cumulative, nullptr},
                                     {run_sort, sort_scratch},
                                     {run_ctc, ctc_scratch},
                                     {run_ctc_beams, ctc_beams_scratch},
                                     {run_recurrence, nullptr},
                                     {run_recurrence_gradient, nullptr},
                                     {run_normalize, normalize_scratch},
                                     {run_normalize_gradient, normalize_scratch}}};
  static_assert(kKernels == 19, "a new kernel needs an entry here");
  return &table;
}

int allocate(int device, size_t bytes, void** memory) {
  return guarded([&] { *memory = Allocator::of(device).allocate(bytes); });
}
void release(int device, void* memory) { Allocator::of(device).release(memory); }
void memory(int device, int64_t* used_bytes, int64_t* cached_bytes) { Allocator::of(device).memory(used_bytes, cached_bytes); }
void release_cached(int device) { Allocator::of(device).release_cached(); }

int make_stream(int device, void** stream) {
  return guarded([&] { *stream = new Stream(device); });
}
void destroy_stream(void* stream) { delete static_cast<Stream*>(stream); }
void* stream_error(void* stream) { return stream_at(stream).error(); }
int upload(void* stream, void* device, const void* host, size_t bytes) {
  return guarded([&] { stream_at(stream).upload(device, host, bytes); });
}
int download(void* stream, void* host, const void* device, size_t bytes) {
  return guarded([&] { stream_at(stream).download(host, device, bytes); });
}
int copy(void* stream, void* to, const void* from, size_t bytes) {
  return guarded([&] { stream_at(stream).copy(to, from, bytes); });
}
int synchronize(void* stream) {
  return guarded([&] { stream_at(stream).synchronize(); });
}
int take_error(void* stream, int32_t* kernel_error) {
  return guarded([&] { *kernel_error = stream_at(stream).take_error(); });
}

int begin_capture(void* stream) {
  return guarded([&] { stream_at(stream).begin_capture(); });
}
int end_capture(void* stream, void** graph) {
  return guarded([&] { *graph = stream_at(stream).end_capture(); });
}
int launch_graph(void* graph, void* stream) {
  return guarded([&] { stream_at(stream).launch(static_cast<cudaGraphExec_t>(graph)); });
}
void destroy_graph(void* graph) { cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)); }

constexpr CudaApi kApi = {kCudaAbi,      error,       device_count, description,    add_library_folder, kernels,
                          allocate,      release,     memory,       release_cached, make_stream,        destroy_stream,
                          stream_error,  upload,      download,     copy,           synchronize,        take_error,
                          begin_capture, end_capture, launch_graph, destroy_graph};

}  // namespace
}  // namespace nnstack::cuda

extern "C" const nnstack::CudaApi* nn_cuda_api(int abi) { return abi == nnstack::kCudaAbi ? &nnstack::cuda::kApi : nullptr; }
