#include "cuda/runtime/allocator.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "cuda/runtime/failure.h"
#include "cuda/runtime/stream.h"

namespace nnstack::cuda {
namespace {

// Four sizes per power of two, at least 512 bytes: at most a quarter is wasted and blocks of nearby sizes are shared.
size_t size_class(size_t bytes) {
  size_t step = 512;
  while (step * 8 < bytes) step *= 2;
  return std::max(step, (bytes + step - 1) / step * step);
}

}  // namespace

Allocator::Allocator(int device) : device_(device) {
  const char* choice = std::getenv("NNSTACK_CUDA_CACHE");
  caching_ = !choice || std::strcmp(choice, "0") != 0;
}

Allocator& Allocator::of(int device) {
  // Never destroyed: tensors may outlive every other static object.
  static auto& mutex = *new std::mutex;
  static auto& all = *new std::map<int, std::unique_ptr<Allocator>>;
  std::lock_guard<std::mutex> lock(mutex);
  auto& one = all[device];
  if (!one) one.reset(new Allocator(device));
  return *one;
}

void* Allocator::allocate(size_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  check(cudaSetDevice(device_), "cudaSetDevice");
  size_t size = caching_ ? size_class(bytes) : std::max<size_t>(bytes, 1);
  void* memory = nullptr;
  auto found = cache_.find(size);
  if (found != cache_.end() && !found->second.empty()) {
    memory = reuse(found->second);
    cached_ -= static_cast<int64_t>(size);
  } else {
    cudaError_t status = cudaMalloc(&memory, size);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      release_cached_locked();
      status = cudaMalloc(&memory, size);
      if (status != cudaSuccess) cudaGetLastError();
    }
    check(status, "cudaMalloc");
  }
  sizes_[memory] = size;
  used_ += static_cast<int64_t>(size);
  return memory;
}

void Allocator::release(void* memory) {
  if (!memory) return;
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = sizes_.find(memory);
  if (found == sizes_.end()) return;
  size_t size = found->second;
  sizes_.erase(found);
  used_ -= static_cast<int64_t>(size);
  if (cudaSetDevice(device_) != cudaSuccess) return;  // the driver is shutting down
  if (!caching_) {
    cudaFree(memory);  // waits for the device
    return;
  }
  Block block{memory, {}};
  for (Stream* stream : streams_) {
    if (stream->capturing()) continue;  // was idle when the capture began; what it records must outlive the graph anyway
    cudaEvent_t event = nullptr;
    if (!events_.empty()) {
      event = events_.back();
      events_.pop_back();
    } else if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming) != cudaSuccess) {
      cudaFree(memory);
      forget(block);
      return;
    }
    cudaEventRecord(event, stream->handle());
    block.marks.push_back({stream->serial(), event});
  }
  cached_ += static_cast<int64_t>(size);
  cache_[size].push_back(std::move(block));
}

bool Allocator::ready(const Block& block) {
  bool one_user = streams_.size() == 1;
  return std::all_of(block.marks.begin(), block.marks.end(), [&](const Mark& mark) {
    return (one_user && mark.stream == streams_[0]->serial()) || cudaEventQuery(mark.event) == cudaSuccess;
  });
}

void Allocator::forget(Block& block) {
  for (const Mark& mark : block.marks) events_.push_back(mark.event);
  block.marks.clear();
}

// The latest block that no queued work uses, else the oldest after waiting for it.
void* Allocator::reuse(std::vector<Block>& blocks) {
  auto found = std::find_if(blocks.rbegin(), blocks.rend(), [&](const Block& block) { return ready(block); });
  auto chosen = found != blocks.rend() ? std::prev(found.base()) : blocks.begin();
  if (found == blocks.rend()) {
    cudaGetLastError();  // cudaErrorNotReady of the queries
    for (const Mark& mark : chosen->marks) check(cudaEventSynchronize(mark.event), "cudaEventSynchronize");
  }
  void* memory = chosen->memory;
  forget(*chosen);
  blocks.erase(chosen);
  return memory;
}

void Allocator::release_cached() {
  std::lock_guard<std::mutex> lock(mutex_);
  release_cached_locked();
}

void Allocator::release_cached_locked() {
  if (cudaSetDevice(device_) != cudaSuccess) return;
  for (auto& [size, blocks] : cache_) {
    for (Block& block : blocks) {
      cudaFree(block.memory);
      forget(block);
    }
  }
  cache_.clear();
  cached_ = 0;
}

void Allocator::memory(int64_t* used_bytes, int64_t* cached_bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  *used_bytes = used_;
  *cached_bytes = cached_;
}

void Allocator::add(Stream* stream) {
  std::lock_guard<std::mutex> lock(mutex_);
  streams_.push_back(stream);
}

void Allocator::remove(Stream* stream) {
  std::lock_guard<std::mutex> lock(mutex_);
  streams_.erase(std::remove(streams_.begin(), streams_.end(), stream), streams_.end());
}

}  // namespace nnstack::cuda
