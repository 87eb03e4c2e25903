// Softmax and log_softmax over the last dimension: a team of threads for each row, three walks over it, of which the second
// and third find it in the cache. The sum is kept in double.
#include "cuda/device/lanes.h"
#include "cuda/device/nn_cuda.h"
#include "cuda/device/scalar_ops.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

template <class T>
struct Larger {
  __device__ T operator()(T a, T b) const { return a > b || a != a ? a : b; }
};
struct Plus {
  __device__ double operator()(double a, double b) const { return a + b; }
};

template <class T>
__global__ void __launch_bounds__(kTeamThreads) softmax(const SoftmaxParams p, Teams teams, const T* source, T* result) {
  using F = Functions<T>;
  for (int64_t first = int64_t(blockIdx.x) * teams.outputs(); first < p.rows; first += int64_t(gridDim.x) * teams.outputs()) {
    int64_t row = first + teams.output();
    bool mine = row < p.rows;
    const T* x = source + row * p.columns;
    T* y = result + row * p.columns;
    T largest = T(-HUGE_VAL);
    for (int64_t j = teams.lane(); mine && j < p.columns; j += teams.lanes) largest = Larger<T>()(largest, x[j]);
    largest = team_reduce(teams, largest, Larger<T>());
    double sum = 0;
    for (int64_t j = teams.lane(); mine && j < p.columns; j += teams.lanes) sum += static_cast<double>(F::exp(x[j] - largest));
    sum = team_reduce(teams, sum, Plus());
    T scale = p.logarithm ? static_cast<T>(Functions<double>::log(sum)) : static_cast<T>(1.0 / sum);
    for (int64_t j = teams.lane(); mine && j < p.columns; j += teams.lanes) {
      y[j] = p.logarithm ? x[j] - largest - scale : F::exp(x[j] - largest) * scale;
    }
  }
}

template <class T>
void run(void* const* operands, const SoftmaxParams& p, const KernelContext& context) {
  int32_t lanes = lanes_for((p.columns + 3) / 4);
  launch_on(context, softmax<T>, blocks(grid_for(context, p.rows, kTeamThreads / lanes)), kTeamThreads, p, Teams{lanes, true},
            static_cast<const T*>(operands[0]), static_cast<T*>(operands[1]));
}

}  // namespace

void run_softmax(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const SoftmaxParams*>(params);
  if (p.rows == 0 || p.columns == 0) return;
  p.type == DType::f64 ? run<double>(operands, p, context) : run<float>(operands, p, context);
}

}  // namespace nnstack::cuda
