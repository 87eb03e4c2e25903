// All steps of a recurrent layer: a block takes a row of the batch through all of them, a thread the units j, j + threads ...
// of it. States pass from step to step through the arrays that hold them; between steps the block waits for its threads.
#include "cuda/device/nn_cuda.h"
#include "cuda/device/scalar_ops.h"
#include "cuda/kernels/kernels.h"
#include "cuda/runtime/launch.h"

namespace nnstack::cuda {
namespace {

template <class T>
__device__ T activate(Activation activation, T x) {
  using F = Functions<T>;
  switch (activation) {
    case Activation::linear: return x;
    case Activation::relu: return x > T(0) || x != x ? x : T(0);
    case Activation::tanh: return F::tanh(x);
    case Activation::sigmoid: {
      T e = F::exp(x < T(0) ? x : -x);
      return (x < T(0) ? e : T(1)) / (T(1) + e);
    }
    case Activation::hard_sigmoid: break;
  }
  T y = x / T(5) + T(0.5);
  return y < T(0) ? T(0) : y > T(1) ? T(1) : y;
}

template <class T>
__device__ T slope(Activation activation, T y) {  // from the result
  switch (activation) {
    case Activation::linear: return T(1);
    case Activation::relu: return y > T(0) ? T(1) : T(0);
    case Activation::tanh: return T(1) - y * y;
    case Activation::sigmoid: return y * (T(1) - y);
    case Activation::hard_sigmoid: break;
  }
  return y > T(0) && y < T(1) ? T(1) / T(5) : T(0);
}

template <class T>
struct Forward {
  const T *projections, *kernel, *bias, *first_h, *first_c;
  const uint8_t* mask;
  T *states, *last_h, *last_c, *before, *saved;
};

template <class T>
__global__ void __launch_bounds__(kThreads) forward(const RecurrenceParams p, const Forward<T> f) {
  const int64_t u = p.units, gates = p.gates(), width = gates * u;
  const bool lstm = p.cell == RecurrentCell::lstm, gru = p.cell == RecurrentCell::gru;
  for (int64_t n = blockIdx.x; n < p.batch; n += gridDim.x) {
    const T* h = f.first_h + n * u;
    for (int64_t j = threadIdx.x; lstm && j < u; j += blockDim.x) f.last_c[n * u + j] = f.first_c[n * u + j];
    for (int64_t step = 0; step < p.steps; step++) {
      const int64_t at = p.at(n, p.time(step));
      const bool on = f.mask == nullptr || f.mask[at] != 0;
      const T* x = f.projections + at * width;
      T* keep = p.saves ? f.saved + at * p.saved() * u : nullptr;
      for (int64_t j = threadIdx.x; j < u; j += blockDim.x) {
        const T old = h[j];
        T now = old, product[4] = {};
        if (p.saves) f.before[at * u + j] = old;
        if (on) {
          for (int64_t k = 0; k < u; k++) {
            const T* row = f.kernel + k * width + j;
            for (int64_t g = 0; g < gates; g++) product[g] += h[k] * row[g * u];
          }
          if (lstm) {
            const T i = activate(p.gate, x[j] + product[0]), forget = activate(p.gate, x[u + j] + product[1]);
            const T g = activate(p.activation, x[2 * u + j] + product[2]), o = activate(p.gate, x[3 * u + j] + product[3]);
            const T c = forget * f.last_c[n * u + j] + i * g;
            f.last_c[n * u + j] = c;
            now = o * activate(p.activation, c);
            if (keep) keep[j] = i, keep[u + j] = forget, keep[2 * u + j] = g, keep[3 * u + j] = o;
          } else if (gru) {
            const T z = activate(p.gate, x[j] + (product[0] + f.bias[j]));
            const T r = activate(p.gate, x[u + j] + (product[1] + f.bias[u + j]));
            const T q = product[2] + f.bias[2 * u + j], g = activate(p.activation, x[2 * u + j] + r * q);
            now = z * old + (T(1) - z) * g;
            if (keep) keep[j] = z, keep[u + j] = r, keep[2 * u + j] = g, keep[3 * u + j] = q;
          } else {
            now = activate(p.activation, x[j] + product[0]);
            if (keep) keep[j] = now;
          }
        }
        if (keep && lstm) keep[4 * u + j] = f.last_c[n * u + j];
        f.states[at * u + j] = now;
      }
      __syncthreads();
      h = f.states + at * u;
    }
    for (int64_t j = threadIdx.x; j < u; j += blockDim.x) f.last_h[n * u + j] = h[j];
  }
}

template <class T>
struct Backward {
  const T *kernel, *before, *saved, *first_c;
  const uint8_t* mask;
  const T *states, *last_h, *last_c;  // the gradients given
  T *projections, *products, *first_h_gradient, *first_c_gradient;
};

template <class T>
__global__ void __launch_bounds__(kThreads) backward(const RecurrenceParams p, const Backward<T> b) {
  const int64_t u = p.units, gates = p.gates(), width = gates * u;
  const bool lstm = p.cell == RecurrentCell::lstm, gru = p.cell == RecurrentCell::gru;
  for (int64_t n = blockIdx.x; n < p.batch; n += gridDim.x) {
    T* dh = b.first_h_gradient + n * u;  // holds the gradient of h, then of c, from step to step
    T* dc = lstm ? b.first_c_gradient + n * u : nullptr;
    for (int64_t j = threadIdx.x; j < u; j += blockDim.x) {
      dh[j] = b.last_h ? b.last_h[n * u + j] : T(0);
      if (lstm) dc[j] = b.last_c ? b.last_c[n * u + j] : T(0);
    }
    for (int64_t step = p.steps - 1; step >= 0; step--) {
      const int64_t at = p.at(n, p.time(step));
      const bool on = b.mask == nullptr || b.mask[at] != 0;
      const T* had = b.saved + at * p.saved() * u;
      T* dx = b.projections + at * width;
      T* dz = gru ? b.products + at * width : dx;
      for (int64_t j = threadIdx.x; j < u; j += blockDim.x) {
        T d = dh[j] + (b.states ? b.states[at * u + j] : T(0));
        if (!on) {
          for (int64_t g = 0; g < gates; g++) dx[g * u + j] = dz[g * u + j] = T(0);
        } else if (lstm) {
          const T i = had[j], f = had[u + j], g = had[2 * u + j], o = had[3 * u + j];
          const T c = activate(p.activation, had[4 * u + j]);
          const T old = step > 0 ? b.saved[(p.at(n, p.time(step - 1)) * 5 + 4) * u + j] : b.first_c[n * u + j];
          const T all = dc[j] + d * o * slope(p.activation, c);
          dz[j] = all * g * slope(p.gate, i);
          dz[u + j] = all * old * slope(p.gate, f);
          dz[2 * u + j] = all * i * slope(p.activation, g);
          dz[3 * u + j] = d * c * slope(p.gate, o);
          dc[j] = all * f;
          d = T(0);
        } else if (gru) {
          const T z = had[j], r = had[u + j], g = had[2 * u + j], q = had[3 * u + j];
          const T d_g = d * (T(1) - z) * slope(p.activation, g);
          const T d_update = d * (b.before[at * u + j] - g) * slope(p.gate, z), d_reset = d_g * q * slope(p.gate, r);
          dx[j] = dz[j] = d_update;
          dx[u + j] = dz[u + j] = d_reset;
          dx[2 * u + j] = d_g;
          dz[2 * u + j] = d_g * r;
          d *= z;
        } else {
          dz[j] = d * slope(p.activation, had[j]);
          d = T(0);
        }
        dh[j] = d;
      }
      __syncthreads();
      for (int64_t k = threadIdx.x; on && k < u; k += blockDim.x) {
        const T* row = b.kernel + k * width;
        T sum = T(0);
        for (int64_t j = 0; j < width; j++) sum += dz[j] * row[j];
        dh[k] += sum;
      }
    }
  }
}

template <class T>
void run_forward(void* const* operands, const RecurrenceParams& p, const KernelContext& context) {
  const auto next = [&] { return static_cast<T*>(*operands++); };
  const bool lstm = p.cell == RecurrentCell::lstm;
  Forward<T> f{};
  f.projections = next();
  f.kernel = next();
  if (p.cell == RecurrentCell::gru) f.bias = next();
  f.first_h = next();
  if (lstm) f.first_c = next();
  if (p.masked) f.mask = static_cast<const uint8_t*>(*operands++);
  f.states = next();
  f.last_h = next();
  if (lstm) f.last_c = next();
  if (p.saves) f.before = next();
  if (p.saves) f.saved = next();
  launch_on(context, forward<T>, blocks(grid_for(context, p.batch, 1)), kThreads, p, f);
}

template <class T>
void run_backward(void* const* operands, const RecurrenceParams& p, const KernelContext& context) {
  const auto next = [&] { return static_cast<T*>(*operands++); };
  const bool lstm = p.cell == RecurrentCell::lstm, gru = p.cell == RecurrentCell::gru;
  Backward<T> b{};
  b.kernel = next();
  if (gru) b.before = next();
  b.saved = next();
  if (lstm) b.first_c = next();
  if (p.masked) b.mask = static_cast<const uint8_t*>(*operands++);
  if (p.given[0]) b.states = next();
  if (p.given[1]) b.last_h = next();
  if (p.given[2]) b.last_c = next();
  b.projections = next();
  if (gru) b.products = next();
  b.first_h_gradient = next();
  if (lstm) b.first_c_gradient = next();
  launch_on(context, backward<T>, blocks(grid_for(context, p.batch, 1)), kThreads, p, b);
}

}  // namespace

void run_recurrence(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const RecurrenceParams*>(params);
  if (p.batch == 0 || p.units == 0) return;
  p.type == DType::f64 ? run_forward<double>(operands, p, context) : run_forward<float>(operands, p, context);
}

void run_recurrence_gradient(void* const* operands, const void* params, const KernelContext& context) {
  const auto& p = *static_cast<const RecurrenceParams*>(params);
  if (p.batch == 0 || p.units == 0) return;
  p.type == DType::f64 ? run_backward<double>(operands, p, context) : run_backward<float>(operands, p, context);
}

}  // namespace nnstack::cuda
