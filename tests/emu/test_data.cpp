// Kernels that move data, against plain loops: copy, fill, gather, scatter_add.
#include <algorithm>

#include "check.h"
#include "plugin.h"

using namespace nnstack;
using namespace nnstack::test;

namespace {

template <class T>
void check_copy(const CopyParams& p, int64_t source_size, int64_t destination_size, const std::string& what) {
  std::vector<T> x = numbers<T>(source_size), expected(size_t(destination_size), T(77));
  int64_t size = 1;
  for (int d = 0; d < p.rank; ++d) size *= p.dims[d];
  for (int64_t i = 0; i < size; ++i) {
    int64_t from = p.source_offset, to = p.destination_offset, rest = i;
    for (int d = p.rank - 1; d >= 0; rest /= p.dims[d--]) {
      from += rest % p.dims[d] * p.source_strides[d];
      to += rest % p.dims[d] * p.destination_strides[d];
    }
    expected[size_t(to)] = x[size_t(from)];
  }
  Array<T> in(x), out(std::vector<T>(size_t(destination_size), T(77)));
  run(KernelId::copy, {in.data(), out.data()}, &p);
  check_equal(out.get(), expected, what);
}

template <class T>
void check_copies() {
  int32_t bytes = sizeof(T);
  check_copy<T>({bytes, 0, {}, {}, {}, 2, 1}, 4, 4, "one element");
  check_copy<T>({bytes, 1, {1000}, {1}, {1}, 0, 0}, 1000, 1000, "contiguous");
  check_copy<T>({bytes, 1, {0}, {1}, {1}, 0, 0}, 1, 1, "nothing");
  check_copy<T>({bytes, 1, {9}, {-1}, {1}, 8, 0}, 9, 9, "reverse");
  check_copy<T>({bytes, 2, {5, 6}, {0, 1}, {6, 1}, 0, 0}, 6, 30, "broadcast rows");
  check_copy<T>({bytes, 2, {5, 6}, {1, 0}, {6, 1}, 0, 0}, 5, 30, "broadcast columns");
  check_copy<T>({bytes, 2, {4, 8}, {16, 1}, {8, 1}, 4, 0}, 64, 32, "slice of even columns");
  check_copy<T>({bytes, 2, {4, 5}, {7, 1}, {9, 1}, 1, 3}, 40, 40, "slice into padding");
  check_copy<T>({bytes, 2, {33, 70}, {1, 33}, {70, 1}, 0, 0}, 33 * 70, 33 * 70, "transpose");
  check_copy<T>({bytes, 3, {3, 40, 9}, {1, 3, 120}, {360, 9, 1}, 0, 0}, 1080, 1080, "three dimensions reversed");
  check_copy<T>({bytes, 3, {2, 33, 34}, {33 * 34, 1, 33}, {33 * 34, 34, 1}, 0, 0}, 2244, 2244, "batched transpose");
  check_copy<T>({bytes, 4, {9, 2, 10, 3}, {1, 270, 9, 90}, {60, 30, 3, 1}, 0, 0}, 540, 540, "four dimensions");
  check_copy<T>({bytes, 3, {6, 1, 8}, {8, 5, 1}, {8, 3, 1}, 0, 0}, 48, 48, "merged dimensions");
}

template <class T>
void check_fill(T value) {
  for (int64_t size : {0, 1, 5, 16, 1001}) {
    FillParams p = {int32_t(sizeof(T)), size, 0xffffffffffffffffu};
    std::memcpy(&p.bits, &value, sizeof(T));  // what lies above must not matter
    Array<T> out{size_t(size)};
    run(KernelId::fill, {out.data()}, &p);
    check_equal(out.get(), std::vector<T>(size_t(size), value), "fill");
  }
}

template <class T, class Index>
void check_gather(int64_t outer, int64_t rows, int64_t inner, const std::vector<Index>& index) {
  auto count = int64_t(index.size());
  std::vector<T> x = numbers<T>(outer * rows * inner), expected;
  bool bad = false;
  for (int64_t o = 0; o < outer; ++o) {
    for (Index j : index) {
      bool good = j >= 0 && int64_t(j) < rows;
      bad = bad || (!good && inner > 0);
      for (int64_t i = 0; i < inner; ++i) expected.push_back(good ? x[size_t((o * rows + int64_t(j)) * inner + i)] : T(0));
    }
  }
  GatherParams p = {dtype_of<Index>(), int32_t(sizeof(T)), outer, rows, inner, count};
  Array<T> in(x), out(expected.size());
  Array<Index> indices(index);
  run(KernelId::gather, {in.data(), indices.data(), out.data()}, &p);
  check_equal(out.get(), expected, "gather");
  check(take_error() == int32_t(bad ? KernelError::index_out_of_range : KernelError::none), "gather's error");
  check(take_error() == 0, "the error is taken once");
}

template <class T, class Index>
void check_scatter(int64_t rows, int64_t inner, const std::vector<Index>& index) {
  auto count = int64_t(index.size());
  std::vector<T> updates = numbers<T>(count * inner), expected(size_t(rows * inner), T(0));
  bool bad = false;
  for (size_t j = 0; j < index.size(); ++j) {
    bool good = index[j] >= 0 && int64_t(index[j]) < rows;
    bad = bad || !good;
    for (int64_t i = 0; good && i < inner; ++i) {
      T& sum = expected[size_t(int64_t(index[j]) * inner + i)];
      sum = static_cast<T>(sum + updates[j * size_t(inner) + size_t(i)]);
    }
  }
  ScatterAddParams p = {dtype_of<Index>(), dtype_of<T>(), rows, inner, count};
  Array<Index> indices(index);
  Array<T> in(updates), out(expected.size());
  run(KernelId::scatter_add, {indices.data(), in.data(), out.data()}, &p);
  check_equal(out.get(), expected, "scatter_add");  // the same order, so the same bits
  check(take_error() == int32_t(bad ? KernelError::index_out_of_range : KernelError::none), "scatter_add's error");
}

template <class Index>
std::vector<Index> indices(int64_t count, int64_t rows) {
  std::vector<Index> result;
  uint64_t state = 12345;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    result.push_back(Index(int64_t(state >> 33) % rows));
  }
  return result;
}

}  // namespace

