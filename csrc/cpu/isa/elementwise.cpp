// The kernel of elementwise programs: shares their iteration space out.
#include "cpu/isa/elementwise.h"

#include "cpu/isa/kernels.h"
#include "cpu/isa/stream.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

// Work per element, in additions of float32, to decide what is worth a second thread.
int64_t cost_of(const ElementwiseParams& params) {
  int64_t cost = 0;
  for (int i = 0; i < params.instructions; i++) {
    const ElementwiseInstruction& code = params.code[i];
    const bool simple = kArithmeticTable.forms[static_cast<int>(code.op)][static_cast<int>(code.type)].arrays != nullptr;
    cost += simple ? 1 : (code.type == DType::f64 ? 40 : 4);
  }
  return cost;
}

constexpr int64_t kStreamedBytes = 32 * 1024 * 1024;
constexpr int64_t kStreamTile = 1024;
constexpr int kStreams = 2;

// Outputs larger than caches are written past them: made tile by tile in a buffer, then streamed to their place.
class Streams {
 public:
  Streams(const ElementwiseParams& params, void* const* operands) {
    for (int i = params.inputs; kCanStream && i < params.inputs + params.outputs && count_ < kStreams; i++) {
      const int64_t bytes = size_of(params.operands[i].type);
      bool streams = params.size * bytes >= kStreamedBytes && reinterpret_cast<uintptr_t>(operands[i]) % kVectorBytes == 0;
      for (int k = 0; k < params.inputs; k++) streams &= operands[k] != operands[i];
      if (streams) places_[count_++] = {i, bytes, static_cast<char*>(operands[i])};
    }
  }
  bool any() const { return count_ > 0; }
  void run(ElementwiseRun& program, int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += kStreamTile) {
      const int64_t next = smaller(at + kStreamTile, end);
      for (int i = 0; i < count_; i++) program.move_operand(places_[i].operand, buffers_[i] - at * places_[i].bytes);
      program.run(at, next);
      for (int i = 0; i < count_; i++)
        stream(places_[i].to + at * places_[i].bytes, buffers_[i], (next - at) * places_[i].bytes);
    }
    finish_streams();
  }

 private:
  struct Place {
    int operand;
    int64_t bytes;
    char* to;
  };
  int count_ = 0;
  Place places_[kStreams];
  alignas(64) char buffers_[kStreams][kStreamTile * 8];
};

struct Job {
  const ElementwiseParams* params;
  void* const* operands;
  int64_t chunk;
};

void run_chunk(void* arg, int64_t chunk) {
  const Job& job = *static_cast<const Job*>(arg);
  const int64_t begin = chunk * job.chunk;
  ElementwiseRun program(*job.params, job.operands, job.chunk);
  const int64_t end = smaller(begin + job.chunk, job.params->size);
  Streams streams(*job.params, job.operands);
  if (streams.any())
    streams.run(program, begin, end);
  else
    program.run(begin, end);
}

}  // namespace

void elementwise(void* const* operands, const void* raw_params, const KernelContext& context) {
  const ElementwiseParams& params = *static_cast<const ElementwiseParams*>(raw_params);
  if (params.size == 0) return;
  constexpr int64_t kWorth = 128 * 1024;  // about 10 us
  if (params.size >= 16 * 1024) {
    const int64_t cost = cost_of(params);
    if (params.size * cost >= 2 * kWorth) {
      const int64_t chunk = round_up(larger<int64_t>(kWorth / cost, 8 * kStreamTile), kStreamTile);
      Job job{&params, operands, chunk};
      context.parallel(context.pool, divide_up(params.size, chunk), run_chunk, &job);
      return;
    }
  }
  ElementwiseRun program(params, operands, params.size);
  program.run(0, params.size);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
