#include "base/thread_pool.h"

#include <pthread.h>
#include <signal.h>
#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace nnstack {
namespace {

constexpr auto kSpin = std::chrono::microseconds(60);
constexpr uint32_t kClosed = UINT32_MAX;  // index of a job that hands out no more chunks

thread_local bool inside_job = false;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Calls done() until it is true or the time for spinning is over.
template <class Done>
bool spin_until(Done done) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; i++) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

}  // namespace

// A job is open while the low half of `ticket` is below `chunks`. A chunk is claimed by a compare-exchange on the whole
// ticket, so a claim succeeds only in the epoch it was looked up in. The owner closes the ticket before it changes the
// fields; the fields are stored with release and loaded with acquire, hence who saw a new field cannot claim an old ticket.
struct ThreadPool::State {
  explicit State(int count) : threads(count) {}

  std::mutex owner;  // held by the thread whose job is running
  std::atomic<int> threads;
  std::atomic<uint64_t> ticket{kClosed};
  std::atomic<uint32_t> chunks{0};
  std::atomic<void (*)(void*, int64_t)> body{nullptr};
  std::atomic<void*> arg{nullptr};
  std::atomic<uint32_t> done{0};

  std::mutex sleep;
  std::condition_variable wake;
  std::atomic<int> sleeping{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> workers;

  bool open() const { return static_cast<uint32_t>(ticket.load()) < chunks.load(std::memory_order_acquire); }

  // Runs chunks of the open job until none is left to claim.
  void help() {
    for (;;) {
      uint64_t seen = ticket.load(std::memory_order_acquire);
      const uint32_t count = chunks.load(std::memory_order_acquire);
      const auto run_body = body.load(std::memory_order_acquire);
      void* const run_arg = arg.load(std::memory_order_acquire);
      const uint32_t index = static_cast<uint32_t>(seen);
      if (index >= count) return;
      if (!ticket.compare_exchange_weak(seen, seen + 1)) continue;
      run_body(run_arg, index);
      if (done.fetch_add(1, std::memory_order_acq_rel) + 1 == count) done.notify_one();
    }
  }

  void work() {
    inside_job = true;  // whatever a worker runs is part of a job
    for (;;) {
      help();
      if (spin_until([this] { return open() || stop.load(std::memory_order_relaxed); })) {
        if (stop) return;
        continue;
      }
      std::unique_lock<std::mutex> lock(sleep);
      sleeping++;
      wake.wait(lock, [this] { return open() || stop; });
      sleeping--;
    }
  }

  void start_workers() {
    const size_t wanted = static_cast<size_t>(threads - 1);
    if (workers.size() >= wanted) return;
    sigset_t all, before;  // signals belong to the application's threads
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      while (workers.size() < wanted) workers.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // the system gives no more threads: go on with those there are
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void stop_workers() {
    {
      std::lock_guard<std::mutex> lock(sleep);
      stop = true;
    }
    wake.notify_all();
    for (std::thread& worker : workers) worker.join();
    workers.clear();
    stop = false;
  }

  void run(uint32_t count, void (*new_body)(void*, int64_t), void* new_arg) {
    start_workers();
    const uint64_t epoch = (ticket.load(std::memory_order_relaxed) >> 32) + 1;
    body.store(new_body, std::memory_order_release);
    arg.store(new_arg, std::memory_order_release);
    chunks.store(count, std::memory_order_release);
    done.store(0, std::memory_order_release);
    ticket.store(epoch << 32);
    if (sleeping.load() > 0) {
      {
        std::lock_guard<std::mutex> lock(sleep);
      }
      if (count > 2) {
        wake.notify_all();
      } else {
        wake.notify_one();
      }
    }
    inside_job = true;
    help();
    inside_job = false;
    if (!spin_until([&] { return done.load(std::memory_order_acquire) == count; })) {
      for (uint32_t now; (now = done.load(std::memory_order_acquire)) != count;) done.wait(now, std::memory_order_acquire);
    }
    ticket.store(epoch << 32 | kClosed);
  }
};

ThreadPool::ThreadPool(int threads) : state_(new State(std::max(1, threads))) {}

ThreadPool::~ThreadPool() {
  state_->stop_workers();
  delete state_;
}

void abandon_shared_pool_state() {
  ThreadPool& pool = ThreadPool::shared();
  // The threads of the old state do not exist in this process and its locks may be held for ever: it is leaked on purpose.
  pool.state_ = new ThreadPool::State(pool.state_->threads.load());
  inside_job = false;
}

ThreadPool& ThreadPool::shared() {
  static ThreadPool* const pool = [] {
    auto* made = new ThreadPool(default_threads());
    pthread_atfork(nullptr, nullptr, [] { abandon_shared_pool_state(); });
    return made;
  }();
  return *pool;
}

int ThreadPool::default_threads() {
  if (const char* text = std::getenv("NNSTACK_NUM_THREADS")) {
    const int count = std::atoi(text);
    if (count > 0) return std::min(count, 1024);
  }
#if defined(__linux__)
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) return std::max(1, CPU_COUNT(&cores));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void ThreadPool::set_threads(int threads) {
  std::lock_guard<std::mutex> lock(state_->owner);
  if (threads == state_->threads) return;
  state_->stop_workers();
  state_->threads = std::max(1, threads);
}

int ThreadPool::threads() const { return state_->threads; }

void ThreadPool::parallel(int64_t chunks, void (*body)(void* arg, int64_t chunk), void* arg) {
  State& state = *state_;
  if (chunks > 1 && chunks < kClosed && !inside_job && state.threads.load(std::memory_order_relaxed) > 1 &&
      state.owner.try_lock()) {
    std::lock_guard<std::mutex> lock(state.owner, std::adopt_lock);
    state.run(static_cast<uint32_t>(chunks), body, arg);
    return;
  }
  for (int64_t chunk = 0; chunk < chunks; chunk++) body(arg, chunk);
}

void ThreadPool::run(void* pool, int64_t chunks, void (*body)(void* arg, int64_t chunk), void* arg) {
  static_cast<ThreadPool*>(pool)->parallel(chunks, body, arg);
}

}  // namespace nnstack
