// Matrix products against plain loops: transposes, batches, shared matrices, empty and odd shapes, epilogues.
#include "check.h"
#include "plugin.h"
#include "program.h"

using namespace nnstack;
using namespace nnstack::test;

namespace {

template <class T>
std::vector<T> reference(const MatmulParams& p, const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> product(size_t(p.batch * p.m * p.n));
  for (int64_t s = 0; s < p.batch; ++s) {
    for (int64_t i = 0; i < p.m; ++i) {
      for (int64_t j = 0; j < p.n; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < p.k; ++k) {
          T x = a[size_t(s * p.a_batch_stride + (p.transpose_a ? k * p.m + i : i * p.k + k))];
          T y = b[size_t(s * p.b_batch_stride + (p.transpose_b ? j * p.k + k : k * p.n + j))];
          sum += double(x) * double(y);
        }
        product[size_t((s * p.m + i) * p.n + j)] = T(sum);
      }
    }
  }
  return product;
}

template <class T>
void check_product(int64_t batch, int64_t m, int64_t n, int64_t k, bool share_b, double tolerance) {
  for (int transposes = 0; transposes < 4; ++transposes) {
    MatmulParams p = {
        dtype_of<T>(), (transposes & 1) != 0, (transposes & 2) != 0, batch, m, n, k, m * k, share_b ? 0 : k * n, nullptr,
        false};
    std::vector<T> a = numbers<T>(batch * m * k), b = numbers<T>((share_b ? 1 : batch) * k * n, 2);
    Array<T> left(a), right(b), product(size_t(batch * m * n));
    run(KernelId::matmul, {left.data(), right.data(), product.data()}, &p);
    check_close(product.get(), reference(p, a, b), tolerance * std::sqrt(double(k) + 1),
                "matmul " + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + " transposes " +
                    std::to_string(transposes));
  }
}

// relu(a b + bias), written over the product and beside it.
void check_epilogue(bool in_place) {
  int64_t m = 9, n = 12, k = 20;
  Program program(std::vector<int64_t>{m, n});
  int16_t product = program.input(DType::f32), bias = program.input(DType::f32, Access::broadcast, {0, 1});
  int16_t out = program.output(DType::f32), sum = program.temporary();
  program.add(ElementwiseOp::add, DType::f32, DType::f32, sum, product, bias);
  program.add(ElementwiseOp::relu, DType::f32, DType::f32, out, sum);
  MatmulParams p = {DType::f32, false, false, 1, m, n, k, 0, 0, &program.params(), false};
  std::vector<float> a = numbers<float>(m * k), b = numbers<float>(k * n, 2), c = numbers<float>(n, 3);
  std::vector<float> plain = reference(p, a, b), expected = plain;
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = std::fmax(0.0f, expected[i] + c[i % size_t(n)]);
  Array<float> left(a), right(b), biases(c), products(plain.size()), results(plain.size());
  run(KernelId::matmul,
      {left.data(), right.data(), products.data(), biases.data(), in_place ? products.data() : results.data()}, &p);
  check_close(in_place ? products.get() : results.get(), expected, 1e-5, "bias and relu");
  if (!in_place) check_close(products.get(), plain, 1e-5, "the product before its epilogue");
}

// The same product twice is the same to the bit.
void check_repeatable() {
  MatmulParams p = {DType::f32, true, false, 1, 65, 33, 200, 0, 0, nullptr, false};
  Array<float> left(numbers<float>(65 * 200)), right(numbers<float>(200 * 33, 2)), first(65 * 33), second(65 * 33);
  run(KernelId::matmul, {left.data(), right.data(), first.data()}, &p);
  run(KernelId::matmul, {left.data(), right.data(), second.data()}, &p);
  check_equal(first.get(), second.get(), "repeated product");
}

}  // namespace

int main() {
  std::printf("%s\n", api().description(0));  // says whose products these are
  const int64_t shapes[][3] = {{1, 1, 1},    {1, 10, 64}, {7, 1, 3}, {64, 64, 16}, {65, 63, 17},
                               {5, 130, 33}, {0, 4, 4},   {4, 0, 4}, {3, 5, 0}};
  for (auto& shape : shapes) {
    check_product<float>(1, shape[0], shape[1], shape[2], false, 1e-6);
    check_product<double>(1, shape[0], shape[1], shape[2], false, 1e-15);
  }
  check_product<float>(3, 6, 7, 8, false, 1e-6);
  check_product<float>(3, 6, 7, 8, true, 1e-6);
  check_product<double>(0, 6, 7, 8, false, 1e-15);
  check_epilogue(false);
  check_epilogue(true);
  check_repeatable();
  return passed();
}
