// The part of the CUDA runtime API that the plug-in's host side calls, on the CPU. Included by cuda_on_cpu.h.
// Streams are synchronous; capturing one keeps its work as a list that a graph launch replays. Device memory is one arena:
// precise out-of-bounds reports under ASan, NaN fill on allocation, and with COC_STRICT=1 no access from the host outside
// copies and launches. The one device reports a single multiprocessor, so that grid-stride kernels start few threads.
#pragma once

// Opaque in the toolkit's headers, ours here.
struct CUstream_st {
  bool capturing = false;
  std::vector<std::function<void()>> work;
};
struct CUgraph_st {
  std::vector<std::function<void()>> work;
};
struct CUgraphExec_st {
  std::vector<std::function<void()>> work;
};
struct CUevent_st {};

namespace coc {
constexpr size_t ARENA = size_t(1) << 36;
class Arena {
 public:
  void open() {
    std::lock_guard<std::mutex> lock(mutex_);
    open_locked();
  }
  void close() {
    std::lock_guard<std::mutex> lock(mutex_);
    close_locked();
  }
  void* allocate(size_t bytes) {  // the first gap that fits, with a red zone behind every block
    std::lock_guard<std::mutex> lock(mutex_);
    size_t at = 2 * RED, need = (bytes + RED + 255) & ~size_t(255);
    for (auto& [offset, size] : used_) {
      if (offset >= at && offset - at >= need) break;
      at = (offset + size + RED + 255) & ~size_t(255);
    }
    size_t end = (at + need + 4095) & ~size_t(4095);
    if (end > ARENA) return nullptr;
    if (end > top_) {
      mprotect(base_ + top_, end - top_, PROT_READ | PROT_WRITE);
      COC_ASAN(__asan_poison_memory_region(base_ + top_, end - top_);)
      top_ = end;
    }
    open_locked();
    used_[at] = bytes;
    COC_ASAN(__asan_unpoison_memory_region(base_ + at, bytes);)
    memset(base_ + at, 0xFF, bytes);
    close_locked();
    return base_ + at;
  }
  bool release(void* memory) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = used_.find(static_cast<char*>(memory) - base_);
    if (it == used_.end()) return false;
    COC_ASAN(__asan_poison_memory_region(memory, it->second);)
    used_.erase(it);
    return true;
  }

 private:
  void open_locked() {
    if (strict_ && depth_++ == 0 && top_) mprotect(base_, top_, PROT_READ | PROT_WRITE);
  }
  void close_locked() {
    if (strict_ && --depth_ == 0 && top_) mprotect(base_, top_, PROT_NONE);
  }

  std::mutex mutex_;
  char* base_ = map_mem(ARENA, PROT_NONE);
  size_t top_ = 0;
  std::map<size_t, size_t> used_;
  int depth_ = 0;
  bool strict_ = getenv("COC_STRICT") && atoi(getenv("COC_STRICT"));
};
inline Arena& arena() {
  static Arena& one = *new Arena;  // outlives every other static, which may still free memory at exit
  return one;
}
inline void device_open(bool on) { on ? arena().open() : arena().close(); }
struct Open {
  Open() { device_open(true); }
  ~Open() { device_open(false); }
};
inline bool record(cudaStream_t stream, std::function<void()> work) {
  if (!stream || !stream->capturing) return false;
  stream->work.push_back(std::move(work));
  return true;
}
inline void run_or_record(cudaStream_t stream, std::function<void()> work) {
  if (!record(stream, work)) work();
}
}  // namespace coc

template <class T>
cudaError_t cudaFuncSetAttribute(T* function, cudaFuncAttribute attribute, int value) {
  if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (value > 232448) return coc::ret(cudaErrorInvalidValue);
    std::lock_guard<std::mutex> lock(coc::scheduler_mutex);
    coc::dyn_limit[(const void*)function] = value;
  }
  return cudaSuccess;
}
template <class T>
cudaError_t cudaMalloc(T** memory, size_t bytes) {
  return cudaMalloc(reinterpret_cast<void**>(memory), bytes);
}

extern "C" {
inline cudaError_t cudaMalloc(void** memory, size_t bytes) {
  *memory = bytes ? coc::arena().allocate(bytes) : nullptr;
  return bytes && !*memory ? coc::ret(cudaErrorMemoryAllocation) : cudaSuccess;
}
inline cudaError_t cudaFree(void* memory) {
  return memory && !coc::arena().release(memory) ? coc::ret(cudaErrorInvalidValue) : cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  coc::run_or_record(stream, [=] {
    coc::Open open;
    memmove(to, from, bytes);
  });
  return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
  coc::run_or_record(stream, [=] {
    coc::Open open;
    memset(memory, value, bytes);
  });
  return cudaSuccess;
}
inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void*) {
  *attributes = {};
  attributes->type = cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  snprintf(properties->name, sizeof properties->name, "emulated on the CPU");
  properties->major = 9;
  properties->multiProcessorCount = 1;
  return cudaSuccess;
}
inline cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
inline cudaError_t cudaRuntimeGetVersion(int* version) { return cudaDriverGetVersion(version); }
inline const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    default: return "emulated CUDA error";
  }
}
inline cudaError_t cudaGetLastError() { return std::exchange(coc::last_error, cudaSuccess); }

inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}
inline cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaEventQuery(cudaEvent_t) { return cudaSuccess; }
inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }

inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->capturing) return coc::ret(cudaErrorIllegalState);
  stream->capturing = true;
  return cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (!stream->capturing) return coc::ret(cudaErrorIllegalState);
  stream->capturing = false;
  *graph = new CUgraph_st{std::exchange(stream->work, {})};
  return cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
  for (auto& work : executable->work) work();
  return cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}
}
