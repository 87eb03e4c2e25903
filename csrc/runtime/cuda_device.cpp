// Devices "cuda:0", "cuda:1" ...: opens the plug-in libnnstack_cuda.so at the first request and wraps its C table.
#include "runtime/cuda_device.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include "base/error.h"
#include "runtime/cuda_api.h"

namespace nnstack {
namespace {

// The folder of the library that holds this function: libnnstack.so, or the program that libnnstack.a was linked into.
std::string own_folder() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void*>(&own_folder), &info) || !info.dli_fname) return ".";
  std::string path = info.dli_fname;
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

struct Plugin {
  const CudaApi* api = nullptr;  // null where there is no usable device
  int devices = 0;
  std::string why;  // empty where there is one
  pid_t process = 0;
};

Plugin open_plugin() {
  Plugin plugin;
  plugin.process = getpid();
  const char* chosen = std::getenv("NNSTACK_CUDA_PLUGIN");
  std::string path = chosen && *chosen ? chosen : own_folder() + "/libnnstack_cuda.so";
  std::string looked = "looked for the CUDA plug-in at " + path +
                       (chosen && *chosen ? " (NNSTACK_CUDA_PLUGIN)" : " (NNSTACK_CUDA_PLUGIN names another file)");
  if (access(path.c_str(), F_OK) != 0) {
    plugin.why = looked +
                 ": there is no such file. This copy of nnstack was built without CUDA; build it where nvcc is, "
                 "with -DNNSTACK_CUDA=ON";
    return plugin;
  }
  // The handle is kept for the life of the process: devices, streams and kernel tables point into the library.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    plugin.why = looked + ": " + dlerror();
    return plugin;
  }
  auto function = reinterpret_cast<CudaApiFunction>(dlsym(library, "nn_cuda_api"));
  const CudaApi* api = function ? function(kCudaAbi) : nullptr;
  if (!api) {
    plugin.why = looked + ": it was built for another version of nnstack (interface " + std::to_string(kCudaAbi) +
                 " expected). Install the plug-in and the core together";
    return plugin;
  }
  plugin.devices = api->device_count();
  if (plugin.devices == 0) {
    plugin.why = looked + ": it loads, but the NVIDIA driver offers no device (" + api->error() +
                 "). CUDA 13 needs a GPU of compute capability 7.5 or newer and driver 580 or newer; nvidia-smi shows both, "
                 "CUDA_VISIBLE_DEVICES can hide GPUs";
    return plugin;
  }
  plugin.api = api;
  return plugin;
}

std::mutex folders_mutex;
std::vector<std::string>& folders() {  // named before the plug-in was opened
  static std::vector<std::string> list;
  return list;
}
bool opened = false;

const Plugin& plugin() {
  static const Plugin one = [] {
    Plugin result = open_plugin();
    std::lock_guard<std::mutex> lock(folders_mutex);
    if (result.api) {
      for (const std::string& folder : folders()) result.api->add_library_folder(folder.c_str());
    }
    opened = true;
    return result;
  }();
  return one;
}

class CudaStream final : public Stream {
 public:
  CudaStream(const CudaApi& api, int device) : api_(api) { check(api_.make_stream(device, &stream_)); }
  ~CudaStream() override {
    if (stream_) api_.destroy_stream(stream_);
  }
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  KernelContext context(void* scratch) override {
    return {run_here, nullptr, scratch, static_cast<KernelError*>(api_.stream_error(stream_)), stream_};
  }
  void upload(void* device, const void* host, size_t bytes) override { check(api_.upload(stream_, device, host, bytes)); }
  void download(void* host, const void* device, size_t bytes) override { check(api_.download(stream_, host, device, bytes)); }
  void copy(void* to, const void* from, size_t bytes) override { check(api_.copy(stream_, to, from, bytes)); }
  void synchronize() override { check(api_.synchronize(stream_)); }
  KernelError take_error() override {
    int32_t error = 0;
    check(api_.take_error(stream_, &error));
    return static_cast<KernelError>(error);
  }

