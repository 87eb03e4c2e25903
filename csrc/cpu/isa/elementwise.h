// How the interpreter of elementwise programs and its tables of functions meet, within one instruction set.
#pragma once
#include "base/kernel.h"
#include "cpu/isa/vector.h"

namespace nnstack::NNSTACK_ISA_NAME {

// Applies one instruction to n elements. The destination may be one of the operands.
using ElementwiseFunction = void (*)(char* destination, const char* a, const char* b, const char* c, int64_t n);

// One operation on one type; operands that are one element for all need no copying where there is a form for them.
struct ElementwiseForms {
  ElementwiseFunction arrays;
  ElementwiseFunction scalar_first;   // null unless the operation has two operands
  ElementwiseFunction scalar_second;  // null unless the operation has two operands
};

struct ElementwiseTable {
  ElementwiseForms forms[static_cast<int>(ElementwiseOp::count)][kDTypes];
};

extern const ElementwiseTable kArithmeticTable;                   // what plain loops over scalars do well
ElementwiseFunction math_function(ElementwiseOp op, DType type);  // exp, tanh ...: null where there is none
ElementwiseFunction cast_function(DType from, DType to);
// second(first(a, b), c) of float32 in one pass, or second(c, first(a, b)) where it is taken `from` c; bit i of `scalars`:
// operand i is one number for the whole tile. Null where there is no such pair.
ElementwiseFunction pair_function(ElementwiseOp first, ElementwiseOp second, bool from, int scalars);
// `count` numbers from element `begin` of the iteration space on; state is {seed, counter}.
void random_uniform(char* destination, const int64_t* state, uint32_t stream, DType type, int64_t begin, int64_t count);

// A program bound to its operands, ready to run over any range of its iteration space, from one thread.
class ElementwiseRun {
 public:
  // `longest` is the largest number of elements run() will be asked for.
  ElementwiseRun(const ElementwiseParams& params, void* const* operands, int64_t longest);
  void run(int64_t begin, int64_t end);
  // From now on element 0 of a contiguous operand is at `base` (which may lie outside of what is read).
  void move_operand(int operand, char* base) { slots_[operand].base = base; }

 private:
  enum class Kind : uint8_t { contiguous, fixed, periodic, row, expanded };
  struct Slot {
    char* at;        // the element the current tile begins with
    char* base;      // of the operand
    char* buffer;    // periodic and expanded: a tile's worth of copies; row scalars: where they are spread
    int64_t period;  // periodic
    Kind kind;
    uint8_t bytes;
    bool scalar;  // one element for the whole tile
    bool dense;   // periodic: a period lies side by side
  };
  struct Step {
    ElementwiseFunction function;  // null: random_uniform
    int16_t instruction;           // the last one of those it does
    int16_t destination, a, b, c;
    uint8_t spread;  // bit i: operand i is a scalar that this function needs side by side, from the slot's buffer
  };
  static constexpr int kSlots = kMaxElementwiseOperands + kMaxElementwiseTemporaries;
  static constexpr int kBufferBytes = 40 * 1024;

  void bind_operands(void* const* operands, int64_t longest);
  void bind_code();
  void bind_instruction(Step& step, const ElementwiseInstruction& code);
  bool bind_pair(Step& step, const ElementwiseInstruction& first, const ElementwiseInstruction& second) const;
  bool need_array(int slot);
  void choose_rows();
  bool fits_rows(int first) const;
  int64_t period_in_row(int operand, int first) const;
  bool is_dense(int operand, int first) const;
  void fill_periodic(const Slot& slot, const ElementwiseOperand& operand, const char* from, int64_t count) const;
  void tile(int64_t position, int64_t count);
  void expand(const ElementwiseOperand& operand, const Slot& slot, int64_t position, int64_t count);
  int64_t offset_of_row(const ElementwiseOperand& operand, int64_t row) const;

  const ElementwiseParams& params_;
  int64_t tile_size_;
  int row_first_;         // dimensions from here on are a row
  int64_t row_size_;      // its elements
  bool by_rows_ = false;  // tiles do not cross rows
  bool moving_ = false;   // some operand needs attention at each tile besides moving on
  int steps_count_ = 0;
  char* free_;  // unused part of buffer_
  Slot slots_[kSlots];
  Step steps_[kMaxElementwiseInstructions];
  alignas(64) char buffer_[kBufferBytes];
};

}  // namespace nnstack::NNSTACK_ISA_NAME
