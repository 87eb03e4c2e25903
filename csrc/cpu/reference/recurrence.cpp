#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/reference/reference.h"

namespace nnstack::reference {
namespace {

template <class W>
W apply(Activation activation, W x) {
  switch (activation) {
    case Activation::linear: return x;
    case Activation::relu: return x > 0 || std::isnan(x) ? x : 0;
    case Activation::tanh: return std::tanh(x);
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::hard_sigmoid: return std::min<W>(std::max<W>(x / 5 + W{0.5}, 0), 1);
  }
  return x;
}

template <class W>
W slope(Activation activation, W y) {  // from the result
  switch (activation) {
    case Activation::linear: return 1;
    case Activation::relu: return y > 0 ? 1 : 0;
    case Activation::tanh: return 1 - y * y;
    case Activation::sigmoid: return y * (1 - y);
    case Activation::hard_sigmoid: return y > 0 && y < 1 ? W{0.2} : 0;
  }
  return 1;
}

template <class T>
struct Forward {
  using W = typename WideOf<T>::type;
  const RecurrenceParams& p;
  const T *projections, *kernel, *bias = nullptr, *first_h, *first_c = nullptr;
  const uint8_t* mask = nullptr;
  T *states, *last_h, *last_c = nullptr, *before = nullptr, *saved = nullptr;

  Forward(void* const* operands, const RecurrenceParams& params) : p(params) {
    const auto next = [&] { return static_cast<T*>(*operands++); };
    projections = next();
    kernel = next();
    if (p.cell == RecurrentCell::gru) bias = next();
    first_h = next();
    if (p.cell == RecurrentCell::lstm) first_c = next();
    if (p.masked) mask = static_cast<const uint8_t*>(*operands++);
    states = next();
    last_h = next();
    if (p.cell == RecurrentCell::lstm) last_c = next();
    if (!p.saves) return;
    before = next();
    saved = next();
  }

  void row(int64_t n) const {
    const int64_t u = p.units, gates = p.gates();
    std::vector<T> h(first_h + n * u, first_h + (n + 1) * u), c(static_cast<size_t>(u));
    if (first_c) c.assign(first_c + n * u, first_c + (n + 1) * u);
    std::vector<W> product(static_cast<size_t>(gates * u));
    for (int64_t step = 0; step < p.steps; step++) {
      const int64_t at = p.at(n, p.time(step));
      if (before) std::copy(h.begin(), h.end(), before + at * u);
      if (!mask || mask[at]) {
        for (int64_t j = 0; j < gates * u; j++) {
          W sum = bias ? bias[j] : T{0};
          for (int64_t k = 0; k < u; k++) sum += static_cast<W>(h[static_cast<size_t>(k)]) * kernel[k * gates * u + j];
          product[static_cast<size_t>(j)] = sum;
        }
        for (int64_t j = 0; j < u; j++) unit(at, j, product, h[static_cast<size_t>(j)], c[static_cast<size_t>(j)]);
      } else if (saved) {
        std::fill(saved + at * p.saved() * u, saved + (at + 1) * p.saved() * u, T{0});
        if (p.cell == RecurrentCell::lstm) std::copy(c.begin(), c.end(), saved + (at * 5 + 4) * u);
      }
      std::copy(h.begin(), h.end(), states + at * u);
    }
    std::copy(h.begin(), h.end(), last_h + n * u);
    if (last_c) std::copy(c.begin(), c.end(), last_c + n * u);
  }

  void unit(int64_t at, int64_t j, const std::vector<W>& product, T& h, T& c) const {
    const int64_t u = p.units;
    const auto input = [&](int64_t gate) { return static_cast<W>(projections[(at * p.gates() + gate) * u + j]); };
    const auto own = [&](int64_t gate) { return product[static_cast<size_t>(gate * u + j)]; };
    const auto keep = [&](int64_t which, W value) {
      if (saved) saved[(at * p.saved() + which) * u + j] = static_cast<T>(value);
    };
    if (p.cell == RecurrentCell::simple) {
      h = static_cast<T>(apply(p.activation, input(0) + own(0)));
      keep(0, h);
    } else if (p.cell == RecurrentCell::gru) {
      const W z = apply(p.gate, input(0) + own(0)), r = apply(p.gate, input(1) + own(1)), q = own(2);
      const W g = apply(p.activation, input(2) + r * q);
      h = static_cast<T>(z * h + (1 - z) * g);
      keep(0, z), keep(1, r), keep(2, g), keep(3, q);
    } else {
      const W i = apply(p.gate, input(0) + own(0)), f = apply(p.gate, input(1) + own(1));
      const W g = apply(p.activation, input(2) + own(2)), o = apply(p.gate, input(3) + own(3));
      c = static_cast<T>(f * c + i * g);
      h = static_cast<T>(o * apply<W>(p.activation, c));
      keep(0, i), keep(1, f), keep(2, g), keep(3, o), keep(4, c);
    }
  }
};

template <class T>
struct Backward {
  using W = typename WideOf<T>::type;
  const RecurrenceParams& p;
  const T *kernel, *before = nullptr, *saved, *first_c = nullptr;
  const uint8_t* mask = nullptr;
  const T* given[3] = {};
  T *projections, *products = nullptr, *first_h_gradient, *first_c_gradient = nullptr;

