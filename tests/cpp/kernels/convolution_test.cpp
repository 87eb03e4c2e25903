// Convolutions and pools of every instruction set against the reference: sizes 0 and 1, odd ones, strides, dilations, groups,
// epilogues, and the same bits at any number of threads.
#include <cmath>

#include "kernels/support.h"

namespace nnstack_test {
namespace {

struct Sizes {
  int64_t batch, input[3], window[3], stride[3], dilation[3];
  bool same;
  int64_t channels, filters, groups;
};

WindowParams windows(const Sizes& s) {
  WindowParams w{};
  w.batch = s.batch;
  for (int d = 0; d < 3; d++) {
    const int64_t length = (s.window[d] - 1) * s.dilation[d] + 1;
    w.input[d] = s.input[d], w.window[d] = s.window[d], w.stride[d] = s.stride[d], w.dilation[d] = s.dilation[d];
    if (s.same) {
      w.output[d] = (s.input[d] + s.stride[d] - 1) / s.stride[d];
      w.before[d] = std::max<int64_t>((w.output[d] - 1) * s.stride[d] + length - s.input[d], 0) / 2;
    } else {
      w.output[d] = std::max<int64_t>((s.input[d] - length + s.stride[d]) / s.stride[d], 0);
    }
  }
  return w;
}

int64_t product(const int64_t (&values)[3]) { return values[0] * values[1] * values[2]; }

std::string text_of(const Sizes& s) {
  return nnstack_test::text_of({s.batch, s.input[0], s.input[1], s.input[2]}) + " window " +
         nnstack_test::text_of({s.window[0], s.window[1], s.window[2]}) + " stride " +
         nnstack_test::text_of({s.stride[0], s.stride[1], s.stride[2]}) + " dilation " +
         nnstack_test::text_of({s.dilation[0], s.dilation[1], s.dilation[2]}) + (s.same ? " same " : " valid ") +
         nnstack_test::text_of({s.channels, s.filters, s.groups});
}

// relu(product + bias[last dimension])
ElementwiseParams bias_and_relu(int64_t rows, int64_t columns, DType type) {
  ElementwiseParams p{};
  p.size = rows * columns;
  p.rank = 2;
  p.dims[0] = rows, p.dims[1] = columns;
  p.inputs = 2, p.outputs = 1, p.temporaries = 1;
  for (ElementwiseOperand& operand : p.operands) operand.type = type;
  p.operands[1].access = Access::broadcast;
  p.operands[1].strides[1] = 1;
  p.operands[0].strides[0] = p.operands[2].strides[0] = columns;
  p.operands[0].strides[1] = p.operands[2].strides[1] = 1;
  p.instructions = 2;
  p.code[0] = {ElementwiseOp::add, type, type, 0, 3, 0, 1, -1, 0};
  p.code[1] = {ElementwiseOp::relu, type, type, 0, 2, 3, -1, -1, 0};
  return p;
}

void compare(const KernelTable& table, const Sizes& s, DType type, ConvolutionPass pass, bool with_epilogue, ThreadPool& pool) {
  ConvolutionParams p{type, pass, windows(s), s.channels, s.filters, s.groups, nullptr, false};
  const int64_t x = s.batch * product(p.at.input) * s.channels, y = s.batch * product(p.at.output) * s.filters;
  const int64_t w = product(p.at.window) * s.channels / s.groups * s.filters;
  const bool forward = pass == ConvolutionPass::forward, to_kernel = pass == ConvolutionPass::kernel_gradient;
  const Array first = random_array(type, forward || to_kernel ? x : y, -1, 1),
              second = random_array(type, to_kernel ? y : w, -1, 1);
  const int64_t size = forward ? y : to_kernel ? w : x, columns = forward || to_kernel ? s.filters : s.channels;
  const ElementwiseParams epilogue = bias_and_relu(columns > 0 ? size / columns : 0, columns, type);
  if (with_epilogue) p.epilogue = &epilogue;
  const Array bias = random_array(type, columns);
  Array found(size * size_of(type)), wanted(size * size_of(type));
  run(table, KernelId::convolution, {first.address(), second.address(), found.address(), bias.address(), found.address()}, &p,
      pool);
  run(reference_kernels(), KernelId::convolution,
      {first.address(), second.address(), wanted.address(), bias.address(), wanted.address()}, &p, one_thread());
  const char* passes[] = {"forward", "input gradient", "kernel gradient"};
  const std::string what = std::string(table.name) + " convolution " + passes[static_cast<int>(pass)] + " " + name_of(type) +
                           " " + text_of(s) + (with_epilogue ? " epilogue" : "");
  const double terms = static_cast<double>(to_kernel ? s.batch * product(p.at.output)
                                                     : product(p.at.window) * (forward ? s.channels : s.filters));
  check_arrays(type, found, wanted, (type == DType::f64 ? 1.2e-16 : 6e-8) * (terms + 8), 1, what);
  ThreadPool many(3);
  Array again(size * size_of(type));
  run(table, KernelId::convolution, {first.address(), second.address(), again.address(), bias.address(), again.address()}, &p,
      many);
  check(again == found, what + ": other bits with three threads");
}

const Sizes kConvolutions[] = {
    {0, {1, 4, 4}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 2, 3, 1},
    {2, {1, 0, 4}, {1, 1, 3}, {1, 1, 1}, {1, 1, 1}, true, 2, 3, 1},
    {2, {1, 2, 3}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, false, 2, 3, 1},  // no place left
    {2, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, {1, 1, 1}, true, 0, 3, 1},
    {2, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, {1, 1, 1}, true, 3, 0, 1},
    {1, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, true, 1, 1, 1},
    {1, {1, 1, 1}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 5, 7, 1},
    {3, {1, 9, 17}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 3, 33, 1},
    {2, {1, 32, 32}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 17, 32, 1},
    {2, {1, 29, 15}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, true, 16, 16, 1},
    {1, {1, 28, 28}, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, false, 30, 48, 1},
    {1, {1, 20, 21}, {1, 3, 3}, {1, 1, 1}, {1, 2, 3}, true, 33, 31, 1},
    {1, {1, 20, 21}, {1, 3, 2}, {1, 2, 3}, {1, 3, 2}, true, 5, 6, 1},
    {1, {1, 20, 21}, {1, 3, 3}, {1, 2, 4}, {1, 6, 2}, true, 5, 18, 1},
    {2, {1, 11, 9}, {1, 2, 2}, {1, 3, 4}, {1, 1, 1}, false, 3, 4, 1},  // strides that skip pixels
    {2, {1, 14, 14}, {1, 1, 1}, {1, 2, 2}, {1, 1, 1}, true, 64, 65, 1},
    {1, {1, 7, 7}, {1, 7, 7}, {1, 2, 2}, {1, 1, 1}, true, 2, 5, 1},
    {3, {1, 8, 9}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 12, 36, 3},
    {2, {1, 16, 17}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 40, 40, 40},  // depthwise
    {2, {1, 16, 17}, {1, 5, 5}, {1, 2, 2}, {1, 1, 1}, true, 32, 32, 32},
    {2, {1, 9, 10}, {1, 3, 3}, {1, 1, 1}, {1, 2, 2}, false, 5, 5, 5},
    {2, {1, 7, 9}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, true, 5, 15, 5},
    {2, {1, 1, 50}, {1, 1, 5}, {1, 1, 1}, {1, 1, 4}, true, 7, 20, 1},
    {1, {9, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 16, 40, 1},
    {1, {5, 6, 7}, {2, 3, 2}, {2, 1, 2}, {1, 2, 1}, false, 4, 4, 2},
    {2, {6, 7, 8}, {3, 2, 3}, {1, 2, 1}, {1, 1, 1}, true, 19, 19, 19},
    {1, {1, 14, 14}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 256, 96, 1},
    // depthwise: whole vectors of channels, tiles of 14 and 7 places, edges on both sides, taps by three and one by one
    {2, {1, 5, 30}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 48, 48, 48},
    {1, {1, 9, 8}, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, true, 16, 16, 16},
    {1, {1, 3, 16}, {1, 7, 7}, {1, 1, 1}, {1, 1, 1}, true, 32, 32, 32},  // the window is higher than the image
    {1, {1, 12, 33}, {1, 3, 3}, {1, 2, 2}, {1, 2, 2}, true, 32, 32, 32},
    {1, {1, 4, 20}, {1, 2, 4}, {1, 3, 1}, {1, 1, 1}, false, 16, 16, 16},
    {2, {4, 5, 9}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 16, 16, 16},
    {1, {1, 1, 2}, {1, 1, 7}, {1, 1, 1}, {1, 1, 1}, true, 16, 16, 16},
    {1, {1, 31, 29}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, true, 21, 21, 21},
    {2, {5, 7, 9}, {1, 1, 1}, {2, 3, 2}, {1, 1, 1}, true, 70, 20, 1},  // of the pixels only some
    {1, {1, 9, 11}, {1, 1, 3}, {1, 2, 1}, {1, 1, 1}, true, 70, 20, 1},
    {1, {1, 4, 5}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, true, 160, 99, 1},  // a kernel larger than the images, by panels
    {1, {1, 5, 4}, {1, 3, 3}, {1, 2, 2}, {1, 2, 1}, true, 70, 170, 1},
    {1, {1, 4, 6}, {1, 1, 1}, {1, 2, 3}, {1, 1, 1}, true, 272, 400, 1},
    {2, {2, 3, 4}, {2, 3, 1}, {1, 1, 1}, {1, 1, 1}, true, 128, 260, 2},
    {1, {1, 2, 3}, {1, 3, 3}, {1, 1, 1}, {1, 4, 1}, true, 110, 120, 1},  // rows of taps that see nothing
};

const Sizes kPools[] = {
    {0, {1, 4, 4}, {1, 2, 2}, {1, 2, 2}, {1, 1, 1}, false, 3, 0, 1},
    {2, {1, 0, 4}, {1, 1, 2}, {1, 2, 2}, {1, 1, 1}, true, 3, 0, 1},
    {2, {1, 3, 3}, {1, 2, 2}, {1, 2, 2}, {1, 1, 1}, true, 0, 0, 1},
    {1, {1, 1, 1}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, true, 1, 0, 1},
    {2, {1, 9, 7}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, true, 19, 0, 1},
    {2, {1, 8, 8}, {1, 2, 2}, {1, 2, 2}, {1, 1, 1}, false, 33, 0, 1},
    {2, {1, 9, 7}, {1, 2, 3}, {1, 1, 4}, {1, 1, 1}, false, 16, 0, 1},
    {3, {4, 5, 6}, {2, 3, 2}, {2, 1, 2}, {1, 1, 1}, true, 5, 0, 1},
    {2, {1, 6, 7}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, true, 85, 0, 1},
    {40, {1, 14, 14}, {1, 2, 2}, {1, 2, 2}, {1, 1, 1}, false, 64, 0, 1},  // several chunks
};

void compare_pool(const KernelTable& table, const Sizes& s, DType type, PoolOp op) {
  const PoolParams p{type, op, windows(s), s.channels};
  const int64_t x = s.batch * product(p.at.input) * s.channels, y = s.batch * product(p.at.output) * s.channels;
  const bool forward = op == PoolOp::maximum || op == PoolOp::average;
  const bool maximum = op == PoolOp::maximum || op == PoolOp::maximum_gradient;
  Array first = random_array(type, op == PoolOp::average_gradient ? y : x);
  with_type(type, [&](auto zero) {  // ties, and a few that are no numbers
    using T = decltype(zero);
    for (int64_t i = 0; maximum && i < x; i++)
      first.data<T>()[i] = random_integer(0, 30) == 0 ? static_cast<T>(NAN) : static_cast<T>(random_integer(-3, 3));
  });
  const Array second = random_array(type, forward ? x : y);
  Array found((forward ? y : x) * size_of(type)), wanted((forward ? y : x) * size_of(type));
  for (const bool self : {false, true}) {
    if (self && op != PoolOp::maximum) continue;
    const auto operands = [&](const Array& result) -> std::vector<void*> {
      if (!maximum) return {first.address(), result.address()};
      return {first.address(), self ? first.address() : second.address(), result.address()};
    };
    run(table, KernelId::pool, operands(found), &p, one_thread());
    run(reference_kernels(), KernelId::pool, operands(wanted), &p, one_thread());
    check_arrays(
        type, found, wanted, type == DType::f64 ? 4e-15 : 2e-6, 1,
        std::string(table.name) + " pool " + std::to_string(static_cast<int>(op)) + " " + name_of(type) + " " + text_of(s));
  }
}

void convolutions(const KernelTable& table) {
  for (const Sizes& s : kConvolutions) {
    for (const ConvolutionPass pass :
         {ConvolutionPass::forward, ConvolutionPass::input_gradient, ConvolutionPass::kernel_gradient}) {
      compare(table, s, DType::f32, pass, true, one_thread());
      compare(table, s, DType::f32, pass, false, one_thread());
      compare(table, s, DType::f64, pass, false, one_thread());
    }
  }
}

void pools(const KernelTable& table) {
  for (const Sizes& s : kPools) {
    for (const DType type : {DType::f32, DType::f64}) {
      for (const PoolOp op : {PoolOp::maximum, PoolOp::maximum_gradient, PoolOp::average, PoolOp::average_gradient})
        compare_pool(table, s, type, op);
    }
  }
}

void for_each_table(void (*test)(const KernelTable&)) {
  for (const KernelTable* table : available_cpu_kernels()) test(*table);
}

const Register kTests[] = {{"convolutions", [] { for_each_table(convolutions); }}, {"pools", [] { for_each_table(pools); }}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
