// The plug-in's interface: ABI, table, streams, memory, recorded work.
#include <thread>

#include "check.h"
#include "plugin.h"
#include "program.h"

using namespace nnstack;
using namespace nnstack::test;

namespace {

void check_table() {
  check(plugin_function()(kCudaAbi + 1) == nullptr, "another ABI gives null");
  const CudaApi& table = api();
  check(table.abi == kCudaAbi, "the table says its ABI");
  // Behind the number the struct holds function pointers and nothing else.
  void* const* entries = reinterpret_cast<void* const*>(&table);
  for (size_t i = 1; i < sizeof(CudaApi) / sizeof(void*); ++i)
    check(entries[i] != nullptr, "entry " + std::to_string(i) + " is set");
  check(std::strcmp(table.kernels()->name, "cuda") == 0, "the kernels are named cuda");
  for (int i = 0; i < kKernels; ++i)
    check(table.kernels()->entries[i].run != nullptr, "kernel " + std::to_string(i) + " is there");
  check(table.device_count() >= 1, "a device is there");
  check(std::strlen(table.description(0)) > 0, "the device describes itself");
  std::printf("%s\n", table.description(0));
}

void check_memory() {
  int64_t used = 0, cached = 0, before = 0;
  api().memory(0, &before, &cached);
  {
    Array<float> a(1000), b(0);
    check(a.data() != nullptr && reinterpret_cast<uintptr_t>(a.data()) % 64 == 0, "aligned memory");
    check(b.data() != nullptr && b.data() != a.data(), "an empty array has a place of its own");
    api().memory(0, &used, &cached);
    check(used >= before + 4000, "memory in use is counted");
  }
  api().memory(0, &used, &cached);
  check(used == before, "released memory is not in use");
  api().release_cached(0);
  api().memory(0, &used, &cached);
  check(cached == 0, "the cache can be emptied");
  void* none = nullptr;
  check(api().allocate(0, size_t(1) << 60, &none) != 0 && std::strlen(api().error()) > 0,
        "too much memory is an error with a text");
}

void fill(void* memory, float value, int64_t size, void* on) {
  FillParams p = {4, size, 0};
  std::memcpy(&p.bits, &value, 4);
  KernelContext context = {nullptr, nullptr, nullptr, static_cast<KernelError*>(api().stream_error(on)), on};
  void* operands[] = {memory};
  api().kernels()->entries[static_cast<int>(KernelId::fill)].run(operands, &p, context);
}

void check_streams() {
  Array<float> a(std::vector<float>{1, 2, 3}), b(3);
  require(api().copy(stream(), b.data(), a.data(), 12));
  check_equal(b.get(), {1, 2, 3}, "copy on the device");
  // Blocks that one thread and stream give back are reused by others without mixing up their contents.
  std::vector<std::thread> threads;
  std::vector<int> good(2);
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([t, &good] {
      void* own = nullptr;
      if (api().make_stream(0, &own) != 0) return;
      int fine = 0;
      for (int round = 0; round < 20; ++round) {
        void* memory = nullptr;
        float values[64];
        api().allocate(0, sizeof values, &memory);
        fill(memory, float(t * 100 + round), 64, own);
        api().download(own, values, memory, sizeof values);
        fine += values[0] == float(t * 100 + round) && values[63] == values[0];
        fill(memory, -1, 64, own);
        api().release(0, memory);  // while the second fill is under way
      }
      api().destroy_stream(own);
      good[size_t(t)] = fine;
    });
  }
  for (std::thread& thread : threads) thread.join();
  check_equal(good, {20, 20}, "two streams");
}

void check_capture() {
  // x = x * 2 + y, recorded once and run three times with new contents of y.
  Program program(50);
  int16_t x = program.input(DType::f32), y = program.input(DType::f32), out = program.output(DType::f32),
          twice = program.temporary();
  program.add(ElementwiseOp::add, DType::f32, DType::f32, twice, x, x);
  program.add(ElementwiseOp::add, DType::f32, DType::f32, out, twice, y);
  Array<float> first(std::vector<float>(50, 1.0f)), second(50), copy(50);
  KernelContext context = {nullptr, nullptr, nullptr, static_cast<KernelError*>(api().stream_error(stream())), stream()};
  void* operands[] = {first.data(), second.data(), first.data()};
  require(api().begin_capture(stream()));
  api().kernels()->entries[static_cast<int>(KernelId::elementwise)].run(operands, &program.params(), context);
  require(api().copy(stream(), copy.data(), first.data(), 200));
  void* graph = nullptr;
  require(api().end_capture(stream(), &graph));
  check_equal(first.get(), std::vector<float>(50, 1.0f), "recording runs nothing");
  float expected = 1;
  for (float added : {1.0f, 10.0f, 100.0f}) {
    second.set(std::vector<float>(50, added));
    require(api().launch_graph(graph, stream()));
    expected = expected * 2 + added;
    check_equal(copy.get(), std::vector<float>(50, expected), "recorded work runs again");
  }
  api().destroy_graph(graph);
}

// A launch that fails is reported by the next call, once.
void check_failure() {
  Array<float> a(std::vector<float>(4, 1.0f));
  ReduceParams p = {};
  p.type = DType::f16;
  p.rank = 1;
  p.dims[0] = 4;
  KernelContext context = {nullptr, nullptr, nullptr, static_cast<KernelError*>(api().stream_error(stream())), stream()};
  void* operands[] = {a.data(), a.data()};
  api().kernels()->entries[static_cast<int>(KernelId::reduce)].run(operands, &p, context);
  check(api().synchronize(stream()) != 0, "a failed launch is reported");
  check(std::string(api().error()).find("float16") != std::string::npos, "and says why");
  check(api().synchronize(stream()) == 0, "once");
}

}  // namespace

int main() {
  check_table();
  check_memory();
  check_streams();
  check_capture();
  check_failure();
  return passed();
}
