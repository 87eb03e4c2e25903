#include "base/thread_pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "check.h"

namespace nnstack_test {
namespace {

using nnstack::ThreadPool;

struct Counts {
  explicit Counts(int64_t n) : visits(static_cast<size_t>(n)) {}
  std::vector<std::atomic<int>> visits;
  static void visit(void* arg, int64_t chunk) { static_cast<Counts*>(arg)->visits[static_cast<size_t>(chunk)]++; }
  bool each_once() const {
    for (const auto& count : visits) {
      if (count != 1) return false;
    }
    return true;
  }
};

void every_chunk_once() {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (int64_t chunks : {0, 1, 2, 3, 17, 1000}) {
      for (int repeat = 0; repeat < 200; repeat++) {
        Counts counts(chunks);
        pool.parallel(chunks, Counts::visit, &counts);
        if (!check(counts.each_once(), "chunks " + std::to_string(chunks) + ", threads " + std::to_string(threads))) return;
      }
    }
  }
}

void many_callers() {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<bool> good{true};
  for (int caller = 0; caller < 4; caller++) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 2000; repeat++) {
        Counts counts(1 + repeat % 23);
        pool.parallel(1 + repeat % 23, Counts::visit, &counts);
        if (!counts.each_once()) good = false;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  check(good, "a chunk was lost or repeated");
}

void nested() {
  ThreadPool pool(4);
  struct Outer {
    ThreadPool* pool;
    std::atomic<int> total{0};
  } outer{&pool};
  pool.parallel(
      8,
      [](void* arg, int64_t) {
        Outer& o = *static_cast<Outer*>(arg);
        o.pool->parallel(5, [](void* total, int64_t) { (*static_cast<std::atomic<int>*>(total))++; }, &o.total);
      },
      &outer);
  check_equal(outer.total.load(), 40, "inner chunks");
}

void resized() {
  ThreadPool pool(2);
  for (int threads : {1, 5, 2, 3}) {
    pool.set_threads(threads);
    check_equal(pool.threads(), threads, "threads");
    Counts counts(100);
    pool.parallel(100, Counts::visit, &counts);
    check(counts.each_once(), "after resizing");
  }
}

void sleeping_workers_wake() {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 5; repeat++) {
    Counts counts(50);
    pool.parallel(50, Counts::visit, &counts);
    check(counts.each_once(), "after a pause");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void forked_child_works() {
  ThreadPool& pool = ThreadPool::shared();
  const int before = pool.threads();
  pool.set_threads(3);
  Counts counts(100);
  pool.parallel(100, Counts::visit, &counts);
  const pid_t child = fork();
  if (child == 0) {
    Counts own(100);
    pool.parallel(100, Counts::visit, &own);
    _exit(own.each_once() && pool.threads() == 3 ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  check_equal(status, 0, "exit status of the child");
  pool.set_threads(before);
}

const Register kTests[] = {{"pool every chunk once", every_chunk_once},
                           {"pool many callers", many_callers},
                           {"pool nested", nested},
                           {"pool resized", resized},
                           {"pool sleeping workers wake", sleeping_workers_wake},
                           {"pool forked child works", forked_child_works}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
