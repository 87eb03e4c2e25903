// What the passes of a recurrence share: rows of the batch in blocks, each of which one thread takes through all steps, so
// that no step waits for a thread; products with the packed kernel; activations.
#pragma once
#include "cpu/isa/each_vector.h"
#include "cpu/isa/gemv.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/math.h"
#include "cpu/isa/pack.h"
#include "cpu/isa/tile.h"

namespace nnstack {
namespace {

template <double (*f)(double)>
inline Vector<double> each(Vector<double> x) {
  for (int i = 0; i < kLanes<double>; i++) x[i] = f(x[i]);
  return x;
}
inline double tanh_of(double x) { return __builtin_tanh(x); }
inline double sigmoid_of(double x) {
  const double e = __builtin_exp(-__builtin_fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}
inline Vector<double> tanh(Vector<double> x) { return each<tanh_of>(x); }
inline Vector<double> sigmoid(Vector<double> x) { return each<sigmoid_of>(x); }

}  // namespace
}  // namespace nnstack

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kBlockRows = 16;  // of the batch; fewer where that would leave a thread without any
constexpr int64_t kPadding = 64;    // bytes between rows of a block, so that they do not meet in the cache

template <class T>
constexpr int64_t padded(int64_t columns) {
  return round_up(columns, kLanes<T>) + kPadding / static_cast<int64_t>(sizeof(T));
}

inline int64_t rows_of_blocks(int64_t batch) { return batch >= 2 * kBlockRows ? kBlockRows : divide_up(batch, 2); }
inline int64_t blocks_of(int64_t batch) { return batch == 0 ? 0 : divide_up(batch, rows_of_blocks(batch)); }

// C [rows, n] = A [rows, k] B, B packed in panels of two vectors.
template <class T>
struct PackedProduct {
  static constexpr int64_t kPanel = 2 * kLanes<T>;
  const T* kernel;  // [k, n], or [n, k] transposed
  int64_t k, n;
  bool transposed;
  T* packed;  // null: few rows, the kernel is read as it is

  static int64_t elements(int64_t k, int64_t n) { return k * round_up(n, kPanel); }

  static void pack(void* arg, int64_t index) {
    const PackedProduct& product = *static_cast<const PackedProduct*>(arg);
    const int64_t column = index * kPanel, columns = smaller(kPanel, product.n - column);
    T* to = product.packed + column * product.k;
    if (product.transposed)
      pack_panel_transposed(to, kPanel, product.kernel + column * product.k, product.k, product.k, columns);
    else
      pack_panel(to, kPanel, product.kernel + column, product.n, product.k, columns);
  }
  int64_t panels() const { return divide_up(n, kPanel); }

  void multiply(const T* a, int64_t a_row, T* c, int64_t c_row, int64_t rows) const {
    if (packed == nullptr) {
      for (int64_t row = 0; row < rows; row++) {
        if (transposed)
          dot_rows(c + row * c_row, a + row * a_row, kernel, k, k, 0, n);
        else
          combine_rows(c + row * c_row, a + row * a_row, kernel, n, k, 0, n);
      }
      return;
    }
    TileArguments<T> t;
    t.a_stride = a_row;
    t.b_step = kPanel;
    t.c_row = c_row;
    t.steps = k;
    t.start = true;
    const int64_t tiles = divide_up(rows, kTileRows);
    for (int64_t column = 0; column < n; column += kPanel) {
      const int64_t columns = smaller(kPanel, n - column);
      const int width = columns > kLanes<T> ? 2 : 1;
      t.columns = static_cast<int>(columns);
      t.b = packed + column * k;
      for (int64_t i = 0; i < tiles; i++) {
        const int64_t row = rows * i / tiles, next = rows * (i + 1) / tiles;
        t.a = a + row * a_row;
        t.c = c + row * c_row + column;
        kTiles<T>.functions[0][next - row - 1][width - 1](t);
      }
    }
  }
};

inline bool packs(const RecurrenceParams& p) { return rows_of_blocks(p.batch) > 2 && p.steps > 1; }

// ---- activations -----------------------------------------------------------------------------------------------------
template <class V>
inline V apply(Activation activation, V x) {
  switch (activation) {
    case Activation::linear: return x;
    case Activation::relu: return ((x > V{}) | (x != x)) ? x : V{};
    case Activation::tanh: return tanh(x);
    case Activation::sigmoid: return sigmoid(x);
    case Activation::hard_sigmoid: break;
  }
  const V y = x / (V{} + 5) + (V{} + 0.5f);
  const V low = y < V{} ? V{} : y;
  return low > V{} + 1 ? V{} + 1 : low;
}

template <class V>
inline V slope(Activation activation, V y) {  // from the result
  const V one = V{} + 1;
  switch (activation) {
    case Activation::linear: return one;
    case Activation::relu: return y > V{} ? one : V{};
    case Activation::tanh: return one - y * y;
    case Activation::sigmoid: return y * (one - y);
    case Activation::hard_sigmoid: break;
  }
  return ((y > V{}) & (y < one)) ? one / (V{} + 5) : V{};
}

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
