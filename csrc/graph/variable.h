// Storage that Programs read and write in place.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "base/tensor.h"

namespace nnstack {

struct ValueData;

// One readers/writer lock for all variables that some Program uses together: compiling a Program merges the guards of its
// variables, so that a native call takes exactly one lock. Predictions share it, writers have it alone.
class Guard {
 public:
  static std::shared_ptr<Guard> root(const std::shared_ptr<Guard>& guard);
  static std::shared_ptr<Guard> merge(const std::shared_ptr<Guard>& a, const std::shared_ptr<Guard>& b);

 private:
  friend class SharedLock;
  friend class ExclusiveLock;
  std::shared_mutex mutex_;
  std::shared_ptr<Guard> parent_;  // written under both locks and the lock of all links
  std::atomic<bool> merged_{false};
};

class SharedLock {
 public:
  explicit SharedLock(const std::shared_ptr<Guard>& guard);
  ~SharedLock() { held_->mutex_.unlock_shared(); }
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  std::shared_ptr<Guard> held_;
};

class ExclusiveLock {
 public:
  explicit ExclusiveLock(const std::shared_ptr<Guard>& guard);
  ~ExclusiveLock() { held_->mutex_.unlock(); }
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;

 private:
  std::shared_ptr<Guard> held_;
};

class Variable {
 public:
  // random_state: int64[2] = {seed, counter} of random ops; a Program that reads it advances the counter by one per run.
  Variable(std::string variable_name, Tensor initial, bool is_random_state = false);

  std::string name;
  const TensorType& type() const { return tensor_.type; }
  bool random_state() const { return random_state_; }
  uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  Device& device() const { return tensor_.device(); }
  const std::shared_ptr<Guard>& guard() const { return guard_; }

  Tensor read() const;                                              // a copy on the host; takes the guard
  void read_into(void* host) const;                                 // the same into memory of the caller's
  void assign(const Tensor& host);                                  // of the same type; takes the guard
  void assign_bytes(size_t begin, const void* host, size_t bytes);  // a part of its bytes, in its own type; takes the guard

  std::weak_ptr<ValueData> leaf;  // its symbolic value, while somebody holds it; see variable_leaf

  // For Programs, which hold the guard.
  void* data() const { return tensor_.data(); }
  void touch() { version_.fetch_add(1, std::memory_order_relaxed); }

 private:
  Tensor tensor_;
  bool random_state_;
  std::atomic<uint64_t> version_{0};
  const std::shared_ptr<Guard> guard_;
};

}  // namespace nnstack
