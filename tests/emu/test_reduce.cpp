// Reductions, arg_reduce and softmax against plain loops.
#include <algorithm>
#include <array>
#include <limits>

#include "check.h"
#include "plugin.h"

using namespace nnstack;
using namespace nnstack::test;

namespace {

struct Shape {
  std::vector<int64_t> dims;
  std::vector<bool> reduced;
};

// Folds every element into the output that it belongs to.
template <class T, class S, class F>
std::vector<S> reference(const Shape& shape, const std::vector<T>& x, S start, F fold) {
  size_t outputs = 1;
  for (size_t d = 0; d < shape.dims.size(); ++d) outputs *= shape.reduced[d] ? 1 : size_t(shape.dims[d]);
  std::vector<S> result(outputs, start);
  for (size_t i = 0; i < x.size(); ++i) {
    size_t rest = i, output = 0, stride = 1;
    for (size_t d = shape.dims.size(); d-- > 0; rest /= size_t(shape.dims[d])) {
      if (shape.reduced[d]) continue;
      output += rest % size_t(shape.dims[d]) * stride;
      stride *= size_t(shape.dims[d]);
    }
    result[output] = fold(result[output], static_cast<S>(x[i]));
  }
  return result;
}

template <class T>
std::vector<T> reduce(ReduceOp op, const Shape& shape, const std::vector<T>& x, double scale = 1, DType type = dtype_of<T>()) {
  ReduceParams p = {};
  p.op = op;
  p.type = type;
  p.rank = int32_t(shape.dims.size());
  size_t outputs = 1;
  for (size_t d = 0; d < shape.dims.size(); ++d) {
    p.dims[d] = shape.dims[d];
    p.reduced[d] = shape.reduced[d];
    outputs *= shape.reduced[d] ? 1 : size_t(shape.dims[d]);
  }
  p.scale = scale;
  Array<T> in(x), out(outputs);
  run(KernelId::reduce, {in.data(), out.data()}, &p);
  return out.get();
}

const std::vector<Shape> kShapes = {{{}, {}},
                                    {{1}, {true}},
                                    {{7}, {true}},
                                    {{5}, {false}},
                                    {{300}, {true}},
                                    {{40001}, {true}},
                                    {{5, 33}, {false, true}},
                                    {{33, 5}, {true, false}},
                                    {{130, 40}, {true, false}},
                                    {{3, 9000}, {false, true}},
                                    {{9000, 3}, {true, false}},
                                    {{4, 5, 6}, {false, true, false}},
                                    {{4, 5, 6}, {true, false, true}},
                                    {{2, 3, 4, 5}, {false, true, false, true}},
                                    {{0}, {true}},
                                    {{4, 0}, {false, true}},
                                    {{0, 4}, {false, true}}};

int64_t size_of(const Shape& shape) {
  int64_t size = 1;
  for (int64_t d : shape.dims) size *= d;
  return size;
}

template <class T>
void check_floats(double tolerance) {
  for (const Shape& shape : kShapes) {
    std::vector<T> x = numbers<T>(size_of(shape)), near_one = x;
    for (T& v : near_one) v = 1 + v / 4096;
    auto narrow = [](const std::vector<double>& wide) { return std::vector<T>(wide.begin(), wide.end()); };
    auto plus = [](double a, double b) { return a + b; };
    auto times = [](double a, double b) { return a * b; };
    check_close(reduce(ReduceOp::sum, shape, x), narrow(reference(shape, x, 0.0, plus)), tolerance, "sum");
    std::vector<double> mean = reference(shape, x, 0.0, plus);
    for (double& v : mean) v *= 0.25;
    check_close(reduce(ReduceOp::sum, shape, x, 0.25), narrow(mean), tolerance, "scaled sum");
    check_close(reduce(ReduceOp::product, shape, near_one), narrow(reference(shape, near_one, 1.0, times)), tolerance,
                "product");
    double inf = std::numeric_limits<double>::infinity();
    check_equal(reduce(ReduceOp::maximum, shape, x),
                narrow(reference(shape, x, -inf, [](double a, double b) { return std::max(a, b); })), "maximum");
    check_equal(reduce(ReduceOp::minimum, shape, x),
                narrow(reference(shape, x, inf, [](double a, double b) { return std::min(a, b); })), "minimum");
  }
  T nan = std::numeric_limits<T>::quiet_NaN();
  Shape rows = {{2, 3}, {false, true}};
  check_equal(reduce<T>(ReduceOp::maximum, rows, {1, nan, 3, 4, 5, 6}), {nan, 6}, "maximum with NaN");
  check_equal(reduce<T>(ReduceOp::minimum, rows, {1, 2, nan, 4, 5, 6}), {nan, 4}, "minimum with NaN");
}

template <class T>
void check_integers() {
  for (const Shape& shape : kShapes) {
    std::vector<T> x = numbers<T>(size_of(shape));
    auto narrow = [](const std::vector<int64_t>& wide) {
      std::vector<T> result;
      for (int64_t v : wide) result.push_back(static_cast<T>(v));
      return result;
    };
    check_equal(reduce(ReduceOp::sum, shape, x),
                narrow(reference(shape, x, int64_t(0), [](int64_t a, int64_t b) { return a + b; })), "integer sum");
    check_equal(
        reduce(ReduceOp::product, shape, x),
        narrow(reference(shape, x, int64_t(1), [](int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); })),
        "integer product");
    int64_t lowest = std::numeric_limits<T>::lowest(), highest = std::numeric_limits<T>::max();
    check_equal(reduce(ReduceOp::maximum, shape, x),
                narrow(reference(shape, x, lowest, [](int64_t a, int64_t b) { return std::max(a, b); })), "integer maximum");
    check_equal(reduce(ReduceOp::minimum, shape, x),
                narrow(reference(shape, x, highest, [](int64_t a, int64_t b) { return std::min(a, b); })), "integer minimum");
  }
}

