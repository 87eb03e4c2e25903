// The core's side of CUDA (csrc/runtime/cuda_device.cpp), here with the emulated plug-in and, in child processes, with plug-ins
// that are missing or are something else.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "base/error.h"
#include "check.h"
#include "runtime/cuda_device.h"

using namespace nnstack;

namespace {

// True if `test` is true in a process of its own, where no plug-in has been opened yet.
bool in_child(const std::function<bool()>& test) {
  pid_t child = fork();
  if (child == 0) _exit(test() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const RuntimeError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  std::printf("\"%s\" does not contain \"%s\"\n", text.c_str(), part.c_str());
  return false;
}

void check_missing() {
  check(in_child([] {
          setenv("NNSTACK_CUDA_PLUGIN", "/nowhere/plugin.so", 1);
          return cuda_device_count() == 0 && contains(why_no_cuda(), "/nowhere/plugin.so") &&
                 contains(why_no_cuda(), "no such file") &&
                 contains(message([] { cuda_device(0); }),
                          "device \"cuda:0\" is not available: looked for the CUDA plug-in at /nowhere");
        }),
        "a plug-in that is not there");
  check(in_child([] {
          unsetenv("NNSTACK_CUDA_PLUGIN");
          return cuda_device_count() == 0 && contains(why_no_cuda(), "/libnnstack_cuda.so") &&
                 contains(why_no_cuda(), "NNSTACK_CUDA_PLUGIN");
        }),
        "no plug-in beside the library");
  check(in_child([] {
          setenv("NNSTACK_CUDA_PLUGIN", "/proc/self/exe", 1);
          return cuda_device_count() == 0 && contains(why_no_cuda(), "/proc/self/exe");
        }),
        "a file that is no plug-in");
}

void check_device() {
  check(cuda_device_count() == 1 && why_no_cuda().empty(), "one device");
  Device& device = cuda_device(0);
  check(device.name() == "cuda:0" && !device.host_memory(), "its name");
  check(!cuda_description(0).empty(), "its description");
  check(contains(message([] { cuda_device(1); }), "there is 1 CUDA device"), "no second device");
  std::unique_ptr<Stream> stream = device.make_stream();
  std::vector<int32_t> source = {1, 2, 3, 4}, result(4);
  void *a = device.allocate(16), *b = device.allocate(16), *c = device.allocate(16);
  stream->upload(a, source.data(), 16);
  stream->copy(b, a, 16);
  stream->download(result.data(), b, 16);
  stream->synchronize();
  check_equal(result, source, "there and back");

  // b = rows 3, 0, 9 and 1 of a: one index is out of range.
  std::vector<int32_t> index = {3, 0, 9, 1};
  stream->upload(c, index.data(), 16);
  GatherParams params = {DType::i32, 4, 1, 4, 1, 4};
  void* operands[] = {a, c, b};
  device.kernels().entries[static_cast<int>(KernelId::gather)].run(operands, &params, stream->context(nullptr));
  stream->download(result.data(), b, 16);
  check_equal(result, {4, 1, 0, 2}, "gather");
  check(stream->take_error() == KernelError::index_out_of_range, "the kernel's error");
  check(stream->take_error() == KernelError::none, "taken once");

  std::unique_ptr<CudaGraph> graph = capture_cuda_graph(*stream, [&] { stream->copy(b, a, 16); });
  stream->download(result.data(), b, 16);
  check_equal(result, {4, 1, 0, 2}, "recording runs nothing");
  graph->launch(*stream);
  stream->download(result.data(), b, 16);
  check_equal(result, source, "a recorded copy");
  for (void* memory : {a, b, c}) device.release(memory);

  bool thrown = false;
  try {
    device.allocate(size_t(1) << 60);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  check(thrown, "too much memory");
  check(in_child([] { return contains(message([] { cuda_device(0); }), "fork"); }), "a forked child is told");
}

}  // namespace

int main() {
  check_missing();
  check_device();
  return passed();
}