  const CudaApi& api() const { return api_; }
  void* handle() const { return stream_; }
  void check(int status) const {
    if (status != 0) throw RuntimeError(std::string("CUDA: ") + api_.error());
  }

 private:
  // Kernels on a GPU have no use for host threads; a context without the function would still be a trap.
  static void run_here(void*, int64_t chunks, void (*body)(void*, int64_t), void* argument) {
    for (int64_t i = 0; i < chunks; ++i) body(argument, i);
  }

  const CudaApi& api_;
  void* stream_ = nullptr;
};

class CudaDevice final : public Device {
 public:
  CudaDevice(const CudaApi& api, int index) : api_(api), index_(index), name_("cuda:" + std::to_string(index)) {}

  const std::string& name() const override { return name_; }
  bool host_memory() const override { return false; }
  void* allocate(size_t bytes) override {
    void* memory = nullptr;
    if (api_.allocate(index_, bytes, &memory) != 0) throw std::bad_alloc();
    return memory;
  }
  void release(void* memory) noexcept override { api_.release(index_, memory); }
  const KernelTable& kernels() const override { return *api_.kernels(); }
  std::unique_ptr<Stream> make_stream() override { return std::make_unique<CudaStream>(api_, index_); }

 private:
  const CudaApi& api_;
  int index_;
  std::string name_;
};

class Graph final : public CudaGraph {
 public:
  Graph(const CudaApi& api, void* graph) : api_(api), graph_(graph) {}
  ~Graph() override { api_.destroy_graph(graph_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void launch(Stream& stream) override {
    auto& on = dynamic_cast<CudaStream&>(stream);
    on.check(api_.launch_graph(graph_, on.handle()));
  }

 private:
  const CudaApi& api_;
  void* graph_;
};

}  // namespace

int cuda_device_count() { return plugin().devices; }

std::string why_no_cuda() { return plugin().why; }

Device& cuda_device(int index) {
  const Plugin& cuda = plugin();
  std::string name = "cuda:" + std::to_string(index);
  if (!cuda.api) throw RuntimeError("device \"" + name + "\" is not available: " + cuda.why);
  if (cuda.process != getpid()) {
    throw RuntimeError("device \"" + name + "\": CUDA does not survive fork(). Start worker processes with spawn");
  }
  if (index < 0 || index >= cuda.devices) {
    throw RuntimeError("device \"" + name + "\" is not available: there " +
                       (cuda.devices == 1 ? "is 1 CUDA device" : "are " + std::to_string(cuda.devices) + " CUDA devices") +
                       ", numbered from 0");
  }
  // Never destroyed: tensors may outlive every other static object.
  static auto& devices = *new std::vector<std::unique_ptr<CudaDevice>>([&] {
    std::vector<std::unique_ptr<CudaDevice>> all;
    for (int i = 0; i < cuda.devices; ++i) all.push_back(std::make_unique<CudaDevice>(*cuda.api, i));
    return all;
  }());
  return *devices[static_cast<size_t>(index)];
}

std::string cuda_description(int index) {
  cuda_device(index);
  return plugin().api->description(index);
}

void add_cuda_library_folder(const std::string& folder) {
  std::unique_lock<std::mutex> lock(folders_mutex);
  folders().push_back(folder);
  bool now = opened;
  lock.unlock();
  if (now && plugin().api) plugin().api->add_library_folder(folder.c_str());
}

std::unique_ptr<CudaGraph> capture_cuda_graph(Stream& stream, const std::function<void()>& work) {
  auto& on = dynamic_cast<CudaStream&>(stream);
  void* graph = nullptr;
  on.check(on.api().begin_capture(on.handle()));
  try {
    work();
  } catch (...) {
    if (on.api().end_capture(on.handle(), &graph) == 0) on.api().destroy_graph(graph);
    throw;
  }
  on.check(on.api().end_capture(on.handle(), &graph));
  return std::make_unique<Graph>(on.api(), graph);
}

}  // namespace nnstack