void check_bools() {
  Shape rows = {{3, 3}, {false, true}};
  std::vector<uint8_t> x = {0, 0, 0, 0, 1, 0, 1, 1, 1};
  check_equal(reduce(ReduceOp::maximum, rows, x, 1, DType::b8), {0, 1, 1}, "any");
  check_equal(reduce(ReduceOp::minimum, rows, x, 1, DType::b8), {0, 0, 1}, "all");
  check_equal(reduce<uint8_t>(ReduceOp::minimum, {{0}, {true}}, {}, 1, DType::b8), {1}, "all of nothing");
}

template <class T>
void check_arg(int64_t outer, int64_t n, int64_t inner) {
  std::vector<T> x = numbers<T>(outer * n * inner);
  if constexpr (std::is_floating_point_v<T>) {
    if (x.size() > 40) x[40] = x[17] = std::numeric_limits<T>::quiet_NaN();
  }
  for (bool minimum : {false, true}) {
    std::vector<int64_t> expected;
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        int64_t best = 0;
        for (int64_t j = 1; j < n; ++j) {
          T a = x[size_t((o * n + j) * inner + i)], b = x[size_t((o * n + best) * inner + i)];
          if (b == b && (a != a || (minimum ? a < b : a > b))) best = j;
        }
        expected.push_back(best);
      }
    }
    ArgReduceParams p = {dtype_of<T>(), minimum, outer, n, inner};
    Array<T> in(x);
    Array<int64_t> out(size_t(outer * inner));
    run(KernelId::arg_reduce, {in.data(), out.data()}, &p);
    check_equal(out.get(), expected, "arg_reduce");
  }
}

template <class T>
void check_softmax(int64_t rows, int64_t columns, double tolerance) {
  std::vector<T> x = numbers<T>(rows * columns);
  for (T& v : x) v *= 20;
  for (bool logarithm : {false, true}) {
    std::vector<T> expected;
    for (int64_t r = 0; r < rows; ++r) {
      const T* row = x.data() + r * columns;
      double largest = -1e300, sum = 0;
      for (int64_t j = 0; j < columns; ++j) largest = std::max(largest, double(row[j]));
      for (int64_t j = 0; j < columns; ++j) sum += std::exp(row[j] - largest);
      for (int64_t j = 0; j < columns; ++j) {
        double log = row[j] - largest - std::log(sum);
        expected.push_back(T(logarithm ? log : std::exp(log)));
      }
    }
    SoftmaxParams p = {dtype_of<T>(), logarithm, rows, columns};
    Array<T> in(x), out(x.size());
    run(KernelId::softmax, {in.data(), out.data()}, &p);
    check_close(out.get(), expected, tolerance, "softmax");
  }
}

}  // namespace

int main() {
  check_floats<float>(2e-6);
  check_floats<double>(1e-13);
  check_integers<int8_t>();
  check_integers<int16_t>();
  check_integers<int32_t>();
  check_integers<int64_t>();
  check_integers<uint8_t>();
  check_bools();
  for (auto [outer, n, inner] :
       {std::array<int64_t, 3>{1, 1, 1}, {3, 10, 1}, {2, 300, 1}, {5, 7, 33}, {1, 2000, 3}, {0, 4, 4}}) {
    check_arg<float>(outer, n, inner);
    check_arg<double>(outer, n, inner);
    check_arg<int32_t>(outer, n, inner);
    check_arg<uint8_t>(outer, n, inner);
  }
  for (int64_t columns : {1, 2, 10, 33, 1000}) {
    check_softmax<float>(5, columns, 2e-6);
    check_softmax<double>(17, columns, 1e-13);
  }
  check_softmax<float>(0, 10, 0);
  return passed();
}
