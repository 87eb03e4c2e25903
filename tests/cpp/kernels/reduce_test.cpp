// reduce, arg_reduce and softmax.
#include <cmath>

#include "kernels/support.h"

namespace nnstack_test {
namespace {

void for_each_table(void (*test)(const KernelTable&)) {
  for (const KernelTable* table : available_cpu_kernels()) test(*table);
}

ReduceParams make(ReduceOp op, DType type, const std::vector<int64_t>& dims, bool first_reduced, double scale) {
  ReduceParams p{};
  p.op = op, p.type = type, p.scale = scale;
  p.rank = static_cast<int32_t>(dims.size());
  for (size_t i = 0; i < dims.size(); i++) p.dims[i] = dims[i], p.reduced[i] = first_reduced == (i % 2 == 0);
  return p;
}

int64_t product_of(const std::vector<int64_t>& dims) {
  int64_t product = 1;
  for (int64_t dim : dims) product *= dim;
  return product;
}
int64_t outputs_of(const ReduceParams& p) {
  int64_t outputs = 1;
  for (int i = 0; i < p.rank; i++) outputs *= p.reduced[i] ? 1 : p.dims[i];
  return outputs;
}

const std::vector<std::vector<int64_t>> kShapes = {{},       {1},       {17},        {1000},      {70000},      {0},
                                                   {5, 0},   {0, 5},    {3, 7},      {7, 3},      {33, 65},     {65, 33},
                                                   {37, 10}, {10, 37},  {50, 128},   {100, 300},  {2, 5000},    {5000, 2},
                                                   {300, 1}, {3, 4, 5}, {10, 33, 7}, {7, 40, 65}, {2, 3, 4, 5}, {3, 2, 70, 17}};

void every_reduction(const KernelTable& table) {
  for (const auto& dims : kShapes) {
    for (DType type : {DType::f32, DType::f64, DType::i8, DType::i16, DType::i32, DType::i64, DType::u8, DType::b8}) {
      for (ReduceOp op : {ReduceOp::sum, ReduceOp::product, ReduceOp::maximum, ReduceOp::minimum}) {
        if (type == DType::b8 && op < ReduceOp::maximum) continue;
        for (bool first_reduced : {false, true}) {
          const int64_t elements = product_of(dims);
          const ReduceParams p = make(op, type, dims, first_reduced, op == ReduceOp::sum ? 0.25 : 1.0);
          const Array x = op == ReduceOp::product ? random_array(type, elements, 0.98, 1.02) : random_array(type, elements);
          Array found(outputs_of(p) * size_of(type)), wanted(found.bytes());
          run(table, KernelId::reduce, {x.address(), found.address()}, &p, one_thread());
          run(reference_kernels(), KernelId::reduce, {x.address(), wanted.address()}, &p, one_thread());
          const double n =
              std::max(1.0, static_cast<double>(elements) / static_cast<double>(std::max<int64_t>(1, outputs_of(p))));
          const double unit = type == DType::f64 ? 1.2e-16 : 6e-8;
          const double tolerance = unit * (op == ReduceOp::product ? 4 * n : op == ReduceOp::sum ? 4 * std::sqrt(n) : 0);
          check_arrays(type, found, wanted, tolerance, op == ReduceOp::sum ? 1 : 0,
                       std::string(table.name) + " reduce " + std::to_string(static_cast<int>(op)) + " " + name_of(type) + " " +
                           text_of(dims) + (first_reduced ? " first" : " second"));
        }
      }
    }
  }
}

void nan_wins(const KernelTable& table) {
  for (ReduceOp op : {ReduceOp::maximum, ReduceOp::minimum}) {
    for (int64_t place : {0, 1, 16, 37, 99}) {
      for (bool first_reduced : {false, true}) {
        const ReduceParams p = make(op, DType::f32, {first_reduced ? 100 : 20, first_reduced ? 20 : 100}, first_reduced, 1);
        Array x = random_array(DType::f32, 2000), found(80), wanted(80);
        x.data<float>()[first_reduced ? place * 20 + 3 : 300 + place] = NAN;
        x.data<float>()[first_reduced ? 4 : 400] = INFINITY;
        run(table, KernelId::reduce, {x.address(), found.address()}, &p, one_thread());
        run(reference_kernels(), KernelId::reduce, {x.address(), wanted.address()}, &p, one_thread());
        check_arrays(DType::f32, found, wanted, 0, 0,
                     std::string(table.name) + " extreme with NaN at " + std::to_string(place));
      }
    }
  }
}

// 2^24 added one by one would stop growing; a pairwise sum is exact here.
void long_sums_keep_their_digits(const KernelTable& table) {
  const int64_t n = 40'000'000;
  Array x(n * 4), out(4);
  for (int64_t i = 0; i < n; i++) x.data<float>()[i] = 1;
  const ReduceParams p = make(ReduceOp::sum, DType::f32, {n}, true, 1);
  run(table, KernelId::reduce, {x.address(), out.address()}, &p, one_thread());
  check_equal(out.data<float>()[0], 40'000'000.0f, std::string(table.name) + " sum of ones");
  const ReduceParams columns = make(ReduceOp::sum, DType::f32, {n / 2, 2}, true, 1);
  Array pair(8);
  run(table, KernelId::reduce, {x.address(), pair.address()}, &columns, one_thread());
  check_equal(pair.data<float>()[1], 20'000'000.0f, std::string(table.name) + " column sum of ones");
}

void same_bits_for_any_threads(const KernelTable& table) {
  for (const auto& dims : std::vector<std::vector<int64_t>>{{1000003}, {3000, 301}, {301, 3000}, {20, 50, 600}, {100000, 10}}) {
    for (bool first_reduced : {false, true}) {
      const ReduceParams p = make(ReduceOp::sum, DType::f32, dims, first_reduced, 1);
      const Array x = random_array(DType::f32, product_of(dims));
      Array first(outputs_of(p) * 4);
      run(table, KernelId::reduce, {x.address(), first.address()}, &p, one_thread());
      for (int threads : {2, 3, 7}) {
        ThreadPool pool(threads);
        Array again(first.bytes());
        run(table, KernelId::reduce, {x.address(), again.address()}, &p, pool);
        check(first == again, std::string(table.name) + " reduce bits " + text_of(dims));
      }
    }
  }
}

void arg_reductions(const KernelTable& table) {
  for (const auto& dims : std::vector<std::vector<int64_t>>{{1, 1, 1},
                                                            {3, 7, 1},
                                                            {5, 300, 1},
                                                            {100, 2, 1},
                                                            {37, 10, 1},
                                                            {33, 64, 1},
                                                            {20, 65, 1},
                                                            {2, 5, 3},
                                                            {3, 40, 65},
                                                            {1, 100, 200},
                                                            {0, 3, 2},
                                                            {400, 500, 1}}) {
    for (DType type : {DType::f32, DType::f64, DType::i8, DType::i16, DType::i32, DType::i64, DType::u8, DType::b8}) {
      for (bool minimum : {false, true}) {
        ArgReduceParams p{type, minimum, dims[0], dims[1], dims[2]};
        Array x = random_array(type, product_of(dims));
        for (int64_t i = 0; type == DType::f32 && i < product_of(dims); i++) {
          float& value = x.data<float>()[i];
          value = std::round(value);  // ties
          if (random_integer(0, 99) == 0) value = NAN;
        }
        Array found(dims[0] * dims[2] * 8), wanted(found.bytes());
        ThreadPool pool(3);
        run(table, KernelId::arg_reduce, {x.address(), found.address()}, &p, pool);
        run(reference_kernels(), KernelId::arg_reduce, {x.address(), wanted.address()}, &p, pool);
        check_arrays(DType::i64, found, wanted, 0, 0,
                     std::string(table.name) + " arg_reduce " + name_of(type) + " " + text_of(dims));
      }
    }
  }
}

void softmax_rows(const KernelTable& table) {
  for (DType type : {DType::f32, DType::f64}) {
    for (int64_t rows : {0, 1, 3, 16, 100}) {
      for (int64_t columns : {1, 2, 10, 15, 16, 17, 33, 64, 65, 100, 128, 129, 1001}) {
        for (bool logarithm : {false, true}) {
          const SoftmaxParams p{type, logarithm, rows, columns};
          const Array x = random_array(type, rows * columns, -20, 20);
          if (rows == 3 && type == DType::f32) {
            x.data<float>()[0] = 1000, x.data<float>()[columns] = -INFINITY;
            if (columns > 1) x.data<float>()[2 * columns + columns / 2] = NAN;
          }
          Array found(x.bytes()), wanted(x.bytes());
          ThreadPool pool(3);
          run(table, KernelId::softmax, {x.address(), found.address()}, &p, pool);
          run(reference_kernels(), KernelId::softmax, {x.address(), wanted.address()}, &p, pool);
          // The difference to the maximum is up to 40: its rounding error is the relative error of the exponential; the sum and
          // the division add a few units.
          const double tolerance = 60 * (type == DType::f64 ? 1.2e-16 : 6e-8);
          check_arrays(type, found, wanted, tolerance, logarithm ? 1 : 1e-30,
                       std::string(table.name) + (logarithm ? " log_softmax " : " softmax ") + name_of(type) + " " +
                           text_of({rows, columns}));
        }
      }
    }
  }
}

const Register kTests[] = {{"reduce every reduction", [] { for_each_table(every_reduction); }},
                           {"reduce NaN wins", [] { for_each_table(nan_wins); }},
                           {"reduce long sums keep their digits", [] { for_each_table(long_sums_keep_their_digits); }},
                           {"reduce same bits for any threads", [] { for_each_table(same_bits_for_any_threads); }},
                           {"arg_reduce", [] { for_each_table(arg_reductions); }},
                           {"softmax", [] { for_each_table(softmax_rows); }}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