  Backward(void* const* operands, const RecurrenceParams& params) : p(params) {
    const auto next = [&] { return static_cast<T*>(*operands++); };
    kernel = next();
    if (p.cell == RecurrentCell::gru) before = next();
    saved = next();
    if (p.cell == RecurrentCell::lstm) first_c = next();
    if (p.masked) mask = static_cast<const uint8_t*>(*operands++);
    for (int k = 0; k < 3; k++)
      if (p.given[k]) given[k] = next();
    projections = next();
    if (p.cell == RecurrentCell::gru) products = next();
    first_h_gradient = next();
    if (p.cell == RecurrentCell::lstm) first_c_gradient = next();
  }

  void row(int64_t n) const {
    const int64_t u = p.units, gates = p.gates();
    std::vector<W> dh(static_cast<size_t>(u)), dc(static_cast<size_t>(u)), dz(static_cast<size_t>(gates * u));
    for (int64_t j = 0; j < u; j++) {
      if (given[1]) dh[static_cast<size_t>(j)] = given[1][n * u + j];
      if (given[2]) dc[static_cast<size_t>(j)] = given[2][n * u + j];
    }
    for (int64_t step = p.steps - 1; step >= 0; step--) {
      const int64_t at = p.at(n, p.time(step)), earlier = step > 0 ? p.at(n, p.time(step - 1)) : -1;
      for (int64_t j = 0; given[0] && j < u; j++) dh[static_cast<size_t>(j)] += given[0][at * u + j];
      const bool on = !mask || mask[at];
      std::fill(dz.begin(), dz.end(), W{0});
      if (!on) std::fill(projections + at * gates * u, projections + (at + 1) * gates * u, T{0});
      for (int64_t j = 0; on && j < u; j++) unit(n, at, earlier, j, dz, dh[static_cast<size_t>(j)], dc[static_cast<size_t>(j)]);
      if (products)
        for (int64_t j = 0; j < 3 * u; j++) products[at * 3 * u + j] = static_cast<T>(dz[static_cast<size_t>(j)]);
      for (int64_t k = 0; on && k < u; k++)
        for (int64_t j = 0; j < gates * u; j++)
          dh[static_cast<size_t>(k)] += dz[static_cast<size_t>(j)] * kernel[k * gates * u + j];
    }
    for (int64_t j = 0; j < u; j++) {
      first_h_gradient[n * u + j] = static_cast<T>(dh[static_cast<size_t>(j)]);
      if (first_c_gradient) first_c_gradient[n * u + j] = static_cast<T>(dc[static_cast<size_t>(j)]);
    }
  }

  // Gradients of one unit's projections; what of dh does not go through the product stays in dh.
  void unit(int64_t n, int64_t at, int64_t earlier, int64_t j, std::vector<W>& dz, W& dh, W& dc) const {
    const int64_t u = p.units;
    const auto had = [&](int64_t which) { return static_cast<W>(saved[(at * p.saved() + which) * u + j]); };
    const auto give = [&](int64_t gate, W input, W product) {
      projections[(at * p.gates() + gate) * u + j] = static_cast<T>(input);
      dz[static_cast<size_t>(gate * u + j)] = product;
    };
    if (p.cell == RecurrentCell::simple) {
      const W d = dh * slope(p.activation, had(0));
      give(0, d, d);
      dh = 0;
    } else if (p.cell == RecurrentCell::gru) {
      const W z = had(0), r = had(1), g = had(2), q = had(3), h = before[at * u + j];
      const W dg = dh * (1 - z) * slope(p.activation, g), d_update = dh * (h - g) * slope(p.gate, z);
      const W d_reset = dg * q * slope(p.gate, r);
      give(0, d_update, d_update);
      give(1, d_reset, d_reset);
      give(2, dg, dg * r);
      dh *= z;
    } else {
      const W i = had(0), f = had(1), g = had(2), o = had(3), c = apply(p.activation, had(4));
      const W old = earlier < 0 ? first_c[n * u + j] : saved[(earlier * 5 + 4) * u + j];
      const W all = dc + dh * o * slope(p.activation, c);
      const W di = all * g * slope(p.gate, i), df = all * old * slope(p.gate, f), dg = all * i * slope(p.activation, g),
              d_out = dh * c * slope(p.gate, o);
      give(0, di, di);
      give(1, df, df);
      give(2, dg, dg);
      give(3, d_out, d_out);
      dc = all * f;
      dh = 0;
    }
  }
};

template <template <class> class Pass>
void run(void* const* operands, const void* raw_params) {
  const auto& params = *static_cast<const RecurrenceParams*>(raw_params);
  with_type(params.type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>)
      for (int64_t n = 0; n < params.batch; n++) Pass<T>(operands, params).row(n);
  });
}

}  // namespace

void recurrence(void* const* operands, const void* params, const KernelContext&) { run<Forward>(operands, params); }
void recurrence_gradient(void* const* operands, const void* params, const KernelContext&) { run<Backward>(operands, params); }

}  // namespace nnstack::reference
