// Times of single kernels on the device, as one JSON object a line: seconds (median of rounds), GB/s or TFLOP/s.
// Usage: NNSTACK_CUDA_PLUGIN=<plug-in> kernel_timings [elements, default 2^26] [matrix size, default 4096]
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "plugin.h"
#include "program.h"

using namespace nnstack;
using namespace nnstack::test;

namespace {

void report(const char* name, KernelId id, std::vector<void*> operands, const void* params, double bytes, double flops) {
  const KernelEntry& entry = api().kernels()->entries[static_cast<int>(id)];
  Array<char> scratch(static_cast<size_t>(entry.scratch_bytes ? entry.scratch_bytes(params) : 0));
  KernelContext context = {nullptr, nullptr, scratch.data(), static_cast<KernelError*>(api().stream_error(stream())), stream()};
  constexpr int kRounds = 7, kLaunches = 10;
  std::vector<double> seconds;
  for (int round = -1; round < kRounds; ++round) {  // the first warms up
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kLaunches; ++i) entry.run(operands.data(), params, context);
    require(api().synchronize(stream()));
    double each = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / kLaunches;
    if (round >= 0) seconds.push_back(each);
  }
  std::sort(seconds.begin(), seconds.end());
  double median = seconds[kRounds / 2];
  if (flops > 0) {
    std::printf("{\"kernel\": \"%s\", \"seconds\": %.3g, \"tflops\": %.3g}\n", name, median, flops / median * 1e-12);
  } else {
    std::printf("{\"kernel\": \"%s\", \"seconds\": %.3g, \"gb_per_s\": %.4g}\n", name, median, bytes / median * 1e-9);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int64_t n = argc > 1 ? std::atoll(argv[1]) : int64_t(1) << 26, size = argc > 2 ? std::atoll(argv[2]) : 4096;
  int64_t columns = 1024, rows = n / columns;
  auto count = static_cast<double>(n);
  std::printf("{\"device\": \"%s\"}\n", api().description(0));
  auto length = static_cast<size_t>(n), area = static_cast<size_t>(size * size);
  Array<float> a(length), b(length), c(length), row(std::vector<float>(size_t(columns), 0.0f));
  FillParams zero = {4, n, 0};
  for (void* memory : {a.data(), b.data(), c.data()}) run(KernelId::fill, {memory}, &zero);
  report("fill", KernelId::fill, {c.data()}, &zero, 4 * count, 0);

  Program add(n);
  int16_t x = add.input(DType::f32), y = add.input(DType::f32), sum = add.output(DType::f32);
  add.add(ElementwiseOp::add, DType::f32, DType::f32, sum, x, y);
  report("add", KernelId::elementwise, {a.data(), b.data(), c.data()}, &add.params(), 12 * count, 0);

  Program bias(std::vector<int64_t>{rows, columns});
  x = bias.input(DType::f32);
  y = bias.input(DType::f32, Access::broadcast, {0, 1});
  int16_t out = bias.output(DType::f32), t = bias.temporary();
  bias.add(ElementwiseOp::add, DType::f32, DType::f32, t, x, y);
  bias.add(ElementwiseOp::relu, DType::f32, DType::f32, out, t);
  report("bias_relu", KernelId::elementwise, {a.data(), row.data(), c.data()}, &bias.params(), 8 * count, 0);

  ReduceParams reduce = {};
  reduce.type = DType::f32;
  reduce.scale = 1;
  reduce.rank = 1;
  reduce.dims[0] = n;
  reduce.reduced[0] = true;
  report("sum_all", KernelId::reduce, {a.data(), c.data()}, &reduce, 4 * count, 0);
  reduce.rank = 2;
  reduce.dims[0] = rows;
  reduce.dims[1] = columns;
  report("sum_columns", KernelId::reduce, {a.data(), c.data()}, &reduce, 4 * count, 0);
  reduce.reduced[0] = false;
  reduce.reduced[1] = true;
  report("sum_rows", KernelId::reduce, {a.data(), c.data()}, &reduce, 4 * count, 0);

  SoftmaxParams softmax = {DType::f32, false, rows, columns};
  report("softmax", KernelId::softmax, {a.data(), c.data()}, &softmax, 8 * count, 0);
  CopyParams transpose = {4, 2, {columns, rows}, {1, columns}, {rows, 1}, 0, 0};
  report("transpose", KernelId::copy, {a.data(), c.data()}, &transpose, 8 * count, 0);

  int64_t updates = rows;
  std::vector<int32_t> index(static_cast<size_t>(updates));
  for (int64_t i = 0; i < updates; ++i) index[size_t(i)] = int32_t(i * 7919 % rows);
  Array<int32_t> indices(index);
  GatherParams gather = {DType::i32, 4, 1, rows, columns, updates};
  report("gather", KernelId::gather, {a.data(), indices.data(), c.data()}, &gather, 8 * count, 0);
  ScatterAddParams scatter = {DType::i32, DType::f32, rows, columns, updates};
  report("scatter_add", KernelId::scatter_add, {indices.data(), a.data(), c.data()}, &scatter, 8 * count, 0);

  Array<float> left(area), right(area), product(area);
  MatmulParams matmul = {DType::f32, false, false, 1, size, size, size, 0, 0, nullptr, false};
  FillParams matrix = {4, size * size, 0};
  for (void* memory : {left.data(), right.data()}) run(KernelId::fill, {memory}, &matrix);
  report("matmul", KernelId::matmul, {left.data(), right.data(), product.data()}, &matmul, 0,
         2.0 * double(size) * double(size) * double(size));
  return 0;
}
