// pool: maxima and averages over windows, and their gradients.
#include <cmath>

#include "kernels/support.h"

namespace nnstack_test {
namespace {

struct Windows {
  std::vector<int64_t> input, window, stride, before, after;  // depth, height, width
};

const std::vector<Windows> kWindows = {
    {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}},  {{1, 8, 6}, {1, 2, 2}, {1, 2, 2}, {0, 0, 0}, {0, 0, 0}},
    {{1, 7, 9}, {1, 2, 2}, {1, 2, 2}, {0, 0, 0}, {0, 0, 0}},  // leaves places out at the end
    {{1, 7, 9}, {1, 2, 2}, {1, 2, 2}, {0, 0, 0}, {0, 1, 1}},  // the last windows are cut
    {{1, 9, 9}, {1, 2, 2}, {1, 3, 4}, {0, 0, 0}, {0, 0, 0}},  // places between the windows
    {{1, 9, 8}, {1, 3, 3}, {1, 2, 2}, {0, 1, 0}, {0, 1, 1}},  {{1, 6, 5}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}},
    {{1, 5, 11}, {1, 5, 4}, {1, 1, 3}, {0, 2, 1}, {0, 2, 2}}, {{4, 4, 6}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 0}},
    {{5, 4, 3}, {3, 2, 3}, {2, 1, 2}, {1, 0, 1}, {1, 1, 1}},  {{5, 3, 3}, {2, 3, 3}, {3, 3, 3}, {0, 0, 0}, {0, 0, 0}},
    {{1, 4, 4}, {1, 4, 4}, {1, 4, 4}, {0, 0, 0}, {0, 0, 0}},
};

PoolParams make(PoolOp op, DType type, const Windows& w, int64_t batch, int64_t channels) {
  PoolParams p{};
  p.op = op, p.type = type, p.channels = channels, p.at.batch = batch;
  for (size_t d = 0; d < 3; d++) {
    p.at.input[d] = w.input[d], p.at.window[d] = w.window[d], p.at.stride[d] = w.stride[d], p.at.dilation[d] = 1;
    p.at.before[d] = w.before[d];
    p.at.output[d] = (w.input[d] + w.before[d] + w.after[d] - w.window[d]) / w.stride[d] + 1;
  }
  return p;
}
int64_t elements(const PoolParams& p, const int64_t (&sizes)[3]) {
  return p.at.batch * sizes[0] * sizes[1] * sizes[2] * p.channels;
}

// Few different values, so that there are ties, with some that are not finite.
Array ties(DType type, int64_t n) {
  Array x = random_array(type, n);
  with_type(type, [&](auto zero) {
    using T = decltype(zero);
    const T special[4] = {static_cast<T>(NAN), static_cast<T>(INFINITY), static_cast<T>(-INFINITY), static_cast<T>(-0.0)};
    for (int64_t i = 0; i < n; i++) {
      T& value = x.data<T>()[i];
      value = static_cast<T>(std::round(static_cast<double>(value)));
      if (random_integer(0, 9) == 0) value = special[random_integer(0, 3)];
    }
  });
  return x;
}

void every_pool(const KernelTable& table) {
  ThreadPool pool(3);
  for (const Windows& windows : kWindows) {
    for (PoolOp op : {PoolOp::maximum, PoolOp::maximum_gradient, PoolOp::average, PoolOp::average_gradient}) {
      for (DType type : {DType::f32, DType::f64}) {
        for (int64_t channels : {0, 1, 3, 16, 33, 50, 96, 193}) {
          const PoolParams p = make(op, type, windows, 2, channels);
          const bool forward = op == PoolOp::maximum || op == PoolOp::average;
          const bool maximum = op == PoolOp::maximum || op == PoolOp::maximum_gradient;
          const int64_t inputs = elements(p, p.at.input), outputs = elements(p, p.at.output);
          const Array x = maximum ? ties(type, inputs) : random_array(type, forward ? inputs : outputs);
          const Array other = random_array(type, forward ? inputs : outputs);
          Array found((forward ? outputs : inputs) * size_of(type)), wanted(found.bytes());
          const auto operands = [&](const Array& result) {
            return maximum ? std::vector<void*>{x.address(), other.address(), result.address()}
                           : std::vector<void*>{x.address(), result.address()};
          };
          run(table, KernelId::pool, operands(found), &p, pool);
          run(reference_kernels(), KernelId::pool, operands(wanted), &p, one_thread());
          check_arrays(type, found, wanted, type == DType::f64 ? 1e-15 : 1e-6, 1,
                       std::string(table.name) + " pool " + std::to_string(static_cast<int>(op)) + " " + name_of(type) + " " +
                           text_of(windows.input) + " by " + text_of(windows.window) + " channels " + std::to_string(channels));
        }
      }
    }
  }
}

const Register kEveryPool("every pool", [] {
  for (const KernelTable* table : available_cpu_kernels()) every_pool(*table);
});

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
