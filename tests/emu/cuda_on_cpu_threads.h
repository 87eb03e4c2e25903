// The threads of one block as fibers, their shared memory, and the order in which they run. Included by cuda_on_cpu.h.
#pragma once

namespace coc {
constexpr bool TSAN = COC_TSAN(!) false;
constexpr size_t STACK = COC_ASAN(4 *) 64 * 1024, SHM_CAP = 256 * 1024, RED = 128;
enum State { NEW, READY, WAIT, DONE };
struct Thread {
  uint3 tid;
  unsigned lin;
  State st;
  int line;
  bool fenced;
  char* stk;
  void *sp, *fake, *tsan;
};
struct Stack {
  char* stk;
  void* tsan;
};  // pooled; the race detector needs its own per thread index and block parity
struct Coll {
  unsigned mask, arrived, gen, got[2];
  int line;
  alignas(16) char slot[2][32][16];
};  // one warp group's exchange
struct SharedVar {
  const void* tag;
  size_t off, size;
};
struct Shm {
  char* base = nullptr;
  size_t used, limit, cap;
  int nvar;
  SharedVar var[64];
};
struct Sched {
  dim3 grid, block;
  uint3 bid;
  unsigned n, done, live, arrived, gen, votes[2], vote_n[2];
  int line;
  std::vector<Thread> t;
  std::vector<Coll> coll;
  unsigned warp_live[32];
  std::vector<Stack> pool[2048];
  unsigned parity = 0;
  Shm shm;
  void (*body)(const void*);
  const void* arg;
  std::exception_ptr err;
  void *sp, *tsan;
  const void* stk;
  size_t stk_size;
  char key_start, key_end;  // happens-before keys for the race detector
};
inline Sched S;
inline Thread* cur = nullptr;
inline cudaError_t last_error = cudaSuccess;

// ---- stack switching -------------------------------------------------------------------------------------------------
__attribute__((naked, noinline, no_sanitize("thread", "address"))) inline void swap_sp(void** /*save*/, void* /*to*/) {
  asm volatile(
      "push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15; mov %rsp,(%rdi); mov %rsi,%rsp;"
      "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret");
}
COC_RAW inline void* first_frame(char* stk, void (*fn)()) {
  auto top = (void**)((uintptr_t)(stk + STACK) & ~uintptr_t(15));
  top[-1] = nullptr;
  top[-2] = (void*)fn;  // fn starts with rsp % 16 == 8
  for (int i = 3; i < 9; i++) top[-i] = nullptr;
  return top - 8;
}
inline std::string where(const Thread& t) {
  char b[160];
  int n = snprintf(b, sizeof b, "block (%u,%u,%u) thread (%u,%u,%u)", S.bid.x, S.bid.y, S.bid.z, t.tid.x, t.tid.y, t.tid.z);
  if (t.line) snprintf(b + n, sizeof b - n, " line %d", t.line);
  return b;
}
[[noreturn]] inline void die(const std::string& m) { throw std::runtime_error("CUDA emulation: " + m + " at " + where(*cur)); }
COC_RAW inline void suspend() {  // fiber -> scheduler
  COC_ASAN(__sanitizer_start_switch_fiber(cur->st == DONE ? nullptr : &cur->fake, S.stk, S.stk_size);)
  COC_TSAN(__tsan_switch_to_fiber(S.tsan, 1);)
  swap_sp(&cur->sp, S.sp);
  COC_ASAN(__sanitizer_finish_switch_fiber(cur->fake, nullptr, nullptr);)
}
COC_RAW inline void wake(Coll& c, unsigned warp) {
  for (unsigned l = 0; l < 32; l++)
    if (c.arrived >> l & 1) S.t[warp * 32 + l].st = READY;
  c.got[c.gen & 1] = c.arrived;
  c.arrived = 0;
  c.gen++;
}
COC_RAW inline void wake_block() {
  for (unsigned i = 0; i < S.n; i++)
    if (S.t[i].st == WAIT) S.t[i].st = READY;
  S.arrived = 0;
  S.gen++;
  S.votes[S.gen & 1] = S.vote_n[S.gen & 1] = 0;
}
COC_RAW inline void fiber_main() {
  COC_ASAN(__sanitizer_finish_switch_fiber(nullptr, &S.stk, &S.stk_size);)
  COC_TSAN(__tsan_acquire(&S.key_start);)
  try {
    S.body(S.arg);
  } catch (...) {
    S.err = std::current_exception();
  }
  COC_TSAN(__tsan_release(&S.key_end);)
  cur->st = DONE;
  S.done++;
  S.live--;
  unsigned w = cur->lin / 32;
  S.warp_live[w] &= ~(1u << (cur->lin & 31));
  if (S.arrived && S.arrived == S.live) wake_block();  // exited threads no longer count (sm_70+ rule)
  for (int g = 0; g < 32; g++) {
    Coll& c = S.coll[w * 32 + g];
    if (c.arrived && c.arrived == (c.mask & S.warp_live[w])) wake(c, w);
  }
  suspend();
  __builtin_unreachable();
}
inline char* map_mem(size_t n, int prot = PROT_READ | PROT_WRITE) {
  long p = syscall(SYS_mmap, nullptr, n, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);  // not intercepted by TSan
  if (p == -1) throw std::bad_alloc();
  return (char*)p;
}
COC_RAW inline void resume(Thread& t) {  // scheduler -> fiber
  if (t.st == NEW) {
    auto& pool = S.pool[TSAN ? t.lin * 2 + S.parity : 0];
    if (pool.empty()) {
      pool.push_back({map_mem(STACK), nullptr});
      mprotect(pool.back().stk, 4096, PROT_NONE);
    }  // guard page
    t.stk = pool.back().stk;
    COC_TSAN(if (!(t.tsan = pool.back().tsan)) t.tsan = __tsan_create_fiber(0);
             __tsan_set_fiber_name(t.tsan, where(t).c_str());)
    pool.pop_back();
    t.sp = first_frame(t.stk, fiber_main);
  }
  cur = &t;
  t.st = READY;
  COC_ASAN(void* fake; __sanitizer_start_switch_fiber(&fake, t.stk, STACK);)
  COC_TSAN(__tsan_switch_to_fiber(t.tsan, 1);)
  swap_sp(&S.sp, t.sp);
  COC_ASAN(__sanitizer_finish_switch_fiber(fake, nullptr, nullptr);)
  if (t.st == DONE) {
    S.pool[TSAN ? t.lin * 2 + S.parity : 0].push_back({t.stk, t.tsan});
    t.stk = nullptr;
  }
}
// ---- shared memory: one arena, poisoned gaps, filled with 0xFF (NaN) before each block -------------------------------
COC_RAW inline char* shm_add(const void* tag, size_t n, size_t align) {
  Shm& m = S.shm;
  size_t off = (m.used + RED + align - 1) / align * align;
  if ((m.limit -= n) > SHM_CAP || off + n + RED > SHM_CAP || m.nvar == 64) die("too much shared memory");
  m.var[m.nvar++] = {tag, off, n};
  m.used = (off + n + 15) & ~size_t(15);
  COC_ASAN(__asan_unpoison_memory_region(m.base + off, n);)
  return m.base + off;
}
COC_RAW inline char* shared(const void* tag, size_t n, size_t align) {
  for (int i = 0; i < S.shm.nvar; i++)
    if (S.shm.var[i].tag == tag) return S.shm.base + S.shm.var[i].off;
  return shm_add(tag, n, std::max<size_t>(align, 16));
}
inline unsigned order_seed() {
  const char* e = getenv("COC_ORDER");
  return !e || !strcmp(e, "fwd") ? 0 : !strcmp(e, "rev") ? 1 : (unsigned)atoi(e) + 2;
}
COC_RAW inline void run_block(const std::vector<unsigned>& order, size_t dyn) {
  Shm& m = S.shm;
  S.parity ^= 1;
  if (TSAN && m.base) {
    munmap(m.base, SHM_CAP);
    m.base = nullptr;
  }  // fresh shadow: blocks do not share it
  size_t dirty = m.base ? m.used : SHM_CAP;
  if (!m.base) m.base = map_mem(SHM_CAP);
  COC_ASAN(__asan_unpoison_memory_region(m.base, SHM_CAP);)
  for (size_t i = 0; i < dirty; i++) m.base[i] = (char)0xFF;
  COC_ASAN(__asan_poison_memory_region(m.base, SHM_CAP);)
  m.used = 0;
  m.nvar = 0;
  m.limit = m.cap;
  cur = &S.t[0];
  shm_add(nullptr, dyn, 128);
  for (unsigned i = 0; i < S.n; i++) {
    unsigned x = i % S.block.x, y = i / S.block.x % S.block.y;
    S.t[i] = {{x, y, i / S.block.x / S.block.y}, i, NEW, 0, false, nullptr, nullptr, nullptr, nullptr};
  }
  for (unsigned w = 0; w < (S.n + 31) / 32; w++) S.warp_live[w] = S.n - w * 32 >= 32 ? ~0u : (1u << (S.n - w * 32)) - 1;
  for (auto& c : S.coll) c.arrived = 0;
  S.done = S.arrived = 0;
  S.live = S.n;
  S.votes[0] = S.votes[1] = S.vote_n[0] = S.vote_n[1] = 0;
  while (S.done < S.n && !S.err) {
    bool moved = false;
    for (unsigned i : order)
      if (S.t[i].st <= READY && !S.err) {
        moved = true;
        resume(S.t[i]);
      }
    if (!moved) {
      std::string s;
      for (unsigned i = 0, k = 0; i < S.n && k < 4; i++)
        if (S.t[i].st == WAIT) {
          s += "\n  waiting: " + where(S.t[i]);
          k++;
        }
      S.err = std::make_exception_ptr(
          std::runtime_error("CUDA emulation: deadlock, a barrier or warp collective is not reached by all its threads" + s));
    }
  }
  for (auto& t : S.t)
    if (t.stk) {
      COC_ASAN(__asan_unpoison_memory_region(t.stk, STACK);) munmap(t.stk, STACK);
      t.stk = nullptr;
    }
}
COC_RAW inline void run_grid(size_t dyn) {
  unsigned seed = order_seed();
  std::mt19937 rng(seed);
  S.n = S.block.x * S.block.y * S.block.z;
  S.t.assign(S.n, {});
  S.coll.resize((S.n + 31) / 32 * 32);
  S.err = nullptr;
  std::vector<unsigned> order(S.n);
  for (unsigned i = 0; i < S.n; i++) order[i] = seed == 1 ? S.n - 1 - i : i;
  COC_TSAN(S.tsan = __tsan_get_current_fiber(); __tsan_release(&S.key_start);)
  size_t nb = size_t(S.grid.x) * S.grid.y * S.grid.z;
  for (size_t j = 0; j < nb && !S.err; j++) {
    size_t k = seed == 1 ? nb - 1 - j : seed > 1 && nb < (1u << 20) ? (j * 7919 + seed) % nb : j;
    if (seed > 1 && nb % 7919 == 0) k = j;
    S.bid = {unsigned(k % S.grid.x), unsigned(k / S.grid.x % S.grid.y), unsigned(k / S.grid.x / S.grid.y)};
    if (seed > 1) std::shuffle(order.begin(), order.end(), rng);
    run_block(order, dyn);
  }
  COC_TSAN(__tsan_acquire(&S.key_end);)
  cur = nullptr;
  if (S.err) std::rethrow_exception(S.err);
}
inline std::map<const void*, int> dyn_limit;              // cudaFuncSetAttribute: dynamic shared memory
inline void device_open(bool);                            // make device memory accessible (COC_STRICT)
inline bool record(cudaStream_t, std::function<void()>);  // a stream that is being captured keeps the work for later
inline std::mutex scheduler_mutex;                        // the scheduler runs one launch at a time
inline cudaError_t ret(cudaError_t e) {
  if (e) last_error = e;
  return e;
}
}  // namespace coc
