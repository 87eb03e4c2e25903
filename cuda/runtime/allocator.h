// Device memory with a cache: cudaMalloc and cudaFree wait for the whole device and take up to a millisecond.
#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cuda/device/nn_cuda.h"

namespace nnstack::cuda {

class Stream;

// One per device. A block that is released may still be in use by work queued on a stream, so an event per live stream goes
// with it; the block is handed out again when these have passed, or at once if the only live stream is the one that used it
// (its next user is queued behind). NNSTACK_CUDA_CACHE=0 turns the cache off, so that compute-sanitizer and the emulation
// see every block at its exact size.
class Allocator {
 public:
  static Allocator& of(int device);

  void* allocate(size_t bytes);  // 256-byte aligned; throws
  void release(void* memory);
  void release_cached();
  void memory(int64_t* used_bytes, int64_t* cached_bytes);

  void add(Stream* stream);
  void remove(Stream* stream);

 private:
  struct Mark {
    uint64_t stream;  // serial number
    cudaEvent_t event;
  };
  struct Block {
    void* memory;
    std::vector<Mark> marks;
  };

  explicit Allocator(int device);
  void* reuse(std::vector<Block>& blocks);
  bool ready(const Block& block);
  void forget(Block& block);
  void release_cached_locked();

  int device_;
  bool caching_;
  std::mutex mutex_;
  std::unordered_map<void*, size_t> sizes_;  // of blocks in use
  std::map<size_t, std::vector<Block>> cache_;
  std::vector<cudaEvent_t> events_;  // ready for use
  std::vector<Stream*> streams_;
  int64_t used_ = 0, cached_ = 0;
};

}  // namespace nnstack::cuda
