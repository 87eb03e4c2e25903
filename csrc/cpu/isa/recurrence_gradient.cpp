// All steps of a recurrent layer, backward: see base/kernel.h.
#include "cpu/isa/recurrence.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

template <class T>
struct Backward {
  const RecurrenceParams& p;
  const T *before = nullptr, *saved, *first_c = nullptr;
  const uint8_t* mask = nullptr;
  const T* given[3] = {};
  T *projections, *products = nullptr, *first_h_gradient, *first_c_gradient = nullptr;
  PackedProduct<T> product;
  T* buffers;  // of every block: dh, dc, what of dh came through the product, the gradient of the product

  static int64_t packed_elements(const RecurrenceParams& p) {
    return packs(p) ? PackedProduct<T>::elements(p.gates() * p.units, p.units) : 0;
  }
  static int64_t buffer_elements(const RecurrenceParams& p) {
    return rows_of_blocks(p.batch) * (3 * padded<T>(p.units) + padded<T>(p.gates() * p.units));
  }

  Backward(void* const* operands, const RecurrenceParams& params, void* scratch) : p(params) {
    const auto next = [&] { return static_cast<T*>(*operands++); };
    const T* kernel = next();
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
    T* memory = static_cast<T*>(scratch);
    product = {kernel, p.gates() * p.units, p.units, true, packs(p) ? memory : nullptr};
    buffers = memory + packed_elements(p);
  }

  static void run(void* arg, int64_t block) { static_cast<const Backward*>(arg)->take(block); }

  void take(int64_t block) const {
    const int64_t blocks = blocks_of(p.batch), most = rows_of_blocks(p.batch);
    const int64_t begin = p.batch * block / blocks, end = p.batch * (block + 1) / blocks, rows = end - begin;
    const int64_t u = p.units, width = p.gates() * u, h_row = padded<T>(u), z_row = padded<T>(width);
    T* dh = buffers + block * buffer_elements(p);
    T* dc = dh + most * h_row;
    T* through = dc + most * h_row;
    T* dz = through + most * h_row;
    const auto bytes = static_cast<size_t>(u) * sizeof(T);
    for (int64_t i = 0; i < rows; i++) {
      start(dh + i * h_row, given[1], begin + i);
      start(dc + i * h_row, given[2], begin + i);
    }
    for (int64_t step = p.steps - 1; step >= 0; step--) {
      const int64_t t = p.time(step);
      for (int64_t i = 0; i < rows; i++) {
        const int64_t at = p.at(begin + i, t);
        T *const own = dh + i * h_row, *const z = dz + i * z_row;
        if (given[0]) add(own, given[0] + at * u);
        if (!mask || mask[at] != 0) {
          const T* old_c = nullptr;
          if (first_c) old_c = step > 0 ? saved + (p.at(begin + i, p.time(step - 1)) * 5 + 4) * u : first_c + (begin + i) * u;
          row(at, old_c, own, dc + i * h_row, z);
        } else {
          __builtin_memset(z, 0, static_cast<size_t>(width) * sizeof(T));
          __builtin_memset(projections + at * width, 0, static_cast<size_t>(width) * sizeof(T));
        }
        __builtin_memcpy((products ? products : projections) + at * width, z, static_cast<size_t>(width) * sizeof(T));
      }
      product.multiply(dz, z_row, through, h_row, rows);
      for (int64_t i = 0; i < rows; i++) add(dh + i * h_row, through + i * h_row);
    }
    for (int64_t i = 0; i < rows; i++) {
      __builtin_memcpy(first_h_gradient + (begin + i) * u, dh + i * h_row, bytes);
      if (first_c_gradient) __builtin_memcpy(first_c_gradient + (begin + i) * u, dc + i * h_row, bytes);
    }
  }

  void start(T* to, const T* from, int64_t row) const {
    const auto bytes = static_cast<size_t>(p.units) * sizeof(T);
    if (from)
      __builtin_memcpy(to, from + row * p.units, bytes);
    else
      __builtin_memset(to, 0, bytes);
  }

