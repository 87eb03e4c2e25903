// Guards: readers together, writers alone, merging while others hold and wait. Meant to be run under TSan as well.
#include <atomic>
#include <thread>
#include <vector>

#include "check.h"
#include "graph/variable.h"

using namespace nnstack;
using nnstack_test::check;
using nnstack_test::check_equal;
using nnstack_test::Register;

static void merging() {
  const auto a = std::make_shared<Guard>(), b = std::make_shared<Guard>(), c = std::make_shared<Guard>();
  check(Guard::root(a) == a, "a guard is its own root");
  const auto ab = Guard::merge(a, b);
  check(Guard::root(a) == ab && Guard::root(b) == ab, "merged guards share a root");
  check(Guard::merge(a, b) == ab, "merging again changes nothing");
  const auto abc = Guard::merge(c, b);
  check(Guard::root(a) == abc && Guard::root(b) == abc && Guard::root(c) == abc, "roots are merged, not members");
}
static const Register kMerging("merging", merging);

static void readers_share() {
  const auto guard = std::make_shared<Guard>();
  const SharedLock first(guard);
  std::thread([&] { const SharedLock second(guard); }).join();  // would hang if readers excluded each other
}
static const Register kReadersShare("readers_share", readers_share);

// Two counters that are only ever equal while nobody writes. Their guards are merged while the threads are at work: before,
// each is counted under its own guard; afterwards both are one.
static void writers_are_alone() {
  const auto a = std::make_shared<Guard>(), b = std::make_shared<Guard>();
  int64_t in_a = 0, in_b = 0;  // plain on purpose: TSan sees an access that no lock protects
  std::atomic<bool> merged{false}, torn{false};
  std::vector<std::thread> threads;
  constexpr int kRounds = 2000;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; i++) {
        const bool together = merged.load();
        {
          const ExclusiveLock lock(t % 2 ? a : b);
          (t % 2 ? in_a : in_b)++;
        }
        if (!together) continue;
        const SharedLock lock(t % 2 ? b : a);
        const int64_t before_a = in_a, before_b = in_b;
        std::this_thread::yield();
        if (before_a != in_a || before_b != in_b) torn = true;
      }
    });
  }
  std::thread merger([&] {
    std::this_thread::yield();
    Guard::merge(a, b);
    merged = true;
  });
  merger.join();
  for (std::thread& thread : threads) thread.join();
  const SharedLock lock(a);
  check_equal(in_a + in_b, int64_t{4 * kRounds}, "no write is lost");
  check(!torn, "readers see no write in progress");
}
static const Register kWritersAreAlone("writers_are_alone", writers_are_alone);

// Merging in many threads at once ends, in one root.
static void merging_from_many_threads() {
  std::vector<std::shared_ptr<Guard>> guards;
  for (int i = 0; i < 64; i++) guards.push_back(std::make_shared<Guard>());
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < guards.size(); i++) {
        const size_t at = t % 2 ? i : guards.size() - 1 - i;
        Guard::merge(guards[at], guards[(at + t + 1) % guards.size()]);
        const SharedLock lock(guards[i]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto root = Guard::root(guards[0]);
  for (const auto& guard : guards) check(Guard::root(guard) == root, "one root for all");
}
static const Register kMergingFromManyThreads("merging_from_many_threads", merging_from_many_threads);

static void variables() {
  Variable variable("v", scalar_tensor(DType::f32, 1));
  check_equal(variable.version(), uint64_t{0}, "a new variable");
  variable.assign(scalar_tensor(DType::f32, 2));
  check_equal(number_at(variable.read(), 0), 2.0, "what was assigned");
  check_equal(variable.version(), uint64_t{1}, "every write raises the version");
  nnstack_test::check_throws<ValueError>([&] { variable.assign(scalar_tensor(DType::f64, 2)); },
                                         "variable \"v\": expected float32(), got float64()", "another type");
  nnstack_test::check_throws<ValueError>([] { Variable("s", scalar_tensor(DType::i64, 2), true); },
                                         "a random state is int64(2,)", "a random state of another shape");
}
static const Register kVariables("variables", variables);

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
