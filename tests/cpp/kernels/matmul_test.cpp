#include <cmath>

#include "kernels/support.h"

namespace nnstack_test {
namespace {

// relu(product + bias[n]) * column[m]
ElementwiseParams bias_and_relu(int64_t rows, int64_t n, DType type) {
  ElementwiseParams p{};
  p.size = rows * n;
  p.rank = 2;
  p.dims[0] = rows, p.dims[1] = n;
  p.inputs = 3, p.outputs = 1, p.temporaries = 1;
  for (ElementwiseOperand& operand : p.operands) operand.type = type;
  p.operands[1].access = p.operands[2].access = Access::broadcast;
  p.operands[1].strides[1] = 1;
  p.operands[2].strides[0] = 1;
  p.operands[0].strides[0] = p.operands[3].strides[0] = n;
  p.operands[0].strides[1] = p.operands[3].strides[1] = 1;
  p.instructions = 3;
  p.code[0] = {ElementwiseOp::add, type, type, 0, 4, 0, 1, -1, 0};
  p.code[1] = {ElementwiseOp::relu, type, type, 0, 4, 4, -1, -1, 0};
  p.code[2] = {ElementwiseOp::multiply, type, type, 0, 3, 4, 2, -1, 0};
  return p;
}

struct Case {
  int64_t batch, m, n, k;
};

void compare(const KernelTable& table, const Case& c, DType type, bool ta, bool tb, bool with_epilogue, bool shared_b) {
  MatmulParams p{type, ta, tb, c.batch, c.m, c.n, c.k, c.m * c.k, shared_b ? 0 : c.k * c.n, nullptr, false};
  const ElementwiseParams epilogue = bias_and_relu(c.batch * c.m, c.n, type);
  if (with_epilogue) p.epilogue = &epilogue;
  p.product_is_temporary = with_epilogue && c.k % 2 == 0;
  const Array a = random_array(type, c.batch * c.m * c.k, -1, 1),
              b = random_array(type, (shared_b ? 1 : c.batch) * c.k * c.n, -1, 1);
  const Array bias = random_array(type, c.n), column = random_array(type, c.batch * c.m);
  const int64_t bytes = c.batch * c.m * c.n * size_of(type);
  Array product(bytes), wanted_product(bytes), found(bytes), wanted(bytes);
  std::vector<void*> operands = {a.address(),    b.address(),      product.address(),
                                 bias.address(), column.address(), product.address()};
  if (c.m % 2 == 0) operands[5] = found.address();  // otherwise the epilogue writes over the product
  run(table, KernelId::matmul, operands, &p, one_thread());
  operands[2] = wanted_product.address();
  operands[5] = wanted.address();
  run(reference_kernels(), KernelId::matmul, operands, &p, one_thread());
  const std::string what = std::string(table.name) + " matmul " + name_of(type) + " " + text_of({c.batch, c.m, c.n, c.k}) +
                           (ta ? " A^T" : "") + (tb ? " B^T" : "") + (with_epilogue ? " epilogue" : "");
  // Half a unit in the last place of sums around 1 for each of k additions; the true sums grow like sqrt(k).
  const double tolerance = (type == DType::f64 ? 1.2e-16 : 6e-8) * static_cast<double>(c.k + 8);
  if (!with_epilogue)
    check_arrays(type, product, wanted_product, tolerance, 1, what);
  else
    check_arrays(type, c.m % 2 == 0 ? found : product, wanted, 3 * tolerance, 3, what);
  check(product.guards_intact(), what + ": wrote beyond the product");
}

void small_shapes(const KernelTable& table) {
  for (int64_t m : {0, 1, 2, 3, 5, 13, 14, 15, 29, 60}) {
    for (int64_t n : {0, 1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 65, 130}) {
      for (int64_t k : {0, 1, 2, 3, 13, 16, 33, 300}) {
        for (int form = 0; form < 4; form++)
          compare(table, {1, m, n, k}, DType::f32, form & 1, form & 2, (m + n + k) % 2, false);
      }
    }
  }
}
void small_double_shapes(const KernelTable& table) {
  for (int64_t m : {0, 1, 3, 14, 15, 50}) {
    for (int64_t n : {1, 2, 8, 9, 17, 40}) {
      for (int64_t k : {0, 1, 5, 64, 300}) {
        for (int form = 0; form < 4; form++) compare(table, {1, m, n, k}, DType::f64, form & 1, form & 2, (m + n) % 2, false);
      }
    }
  }
}
void large_shapes(const KernelTable& table) {
  for (int form = 0; form < 4; form++) {
    compare(table, {1, 129, 200, 1024}, DType::f32, form & 1, form & 2, true, false);
    compare(table, {1, 300, 270, 512}, DType::f32, form & 1, form & 2, false, false);
    for (int64_t n : {130, 271, 520}) {  // short sums: strips over a packed B
      compare(table, {1, 155, n, 126}, DType::f32, form & 1, form & 2, true, false);
      compare(table, {1, 156, n, 127}, DType::f32, form & 1, form & 2, true, false);
      compare(table, {1, 157, n, 128}, DType::f32, form & 1, form & 2, false, false);
      compare(table, {1, 158, n, 64}, DType::f64, form & 1, form & 2, true, false);
    }
    compare(table, {1, 1, 1000, 1500}, DType::f32, form & 1, form & 2, true, false);
    compare(table, {1, 1003, 1, 1500}, DType::f32, form & 1, form & 2, true, false);
    compare(table, {1, 600, 70, 90}, DType::f64, form & 1, form & 2, true, false);
    compare(table, {37, 20, 30, 50}, DType::f32, form & 1, form & 2, true, false);
    compare(table, {37, 20, 30, 50}, DType::f32, form & 1, form & 2, false, true);
    compare(table, {3, 1, 30, 50}, DType::f32, form & 1, form & 2, true, false);
    compare(table, {3, 150, 310, 100}, DType::f32, form & 1, form & 2, true, false);
  }
}

// Large enough for OpenBLAS, where it lies beside the library.
void huge_shapes(const KernelTable& table) {
  compare(table, {1, 1030, 1010, 1000}, DType::f32, false, true, true, false);
  compare(table, {1, 1030, 1010, 1000}, DType::f64, false, true, false, false);
  compare(table, {1, 1000, 1030, 1011}, DType::f32, true, false, false, false);
}

void same_bits_for_any_threads(const KernelTable& table) {
  for (const Case& c : {Case{1, 257, 300, 513}, Case{1, 1, 2000, 1100}, Case{1, 3000, 1, 700}, Case{40, 33, 40, 60},
                        Case{1, 1030, 1010, 1000}}) {
    for (int form = 0; form < 4; form++) {
      MatmulParams p{DType::f32, (form & 1) != 0, (form & 2) != 0, c.batch, c.m,  c.n,
                     c.k,        c.m * c.k,       c.k * c.n,       nullptr, false};
      const Array a = random_array(DType::f32, c.batch * c.m * c.k), b = random_array(DType::f32, c.batch * c.k * c.n);
      Array first(c.batch * c.m * c.n * 4);
      run(table, KernelId::matmul, {a.address(), b.address(), first.address()}, &p, one_thread());
      for (int threads : {2, 3, 7}) {
        ThreadPool pool(threads);
        Array again(first.bytes());
        run(table, KernelId::matmul, {a.address(), b.address(), again.address()}, &p, pool);
        check(first == again, std::string(table.name) + " matmul bits with " + std::to_string(threads) + " threads, " +
                                  text_of({c.m, c.n, c.k}));
      }
    }
  }
}

void non_finite(const KernelTable& table) {
  MatmulParams p{DType::f32, false, false, 1, 17, 35, 20, 0, 0, nullptr, false};
  Array a = random_array(DType::f32, 17 * 20), b = random_array(DType::f32, 20 * 35), found(17 * 35 * 4), wanted(17 * 35 * 4);
  a.data<float>()[3] = NAN, a.data<float>()[45] = INFINITY, b.data<float>()[7] = -INFINITY, b.data<float>()[36] = 0;
  run(table, KernelId::matmul, {a.address(), b.address(), found.address()}, &p, one_thread());
  run(reference_kernels(), KernelId::matmul, {a.address(), b.address(), wanted.address()}, &p, one_thread());
  check_arrays(DType::f32, found, wanted, 1e-5, 1, std::string(table.name) + " matmul with infinities and NaN");
}

void for_each_table(void (*test)(const KernelTable&)) {
  for (const KernelTable* table : available_cpu_kernels()) test(*table);
}

const Register kTests[] = {{"matmul small shapes", [] { for_each_table(small_shapes); }},
                           {"matmul small float64 shapes", [] { for_each_table(small_double_shapes); }},
                           {"matmul large shapes", [] { for_each_table(large_shapes); }},
                           {"matmul huge shapes", [] { huge_shapes(*available_cpu_kernels().front()); }},
                           {"matmul same bits for any threads", [] { for_each_table(same_bits_for_any_threads); }},
                           {"matmul non-finite", [] { for_each_table(non_finite); }}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
