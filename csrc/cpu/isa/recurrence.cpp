// All steps of a recurrent layer, forward: see base/kernel.h.
#include "cpu/isa/recurrence.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

template <class T>
struct Forward {
  const RecurrenceParams& p;
  const T *projections, *bias = nullptr, *first_h, *first_c = nullptr;
  const uint8_t* mask = nullptr;
  T *states, *last_h, *last_c = nullptr, *before = nullptr, *saved = nullptr;
  PackedProduct<T> product;
  T* buffers;  // of every block: h, c, the product

  static int64_t packed_elements(const RecurrenceParams& p) {
    return packs(p) ? PackedProduct<T>::elements(p.units, p.gates() * p.units) : 0;
  }
  static int64_t buffer_elements(const RecurrenceParams& p) {
    return rows_of_blocks(p.batch) * (2 * padded<T>(p.units) + padded<T>(p.gates() * p.units));
  }

  Forward(void* const* operands, const RecurrenceParams& params, void* scratch) : p(params) {
    const auto next = [&] { return static_cast<T*>(*operands++); };
    projections = next();
    const T* kernel = next();
    if (p.cell == RecurrentCell::gru) bias = next();
    first_h = next();
    if (p.cell == RecurrentCell::lstm) first_c = next();
    if (p.masked) mask = static_cast<const uint8_t*>(*operands++);
    states = next();
    last_h = next();
    if (p.cell == RecurrentCell::lstm) last_c = next();
    if (p.saves) {
      before = next();
      saved = next();
    }
    T* memory = static_cast<T*>(scratch);
    product = {kernel, p.units, p.gates() * p.units, false, packs(p) ? memory : nullptr};
    buffers = memory + packed_elements(p);
  }

  static void run(void* arg, int64_t block) { static_cast<const Forward*>(arg)->take(block); }

  void take(int64_t block) const {
    const int64_t blocks = blocks_of(p.batch);
    const int64_t begin = p.batch * block / blocks, end = p.batch * (block + 1) / blocks, rows = end - begin;
    const int64_t u = p.units, h_row = padded<T>(u), z_row = padded<T>(p.gates() * u);
    T* h = buffers + block * buffer_elements(p);
    T* c = h + rows_of_blocks(p.batch) * h_row;
    T* z = c + rows_of_blocks(p.batch) * h_row;
    const auto bytes = static_cast<size_t>(u) * sizeof(T);
    for (int64_t i = 0; i < rows; i++) {
      __builtin_memcpy(h + i * h_row, first_h + (begin + i) * u, bytes);
      if (first_c) __builtin_memcpy(c + i * h_row, first_c + (begin + i) * u, bytes);
    }
    for (int64_t step = 0; step < p.steps; step++) {
      const int64_t t = p.time(step);
      product.multiply(h, h_row, z, z_row, rows);
      for (int64_t i = 0; i < rows; i++) {
        const int64_t at = p.at(begin + i, t);
        T* const own = h + i * h_row;
        if (before) __builtin_memcpy(before + at * u, own, bytes);
        if (!mask || mask[at] != 0)
          row(at, z + i * z_row, own, c + i * h_row);
        else if (saved && p.cell == RecurrentCell::lstm)
          __builtin_memcpy(saved + (at * 5 + 4) * u, c + i * h_row, bytes);
        __builtin_memcpy(states + at * u, own, bytes);
      }
    }
    for (int64_t i = 0; i < rows; i++) {
      __builtin_memcpy(last_h + (begin + i) * u, h + i * h_row, bytes);
      if (last_c) __builtin_memcpy(last_c + (begin + i) * u, c + i * h_row, bytes);
    }
  }

  // One row, one step. The row's own h and c may be read and written in whole vectors.
  void row(int64_t at, const T* z, T* h, T* c) const {
    const int64_t u = p.units;
    const T* x = projections + at * p.gates() * u;
    T* keep = saved ? saved + at * p.saved() * u : nullptr;
    const Activation gate = p.gate, activation = p.activation;
    if (p.cell == RecurrentCell::simple) {
      each_vector<T>(u, [&](int64_t j, auto part) __attribute__((always_inline)) {
        const auto y = apply(activation, part(x + j) + part(z + j));
        part(h + j, y);
        if (keep) part(keep + j, y);
      });
    } else if (p.cell == RecurrentCell::gru) {
      each_vector<T>(u, [&](int64_t j, auto part) __attribute__((always_inline)) {
        const auto update = apply(gate, part(x + j) + (part(z + j) + part(bias + j)));
        const auto reset = apply(gate, part(x + u + j) + (part(z + u + j) + part(bias + u + j)));
        const auto q = part(z + 2 * u + j) + part(bias + 2 * u + j);
        const auto g = apply(activation, part(x + 2 * u + j) + reset * q);
        const auto old = part(static_cast<const T*>(h + j));
        part(h + j, update * old + (1 - update) * g);
        if (!keep) return;
        part(keep + j, update);
        part(keep + u + j, reset);
        part(keep + 2 * u + j, g);
        part(keep + 3 * u + j, q);
      });
    } else {
      each_vector<T>(u, [&](int64_t j, auto part) __attribute__((always_inline)) {
        const auto i = apply(gate, part(x + j) + part(z + j));
        const auto f = apply(gate, part(x + u + j) + part(z + u + j));
        const auto g = apply(activation, part(x + 2 * u + j) + part(z + 2 * u + j));
        const auto o = apply(gate, part(x + 3 * u + j) + part(z + 3 * u + j));
        const auto memory = f * part(static_cast<const T*>(c + j)) + i * g;
        part(c + j, memory);
        part(h + j, o * apply(activation, memory));
        if (!keep) return;
        part(keep + j, i);
        part(keep + u + j, f);
        part(keep + 2 * u + j, g);
        part(keep + 3 * u + j, o);
        part(keep + 4 * u + j, memory);
      });
    }
  }
};

template <class T>
void forward(void* const* operands, const RecurrenceParams& p, const KernelContext& context) {
  Forward<T> pass(operands, p, context.scratch);
  if (pass.product.packed) context.parallel(context.pool, pass.product.panels(), PackedProduct<T>::pack, &pass.product);
  context.parallel(context.pool, blocks_of(p.batch), Forward<T>::run, &pass);
}

template <class T>
int64_t scratch(const RecurrenceParams& p) {
  return (Forward<T>::packed_elements(p) + blocks_of(p.batch) * Forward<T>::buffer_elements(p)) *
         static_cast<int64_t>(sizeof(T));
}

}  // namespace

void recurrence(void* const* operands, const void* raw_params, const KernelContext& context) {
  const RecurrenceParams& p = *static_cast<const RecurrenceParams*>(raw_params);
  if (p.batch == 0 || p.units == 0) return;
  p.type == DType::f64 ? forward<double>(operands, p, context) : forward<float>(operands, p, context);
}

int64_t recurrence_scratch(const void* raw_params) {
  const RecurrenceParams& p = *static_cast<const RecurrenceParams*>(raw_params);
  return p.type == DType::f64 ? scratch<double>(p) : scratch<float>(p);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
