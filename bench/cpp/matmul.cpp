// Speed of the matrix product kernels, one thread unless told: GF/s, share of the FMA peak measured here, microseconds.
// Usage: matmul [threads]
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "cpu/kernels.h"

namespace {

using namespace nnstack;

clockid_t measured_clock = CLOCK_THREAD_CPUTIME_ID;

double now() {  // of this thread: time that other processes take does not count
  timespec time;
  clock_gettime(measured_clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Independent fused multiply-adds in registers, with the vectors of this CPU.
template <class Vector>
inline __attribute__((always_inline)) double fma_rate() {
  constexpr int kChains = 12;
  Vector sum[kChains] = {};
  Vector scale = Vector{} + 0.999f, offset = Vector{} + 0.1f;
  double best = 0;
  const double end = now() + 0.3;
  while (now() < end) {
    const double start = now();
    constexpr int kSteps = 100000;
    for (int step = 0; step < kSteps; step++) {
#pragma GCC unroll 12
      for (int i = 0; i < kChains; i++) {
        sum[i] = sum[i] * scale + offset;
        asm volatile("" : "+x"(sum[i]));  // one chain each, not folded together
      }
    }
    const double rate = 2.0 * kSteps * kChains * (sizeof(Vector) / 4) / (now() - start);
    best = rate > best ? rate : best;
  }
  volatile float keep = sum[0][0];
  (void)keep;
  return best;
}
#if defined(__x86_64__)
typedef float Floats16 __attribute__((vector_size(64)));
typedef float Floats8 __attribute__((vector_size(32)));
__attribute__((target("avx512f,fma,prefer-vector-width=512"))) double avx512_rate() { return fma_rate<Floats16>(); }
__attribute__((target("avx2,fma"))) double avx2_rate() { return fma_rate<Floats8>(); }
double peak() { return __builtin_cpu_supports("avx512f") ? avx512_rate() : __builtin_cpu_supports("fma") ? avx2_rate() : 0; }
#else
double peak() { return 0; }
#endif

struct Free {
  void operator()(float* at) const { std::free(at); }
};
using Floats = std::unique_ptr<float[], Free>;
Floats make(int64_t n) {
  Floats floats(static_cast<float*>(std::aligned_alloc(64, static_cast<size_t>((n * 4 + 127) / 64 * 64))));
  for (int64_t i = 0; i < n; i++) floats[static_cast<size_t>(i)] = static_cast<float>(i % 17) * 0.1f - 0.8f;
  return floats;
}

double seconds_of(const MatmulParams& p, ThreadPool& pool) {
  const Floats a = make(p.m * p.k), b = make(p.k * p.n), c = make(p.m * p.n);
  const KernelEntry& entry = cpu_kernels().entries[static_cast<int>(KernelId::matmul)];
  const Floats scratch = make(entry.scratch_bytes(&p) / 4);
  KernelError error = KernelError::none;
  const KernelContext context{ThreadPool::run, &pool, scratch.get(), &error, nullptr};
  void* operands[] = {a.get(), b.get(), c.get()};
  const double flop = 2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  const int calls = flop > 2e6 ? 1 : static_cast<int>(2e6 / flop) + 1;
  double best = 1e9;
  const double end = now() + 0.3;
  for (int repeat = 0; repeat < 5 || now() < end; repeat++) {
    const double start = now();
    for (int i = 0; i < calls; i++) entry.run(operands, &p, context);
    const double seconds = (now() - start) / calls;
    best = seconds < best ? seconds : best;
  }
  return best;
}

struct Shape {
  int64_t m, n, k;
  bool transpose_a, transpose_b;
};

double report(const Shape& s, double peak_rate, ThreadPool& pool) {
  const MatmulParams p{DType::f32, s.transpose_a, s.transpose_b, 1, s.m, s.n, s.k, 0, 0, nullptr, false};
  const double seconds = seconds_of(p, pool);
  const double rate = 2.0 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k) / seconds;
  std::printf("%5lld x %4lld x %4lld %s %s %8.1f GF/s %5.1f %% %10.2f us\n", static_cast<long long>(s.m),
              static_cast<long long>(s.n), static_cast<long long>(s.k), s.transpose_a ? "A^T" : "   ",
              s.transpose_b ? "B^T" : "   ", rate / 1e9, peak_rate > 0 ? 100 * rate / peak_rate : 0.0, seconds * 1e6);
  return seconds;
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1 && std::atoi(arguments[1]) > 1) measured_clock = CLOCK_MONOTONIC;
  ThreadPool pool(count > 1 ? std::atoi(arguments[1]) : 1);
  const double peak_rate = peak() * pool.threads();
  std::printf("%s, %d threads, FMA peak %.1f GF/s\n", cpu_kernels().name, pool.threads(), peak_rate / 1e9);
  const Shape large[] = {{128, 512, 784, false, false},   {128, 512, 512, false, false},    {784, 512, 128, true, false},
                         {512, 512, 128, true, false},    {128, 784, 512, false, true},     {128, 512, 512, false, true},
                         {128, 10, 512, false, false},    {512, 10, 128, true, false},      {128, 512, 10, false, true},
                         {32, 512, 784, false, false},    {1024, 1024, 1024, false, false}, {1024, 1024, 1024, true, false},
                         {1024, 1024, 1024, false, true}, {2048, 2048, 2048, false, false}, {512, 512, 512, false, false}};
  for (const Shape& shape : large) report(shape, peak_rate, pool);
  std::printf("the products of one training step of 13 -> 64 -> 64 -> 1 on 32 rows\n");
  const Shape step[] = {{32, 64, 13, false, false}, {32, 64, 64, false, false}, {32, 1, 64, false, false},
                        {64, 1, 32, true, false},   {32, 64, 1, false, true},   {64, 64, 32, true, false},
                        {32, 64, 64, false, true},  {13, 64, 32, true, false}};
  double total = 0;
  for (const Shape& shape : step) total += report(shape, peak_rate, pool);
  std::printf("total %.2f us\none row of the same network\n", total * 1e6);
  const Shape row[] = {{1, 64, 13, false, false}, {1, 64, 64, false, false}, {1, 1, 64, false, false}};
  total = 0;
  for (const Shape& shape : row) total += report(shape, peak_rate, pool);
  std::printf("total %.2f us\nmatrix times vector\n", total * 1e6);
  const Shape vector[] = {
      {1, 512, 784, false, false}, {1, 512, 784, false, true}, {512, 1, 784, false, false}, {512, 1, 784, true, false}};
  for (const Shape& shape : vector) report(shape, peak_rate, pool);
  return 0;
}