int main() {
  check_copies<int8_t>();
  check_copies<int16_t>();
  check_copies<float>();
  check_copies<double>();
  check_fill<uint8_t>(3);
  check_fill<int16_t>(-2);
  check_fill<float>(1.5f);
  check_fill<double>(-0.25);
  for (int64_t inner : {0, 1, 2, 3, 4, 16, 33}) {
    check_gather<float, int32_t>(1, 7, inner, {6, 0, 3, 3});
    check_gather<uint8_t, int64_t>(3, 7, inner, {6, 0, 3, 3});
    check_gather<double, int64_t>(2, 5, inner, {4, -1, 5, 0});
    check_gather<float, int64_t>(1, 3, inner, {});
    check_scatter<float, int32_t>(7, inner, {6, 0, 3, 3, 0});
    check_scatter<double, int64_t>(4, inner, {3, -1, 4, 0});
    check_scatter<int32_t, int64_t>(3, inner, {});
  }
  check_scatter<float, int32_t>(1, 3, indices<int32_t>(300, 1));
  check_scatter<float, int32_t>(10, 3, indices<int32_t>(2500, 10));         // many equal, several chunks
  check_scatter<double, int64_t>(70000, 1, indices<int64_t>(1500, 70000));  // three passes of the sort
  check_scatter<int8_t, int32_t>(300, 5, indices<int32_t>(1100, 300));
  check_scatter<float, int64_t>(0, 3, {0, 1});
  return passed();
}
