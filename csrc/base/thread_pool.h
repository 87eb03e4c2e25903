// The one thread pool of a process. The caller of parallel() works too and waits only for chunks that have begun, so a
// worker that wakes late costs nothing. No thread is started before the first job that needs one; idle workers sleep.
#pragma once
#include <cstdint>
#include <memory>

namespace nnstack {

class ThreadPool {
 public:
  // `threads` counts the caller: 1 never starts a worker.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Sized by NNSTACK_NUM_THREADS, else by the cores this process may use. Lives as long as the process. A child made by
  // fork() starts fresh workers at first use.
  static ThreadPool& shared();
  static int default_threads();

  // Waits for the job in progress. Must not be called from inside a job.
  void set_threads(int threads);
  int threads() const;

  // Runs body(arg, chunk) for every chunk in [0, chunks) in any order, on the caller and perhaps on workers; returns when
  // all are done. Inside a job, and while another thread's job holds the workers, it simply runs on the caller. `body`
  // must not throw.
  void parallel(int64_t chunks, void (*body)(void* arg, int64_t chunk), void* arg);

  // The same with the signature of KernelContext::parallel; `pool` is a ThreadPool.
  static void run(void* pool, int64_t chunks, void (*body)(void* arg, int64_t chunk), void* arg);

 private:
  struct State;
  State* state_;  // replaced, and the old one abandoned, in the child of a fork
  friend void abandon_shared_pool_state();
};

}  // namespace nnstack
