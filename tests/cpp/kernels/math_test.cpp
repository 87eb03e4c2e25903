// How far the float32 functions are from the true value, in units in the last place, and Philox against published numbers.
#include <cfloat>
#include <cmath>

#include "cpu/reference/convert.h"
#include "kernels/support.h"

namespace nnstack_test {
namespace {

using Op = ElementwiseOp;

double units(float found, double wanted) {
  const float near = static_cast<float>(wanted);
  if (std::isnan(wanted) || std::isnan(found)) return std::isnan(wanted) && std::isnan(found) ? 0 : 1e9;
  if (std::isinf(near) || std::isinf(found)) return found == near ? 0 : 1e9;
  const float size = std::max(std::fabs(near), FLT_MIN);  // a denormal's unit is that of the smallest normal number
  const double unit = std::nextafter(size, INFINITY) - static_cast<double>(size);
  return std::fabs(found - wanted) / unit;
}

struct Function {
  Op op;
  const char* name;
  double (*truth)(double);
  double low, high;  // where results are neither all zero nor all infinite
};
double sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
double rsqrt(double x) { return 1 / std::sqrt(x); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
const Function kFunctions[] = {{Op::exp, "exp", std::exp, -104, 89},        {Op::expm1, "expm1", std::expm1, -20, 89},
                               {Op::log, "log", std::log, 0, 1e3},          {Op::log1p, "log1p", std::log1p, -1, 1e3},
                               {Op::rsqrt, "rsqrt", rsqrt, 0, 1e6},         {Op::sin, "sin", std::sin, -1e5, 1e5},
                               {Op::cos, "cos", std::cos, -1e5, 1e5},       {Op::tanh, "tanh", std::tanh, -10, 10},
                               {Op::sigmoid, "sigmoid", sigmoid, -104, 30}, {Op::softplus, "softplus", softplus, -104, 100},
                               {Op::erf, "erf", std::erf, -4.5, 4.5}};

void accuracy(const KernelTable& table) {
  const bool fused = std::string(table.name) != "sse";  // products and sums are rounded together
  for (const Function& f : kFunctions) {
    std::vector<float> x;
    for (int i = 0; i < 400000; i++) x.push_back(static_cast<float>(random_real(f.low, f.high)));
    for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += 10007) {  // over all floats
      const uint32_t word = static_cast<uint32_t>(bits);
      x.push_back(0);
      std::memcpy(&x.back(), &word, 4);
    }
    const int64_t n = static_cast<int64_t>(x.size());
    std::vector<float> y(x.size());
    ElementwiseParams p{};
    p.size = p.dims[0] = n;
    p.rank = 1, p.inputs = p.outputs = p.instructions = 1;
    p.code[0] = {f.op, DType::f32, DType::f32, 0, 1, 0, -1, -1, 0};
    run(table, KernelId::elementwise, {x.data(), y.data()}, &p, one_thread());
    double worst = 0;
    float where = 0;
    for (int64_t i = 0; i < n; i++) {
      const double error = units(y[static_cast<size_t>(i)], f.truth(x[static_cast<size_t>(i)]));
      if (error > worst) worst = error, where = x[static_cast<size_t>(i)];
    }
    std::cout << "        " << table.name << " " << f.name << ": " << worst << " ulp at " << where << "\n";
    check(worst <= (fused ? 2.0 : 3.0),
          std::string(table.name) + " " + f.name + " is off by " + std::to_string(worst) + " ulp");
  }
}

void power_accuracy(const KernelTable& table) {
  const int64_t n = 400000;
  Array a(n * 4), b(n * 4), out(n * 4);
  for (int64_t i = 0; i < n; i++) {
    a.data<float>()[i] = static_cast<float>(std::exp(random_real(-80, 80)));
    b.data<float>()[i] = static_cast<float>(random_real(-3, 3));
  }
  ElementwiseParams p{};
  p.size = p.dims[0] = n;
  p.rank = 1, p.inputs = 2, p.outputs = p.instructions = 1;
  p.code[0] = {Op::power, DType::f32, DType::f32, 0, 2, 0, 1, -1, 0};
  run(table, KernelId::elementwise, {a.address(), b.address(), out.address()}, &p, one_thread());
  double worst = 0;
  for (int64_t i = 0; i < n; i++) {
    worst = std::max(worst, units(out.data<float>()[i],
                                  std::pow(static_cast<double>(a.data<float>()[i]), static_cast<double>(b.data<float>()[i]))));
  }
  check(worst <= 1, std::string(table.name) + " power is off by " + std::to_string(worst) + " ulp");
}

// The known answers of Random123, the authors' library: philox4x32-10.
void philox_known_answers() {
  using Words = std::array<uint32_t, 4>;
  check(reference::philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, "zeros");
  check(reference::philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, "ones");
  check(reference::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
            Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
        "digits of pi");
}

void for_each_table(void (*test)(const KernelTable&)) {
  for (const KernelTable* table : available_cpu_kernels()) test(*table);
}

const Register kTests[] = {{"math accuracy", [] { for_each_table(accuracy); }},
                           {"math power accuracy", [] { for_each_table(power_accuracy); }},
                           {"philox known answers", philox_known_answers}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
