// What kernels call: barriers, warp collectives, atomics and the intrinsics that they are spelled with, on the fibers of
// cuda_on_cpu_threads.h. Included by cuda_on_cpu.h.
#pragma once
#include "cuda_on_cpu_threads.h"

namespace coc {
// ---- block barrier, warp collectives, atomics ------------------------------------------------------------------------
COC_RAW inline unsigned block_sync(bool vote, int line, bool count) {
  if (S.arrived && S.line != line) {
    cur->line = line;
    die("threads of one block wait at different barriers");
  }
  S.line = cur->line = line;
  unsigned g = S.gen & 1;
  S.votes[g] += vote;
  S.vote_n[g]++;
  COC_TSAN(__tsan_release(S.shm.base + g);)
  if (++S.arrived == S.live) {
    cur->st = WAIT;
    wake_block();
    cur->st = READY;
  } else {
    cur->st = WAIT;
    suspend();
  }
  COC_TSAN(__tsan_acquire(S.shm.base + g);)
  return count ? S.votes[g] : S.votes[g] == S.vote_n[g];
}
template <class T>
COC_RAW Coll& collect(unsigned mask, T v, int line, unsigned& g) {
  static_assert(sizeof(T) <= 16);
  unsigned w = cur->lin / 32, lane = cur->lin & 31;
  cur->line = line;
  if (!(mask >> lane & 1)) die("lane is not in its own mask");
  Coll& c = S.coll[w * 32 + __builtin_ctz(mask)];
  if (c.arrived && (c.mask != mask || c.line != line)) die("lanes of one warp wait at different collectives");
  c.mask = mask;
  c.line = line;
  g = c.gen & 1;
  __builtin_memcpy(c.slot[g][lane], &v, sizeof(T));
  c.arrived |= 1u << lane;
  if (c.arrived == (mask & S.warp_live[w])) {
    wake(c, w);
    cur->st = READY;
  } else {
    cur->st = WAIT;
    suspend();
  }
  return c;
}
template <class T>
COC_RAW T shfl(unsigned mask, T v, int src, int line) {  // src < 0: own value
  unsigned g;
  Coll& c = collect(mask, v, line, g);
  T r;
  if (src < 0) return v;
  if (c.got[g] >> src & 1)
    __builtin_memcpy(&r, c.slot[g][src], sizeof(T));
  else
    for (size_t i = 0; i < sizeof(T); i++) ((volatile char*)&r)[i] = (char)0xFF;  // value of an absent lane is undefined
  return r;
}
COC_RAW inline unsigned ballot(unsigned mask, bool p, int line) {
  unsigned g, r = 0;
  Coll& c = collect(mask, p, line, g);
  for (int i = 0; i < 32; i++)
    if (c.got[g] >> i & 1 && c.slot[g][i][0]) r |= 1u << i;
  return r;
}
template <class T, class F>
T rmw(T* p, F f) {
  T o, n;
  __atomic_load(p, &o, __ATOMIC_RELAXED);
  if (cur->fenced) do
      n = f(o);
    while (!__atomic_compare_exchange(p, &o, &n, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
  else
    do n = f(o);
    while (!__atomic_compare_exchange(p, &o, &n, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return o;
}
template <class T>
using Id = std::type_identity_t<T>;
}  // namespace coc
COC_ASAN(extern "C" inline __attribute__((used)) void __asan_on_error() {
  if (coc::cur) fprintf(stderr, "CUDA emulation: %s\n", coc::where(*coc::cur).c_str());
})

#define threadIdx (coc::cur->tid)
#define blockIdx (coc::S.bid)
#define blockDim (coc::S.block)
#define gridDim (coc::S.grid)
constexpr int warpSize = 32;
#define COC_L int line = __builtin_LINE()
inline void __syncthreads(COC_L) { coc::block_sync(true, line, true); }
inline int __syncthreads_count(int p, COC_L) { return coc::block_sync(p != 0, line, true); }
inline int __syncthreads_or(int p, COC_L) { return coc::block_sync(p != 0, line, true) != 0; }
inline int __syncthreads_and(int p, COC_L) { return coc::block_sync(p != 0, line, false); }
COC_RAW inline void __syncwarp(unsigned mask = ~0u, COC_L) {
  COC_TSAN(auto key = coc::S.shm.base + 2 + coc::cur->lin / 32; __tsan_release(key);)
  unsigned g;
  coc::collect(mask, 0, line, g);
  COC_TSAN(__tsan_acquire(key);)
}
template <class T>
T __shfl_sync(unsigned m, T v, int s, int w = 32, COC_L) {
  int l = coc::cur->lin & 31;
  return coc::shfl(m, v, (l & ~(w - 1)) | (s & (w - 1)), line);
}
template <class T>
T __shfl_up_sync(unsigned m, T v, unsigned d, int w = 32, COC_L) {
  int l = coc::cur->lin & 31;
  return coc::shfl(m, v, (l & (w - 1)) >= (int)d ? l - (int)d : -1, line);
}
template <class T>
T __shfl_down_sync(unsigned m, T v, unsigned d, int w = 32, COC_L) {
  int l = coc::cur->lin & 31;
  return coc::shfl(m, v, (l & (w - 1)) + (int)d < w ? l + (int)d : -1, line);
}
template <class T>
T __shfl_xor_sync(unsigned m, T v, int x, int w = 32, COC_L) {
  int l = coc::cur->lin & 31, s = l ^ x;
  return coc::shfl(m, v, (s & ~(w - 1)) <= (l & ~(w - 1)) ? s : -1, line);
}
inline unsigned __ballot_sync(unsigned m, int p, COC_L) { return coc::ballot(m, p, line); }
inline int __any_sync(unsigned m, int p, COC_L) { return coc::ballot(m, p, line) != 0; }
inline int __all_sync(unsigned m, int p, COC_L) { return coc::ballot(m, !p, line) == 0; }
COC_RAW inline void __threadfence() { coc::cur->fenced = true; }
COC_RAW inline void __threadfence_block() { coc::cur->fenced = true; }
template <class T>
T atomicAdd(T* p, coc::Id<T> v) {
  return coc::rmw(p, [=](T o) { return T(o + v); });
}
template <class T>
T atomicSub(T* p, coc::Id<T> v) {
  return coc::rmw(p, [=](T o) { return T(o - v); });
}
template <class T>
T atomicMax(T* p, coc::Id<T> v) {
  return coc::rmw(p, [=](T o) { return std::max(o, v); });
}
template <class T>
T atomicMin(T* p, coc::Id<T> v) {
  return coc::rmw(p, [=](T o) { return std::min(o, v); });
}
template <class T>
T atomicOr(T* p, coc::Id<T> v) {
  return coc::rmw(p, [=](T o) { return T(o | v); });
}
template <class T>
T atomicAnd(T* p, coc::Id<T> v) {
  return coc::rmw(p, [=](T o) { return T(o & v); });
}
template <class T>
T atomicExch(T* p, coc::Id<T> v) {
  return coc::rmw(p, [=](T) { return v; });
}
template <class T>
T atomicCAS(T* p, coc::Id<T> c, coc::Id<T> v) {
  return coc::rmw(p, [=](T o) { return o == c ? v : o; });
}
template <class A, class B>
auto max(A a, B b) {
  using C = std::common_type_t<A, B>;
  return C(a) < C(b) ? C(b) : C(a);
}
template <class A, class B>
auto min(A a, B b) {
  using C = std::common_type_t<A, B>;
  return C(b) < C(a) ? C(b) : C(a);
}
template <class T>
T __ldg(const T* p) {
  return *p;
}
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __float_as_int(float x) {
  int r;
  memcpy(&r, &x, 4);
  return r;
}
inline float __int_as_float(int x) {
  float r;
  memcpy(&r, &x, 4);
  return r;
}
