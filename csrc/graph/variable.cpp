#include "graph/variable.h"

#include <cstring>

namespace nnstack {
namespace {
std::mutex links;  // protects every Guard::parent_
}

std::shared_ptr<Guard> Guard::root(const std::shared_ptr<Guard>& guard) {
  if (!guard->merged_.load(std::memory_order_acquire)) return guard;
  const std::lock_guard lock(links);
  std::shared_ptr<Guard> at = guard;
  while (at->parent_) at = at->parent_;
  guard->parent_ = at;  // shorter next time
  return at;
}

// Whoever held one of the guards must be done before calls under the other begin, so both are taken before they are linked.
std::shared_ptr<Guard> Guard::merge(const std::shared_ptr<Guard>& a, const std::shared_ptr<Guard>& b) {
  for (;;) {
    const std::shared_ptr<Guard> x = root(a), y = root(b);
    if (x == y) return x;
    std::scoped_lock both(x->mutex_, y->mutex_);
    const std::lock_guard lock(links);
    if (x->parent_ || y->parent_) continue;  // somebody was faster
    y->parent_ = x;
    y->merged_.store(true, std::memory_order_release);
    return x;
  }
}

SharedLock::SharedLock(const std::shared_ptr<Guard>& guard) {
  for (;;) {
    held_ = Guard::root(guard);
    held_->mutex_.lock_shared();
    if (!held_->merged_.load(std::memory_order_acquire)) return;
    held_->mutex_.unlock_shared();
  }
}

ExclusiveLock::ExclusiveLock(const std::shared_ptr<Guard>& guard) {
  for (;;) {
    held_ = Guard::root(guard);
    held_->mutex_.lock();
    if (!held_->merged_.load(std::memory_order_acquire)) return;
    held_->mutex_.unlock();
  }
}

Variable::Variable(std::string variable_name, Tensor initial, bool is_random_state)
    : name(std::move(variable_name)),
      tensor_(std::move(initial)),
      random_state_(is_random_state),
      guard_(std::make_shared<Guard>()) {
  if (random_state_ && tensor_.type != TensorType{DType::i64, {2}}) {
    throw ValueError("variable \"" + name + "\": a random state is int64(2,) = (seed, counter), got " + text(tensor_.type));
  }
}

Tensor Variable::read() const {
  Tensor copy(tensor_.type);
  read_into(copy.data());
  return copy;
}

void Variable::read_into(void* host) const {
  const SharedLock lock(guard_);
  if (device().host_memory()) {
    std::memcpy(host, data(), tensor_.bytes());
  } else {
    device().make_stream()->download(host, data(), tensor_.bytes());
  }
}

void Variable::assign(const Tensor& host) {
  if (host.type != type()) throw ValueError("variable \"" + name + "\": expected " + text(type()) + ", got " + text(host.type));
  assign_bytes(0, host.data(), host.bytes());
}

void Variable::assign_bytes(size_t begin, const void* host, size_t bytes) {
  if (begin > tensor_.bytes() || bytes > tensor_.bytes() - begin) {
    throw ValueError("variable \"" + name + "\": bytes " + std::to_string(begin) + " to " + std::to_string(begin + bytes) +
                     " lie behind its end, " + std::to_string(tensor_.bytes()));
  }
  const ExclusiveLock lock(guard_);
  char* to = static_cast<char*>(data()) + begin;
  if (device().host_memory()) {
    std::memcpy(to, host, bytes);
  } else {
    device().make_stream()->upload(to, host, bytes);
  }
  touch();
}

}  // namespace nnstack