  void add(T* to, const T* from) const {
    each_vector<T>(p.units, [&](int64_t j, auto part) __attribute__((always_inline)) {
      part(to + j, part(static_cast<const T*>(to + j)) + part(from + j));
    });
  }

  // One row, one step: gradients of the product h U into dz; what of dh does not go through the product stays in dh.
  void row(int64_t at, const T* old_c, T* dh, T* dc, T* dz) const {
    const int64_t u = p.units;
    const T* had = saved + at * p.saved() * u;
    const Activation gate = p.gate, activation = p.activation;
    const auto one = Vector<T>{} + 1;
    if (p.cell == RecurrentCell::simple) {
      each_vector<T>(u, [&](int64_t j, auto part) __attribute__((always_inline)) {
        part(dz + j, part(static_cast<const T*>(dh + j)) * slope(activation, part(had + j)));
        part(dh + j, Vector<T>{});
      });
    } else if (p.cell == RecurrentCell::gru) {
      T* inputs = projections + at * 3 * u;
      const T* h = before + at * u;
      each_vector<T>(u, [&](int64_t j, auto part) __attribute__((always_inline)) {
        const auto update = part(had + j), reset = part(had + u + j), g = part(had + 2 * u + j), q = part(had + 3 * u + j);
        const auto d = part(static_cast<const T*>(dh + j));
        const auto d_g = d * (one - update) * slope(activation, g);
        const auto d_update = d * (part(h + j) - g) * slope(gate, update);
        const auto d_reset = d_g * q * slope(gate, reset);
        part(inputs + j, d_update);
        part(inputs + u + j, d_reset);
        part(inputs + 2 * u + j, d_g);
        part(dz + j, d_update);
        part(dz + u + j, d_reset);
        part(dz + 2 * u + j, d_g * reset);
        part(dh + j, d * update);
      });
    } else {
      each_vector<T>(u, [&](int64_t j, auto part) __attribute__((always_inline)) {
        const auto i = part(had + j), f = part(had + u + j), g = part(had + 2 * u + j), o = part(had + 3 * u + j);
        const auto c = apply(activation, part(had + 4 * u + j));
        const auto d = part(static_cast<const T*>(dh + j));
        const auto all = part(static_cast<const T*>(dc + j)) + d * o * slope(activation, c);
        part(dz + j, all * g * slope(gate, i));
        part(dz + u + j, all * part(old_c + j) * slope(gate, f));
        part(dz + 2 * u + j, all * i * slope(activation, g));
        part(dz + 3 * u + j, d * c * slope(gate, o));
        part(dc + j, all * f);
        part(dh + j, Vector<T>{});
      });
    }
  }
};

template <class T>
void backward(void* const* operands, const RecurrenceParams& p, const KernelContext& context) {
  Backward<T> pass(operands, p, context.scratch);
  if (pass.product.packed) context.parallel(context.pool, pass.product.panels(), PackedProduct<T>::pack, &pass.product);
  context.parallel(context.pool, blocks_of(p.batch), Backward<T>::run, &pass);
}

template <class T>
int64_t scratch(const RecurrenceParams& p) {
  return (Backward<T>::packed_elements(p) + blocks_of(p.batch) * Backward<T>::buffer_elements(p)) *
         static_cast<int64_t>(sizeof(T));
}

}  // namespace

void recurrence_gradient(void* const* operands, const void* raw_params, const KernelContext& context) {
  const RecurrenceParams& p = *static_cast<const RecurrenceParams*>(raw_params);
  if (p.batch == 0 || p.units == 0) return;
  p.type == DType::f64 ? backward<double>(operands, p, context) : backward<float>(operands, p, context);
}

int64_t recurrence_gradient_scratch(const void* raw_params) {
  const RecurrenceParams& p = *static_cast<const RecurrenceParams*>(raw_params);
  return p.type == DType::f64 ? scratch<double>(p) : scratch<float>(p);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
