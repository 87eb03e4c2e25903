// Prints the fused multiply-adds (two operations each) that all cores of the process do in a second, in GF/s.
// Independent chains in registers with the widest vectors of this CPU; the best of many short samples, so that a moment in
// which another process runs does not count.
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

// What is summed is returned too, or the compiler would drop the work.
struct Rate {
  double best = 0;
  float result = 0;
};

template <class Vector>
inline __attribute__((always_inline)) Rate fma_rate() {
  constexpr int kChains = 12, kSteps = 10000, kSamples = 2000;
  const Vector scale = Vector{} + 0.999f, offset = Vector{} + 0.1f;
  Rate rate;
  for (int sample = 0; sample < kSamples; sample++) {
    Vector sum[kChains];
#pragma GCC unroll 12  // g++ 12 keeps the array in memory where one loop over it is not unrolled
    for (int i = 0; i < kChains; i++) sum[i] = Vector{} + static_cast<float>(sample + i);
    const auto start = std::chrono::steady_clock::now();
    for (int step = 0; step < kSteps; step++) {
#pragma GCC unroll 12
      for (int i = 0; i < kChains; i++) sum[i] = sum[i] * scale + offset;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
#pragma GCC unroll 12
    for (int i = 0; i < kChains; i++) rate.result += sum[i][0];
    rate.best = std::max(rate.best, 2.0 * kSteps * kChains * (sizeof(Vector) / sizeof(float)) / seconds.count());
  }
  return rate;
}

#if defined(__x86_64__)
typedef float Floats16 __attribute__((vector_size(64)));
typedef float Floats8 __attribute__((vector_size(32)));
__attribute__((target("avx512f,fma,prefer-vector-width=512"))) Rate avx512_rate() { return fma_rate<Floats16>(); }
__attribute__((target("avx2,fma"))) Rate avx2_rate() { return fma_rate<Floats8>(); }
Rate core_rate() {
  if (__builtin_cpu_supports("avx512f")) return avx512_rate();
  return __builtin_cpu_supports("fma") ? avx2_rate() : Rate{};
}
#else
Rate core_rate() { return {}; }
#endif

int cores_of_this_process() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

}  // namespace

int main() {
  std::vector<Rate> rates(static_cast<size_t>(cores_of_this_process()));
  std::vector<std::thread> threads;
  for (Rate& rate : rates) threads.emplace_back([&rate] { rate = core_rate(); });
  double total = 0;
  for (size_t i = 0; i < threads.size(); i++) {
    threads[i].join();
    total += rates[i].best;
  }
  if (total == 0) {
    std::fprintf(stderr, "fma_peak: this CPU has no fused multiply-add that the program knows\n");
    return 1;
  }
  volatile float keep = rates[0].result;
  (void)keep;
  std::printf("%.1f\n", total / 1e9);
  return 0;
}
