// The interpreter of elementwise programs. It works through the iteration space in tiles that stay in the first-level
// cache: every instruction is one call of a loop over the tile, straight from and to the operands where they are contiguous.
// Operands that are broadcast become one scalar per tile, or copies in a small buffer.
#include "cpu/isa/elementwise.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kLongestTile = 1024;
constexpr int64_t kPeriodBytes = 1024;         // a row that repeats is copied side by side if it is at most this long
constexpr int64_t kReservedBytes = 12 * 1024;  // for the ends of all such copies; leaves room for tiles of 64 elements
constexpr int64_t kRowLength = 48;             // shorter rows are not worth a tile of their own

void copy_elements(char* to, const char* from, int64_t stride, int bytes, int64_t count) {
  switch (bytes) {
    case 1:
      for (int64_t i = 0; i < count; i++) to[i] = from[i * stride];
      break;
    case 2:
      for (int64_t i = 0; i < count; i++)
        reinterpret_cast<int16_t*>(to)[i] = reinterpret_cast<const int16_t*>(from)[i * stride];
      break;
    case 4:
      for (int64_t i = 0; i < count; i++)
        reinterpret_cast<int32_t*>(to)[i] = reinterpret_cast<const int32_t*>(from)[i * stride];
      break;
    default:
      for (int64_t i = 0; i < count; i++)
        reinterpret_cast<int64_t*>(to)[i] = reinterpret_cast<const int64_t*>(from)[i * stride];
  }
}

bool is_unary(ElementwiseOp op) { return op < ElementwiseOp::add; }

}  // namespace

ElementwiseRun::ElementwiseRun(const ElementwiseParams& params, void* const* operands, int64_t longest) : params_(params) {
  bind_operands(operands, longest);
  bind_code();
}

// Elements after which an operand repeats within the dimensions from `first` on.
int64_t ElementwiseRun::period_in_row(int operand, int first) const {
  const int64_t* strides = params_.operands[operand].strides;
  int dim = first;
  while (dim < params_.rank && (strides[dim] == 0 || params_.dims[dim] == 1)) dim++;
  int64_t period = 1;
  for (; dim < params_.rank; dim++) period *= params_.dims[dim];
  return period;
}

// Whether the elements of such a period lie side by side.
bool ElementwiseRun::is_dense(int operand, int first) const {
  const int64_t period = period_in_row(operand, first);
  int64_t elements = 1;
  for (int dim = params_.rank - 1; elements < period; dim--) {
    if (params_.dims[dim] != 1 && params_.operands[operand].strides[dim] != elements) return false;
    elements *= params_.dims[dim];
  }
  return true;
}

// Whether every broadcast operand is, in a row of the dimensions from `first` on, one number, contiguous, or short and
// repeated.
bool ElementwiseRun::fits_rows(int first) const {
  int64_t size = 1, reserved = 0;
  for (int dim = first; dim < params_.rank; dim++) size *= params_.dims[dim];
  for (int i = 0; i < params_.inputs; i++) {
    if (params_.operands[i].access != Access::broadcast) continue;
    const int64_t period = period_in_row(i, first), bytes = period * slots_[i].bytes;
    if (first > 0 && (period == 1 || (period == size && is_dense(i, first)))) continue;
    if (bytes > kPeriodBytes || reserved >= kReservedBytes) return false;
    reserved += bytes + 64;
  }
  return first == 0 || size >= kRowLength;
}

// Rows as long as possible: the whole, or a block of dimensions, or the last one.
void ElementwiseRun::choose_rows() {
  row_first_ = 0;
  while (row_first_ < params_.rank - 1 && !fits_rows(row_first_)) row_first_++;
  row_size_ = 1;
  for (int dim = row_first_; dim < params_.rank; dim++) row_size_ *= params_.dims[dim];
  by_rows_ = row_first_ > 0 && row_size_ >= kRowLength;
}

void ElementwiseRun::bind_operands(void* const* operands, int64_t longest) {
  const int count = params_.inputs + params_.outputs;
  int64_t wide = 4, reserved = 0, buffered = 0;
  for (int i = 0; i < count; i++) {
    const ElementwiseOperand& operand = params_.operands[i];
    Slot& slot = slots_[i];
    slot.base = slot.at = static_cast<char*>(operands[i]);
    slot.buffer = nullptr;
    slot.bytes = static_cast<uint8_t>(size_of(operand.type));
    slot.kind = operand.access == Access::contiguous ? Kind::contiguous : Kind::fixed;
    slot.scalar = operand.access == Access::scalar && params_.size > 1;
    if (operand.access != Access::raw) wide = larger<int64_t>(wide, slot.bytes);
    moving_ |= operand.access == Access::broadcast;
    buffered += slot.scalar || operand.access == Access::broadcast;
  }
  row_first_ = 0, row_size_ = params_.size;
  if (moving_) choose_rows();
  for (int i = 0; i < count && moving_; i++) {
    if (params_.operands[i].access != Access::broadcast) continue;
    Slot& slot = slots_[i];
    slot.period = period_in_row(i, by_rows_ ? row_first_ : 0);
    slot.dense = is_dense(i, by_rows_ ? row_first_ : 0);
    const int64_t copies = slot.period * slot.bytes;
    slot.scalar = by_rows_ && slot.period == 1;
    if (by_rows_ && (slot.scalar || (slot.dense && slot.period == row_size_)))
      slot.kind = Kind::row;
    else
      slot.kind = copies <= kPeriodBytes && reserved < kReservedBytes ? Kind::periodic : Kind::expanded;
    if (slot.kind == Kind::periodic) reserved += copies + 64;
  }
  for (int i = 0; i < params_.instructions; i++) {
    wide = larger(wide, larger(size_of(params_.code[i].type), size_of(params_.code[i].result)));
  }
  const int64_t tiles = params_.temporaries + buffered;
  tile_size_ =
      tiles == 0 ? kLongestTile : smaller(kLongestTile, (kBufferBytes - reserved - 64 * tiles) / (tiles * wide) / 64 * 64);
  tile_size_ = smaller(tile_size_, larger<int64_t>(longest, 1));
  const int64_t tile_bytes = round_up(tile_size_ * wide, 64);
  free_ = buffer_;
  for (int i = 0; i < params_.temporaries; i++) {
    Slot& slot = slots_[count + i];
    slot.base = slot.at = free_;
    slot.kind = Kind::fixed;
    slot.scalar = false;
    free_ += tile_bytes;
  }
  for (int i = 0; i < count; i++) {
    Slot& slot = slots_[i];
    if (params_.operands[i].access != Access::broadcast) continue;
    if (slot.kind == Kind::row) continue;
    slot.buffer = free_;
    free_ += tile_bytes + (slot.kind == Kind::periodic ? round_up(slot.period * slot.bytes, 64) : 0);
  }
}

// Gives a scalar a buffer to be spread in, for an instruction that has no form for scalars in its place. False if the slot
// is no scalar.
bool ElementwiseRun::need_array(int index) {
  Slot& slot = slots_[index];
  if (!slot.scalar || slot.buffer != nullptr) return slot.scalar;
  slot.buffer = free_;
  free_ += round_up(tile_size_ * slot.bytes, 64);
  if (slot.kind == Kind::fixed) copy_elements(slot.buffer, slot.base, 0, slot.bytes, tile_size_);
  return true;
}

void ElementwiseRun::bind_instruction(Step& step, const ElementwiseInstruction& code) {
  step.destination = code.destination;
  step.a = code.a;
  step.b = code.b < 0 ? code.a : code.b;
  step.c = code.c < 0 ? code.a : code.c;
  step.spread = 0;
  step.function = nullptr;
  if (code.op == ElementwiseOp::random_uniform) return;
  if (code.op == ElementwiseOp::cast) {
    step.function = cast_function(code.type, code.result);
  } else {
    const ElementwiseForms& forms = kArithmeticTable.forms[static_cast<int>(code.op)][static_cast<int>(code.type)];
    step.function = forms.arrays;
    if (step.function == nullptr) {
      step.function = math_function(code.op, code.type);
    } else if (forms.scalar_first != nullptr && slots_[step.a].scalar != slots_[step.b].scalar) {
      step.function = slots_[step.a].scalar ? forms.scalar_first : forms.scalar_second;
      return;
    }
  }
  step.spread |= need_array(step.a) ? 1 : 0;
  if (!is_unary(code.op)) step.spread |= need_array(step.b) ? 2 : 0;
  if (code.op == ElementwiseOp::select) step.spread |= need_array(step.c) ? 4 : 0;
}

bool ElementwiseRun::bind_pair(Step& step, const ElementwiseInstruction& first, const ElementwiseInstruction& second) const {
  const bool truth = first.op == ElementwiseOp::equal && second.type == DType::b8 && second.result == DType::f32;
  if (first.type != DType::f32 || (second.type != DType::f32 && !truth)) return false;
  const bool from = second.b == first.destination;
  step.destination = second.destination;
  step.a = first.a;
  step.b = first.b < 0 ? first.a : first.b;
  step.c = is_unary(second.op) ? first.a : from ? second.a : second.b;
  step.spread = 0;
  const int scalars = (slots_[step.a].scalar ? 1 : 0) | (slots_[step.b].scalar ? 2 : 0) | (slots_[step.c].scalar ? 4 : 0);
  step.function = pair_function(first.op, second.op, from, scalars);
  return step.function != nullptr;
}

void ElementwiseRun::bind_code() {
  for (int i = 0; i < params_.instructions; i++) {
    const ElementwiseInstruction* code = &params_.code[i];
    Step& step = steps_[steps_count_++];
    if (code->joins_next && bind_pair(step, code[0], code[1]))
      i++;
    else
      bind_instruction(step, *code);
    step.instruction = static_cast<int16_t>(i);
  }
}

// Copies of a period side by side; the row, or the whole, begins at `from`.
void ElementwiseRun::fill_periodic(const Slot& slot, const ElementwiseOperand& operand, const char* from, int64_t count) const {
  int64_t done = smaller(count, slot.period);
  if (slot.dense) copy_elements(slot.buffer, from, 1, slot.bytes, done);
  for (int64_t i = 0; i < done && !slot.dense; i++) {
    int64_t offset = 0, index = i;
    for (int dim = params_.rank - 1; index > 0; dim--) {
      const int64_t next = index / params_.dims[dim];
      offset += (index - next * params_.dims[dim]) * operand.strides[dim];
      index = next;
    }
    copy_elements(slot.buffer + i * slot.bytes, from + offset * slot.bytes, 1, slot.bytes, 1);
  }
  for (int64_t part; done < count; done += part) {
    part = smaller(done, count - done);
    __builtin_memcpy(slot.buffer + done * slot.bytes, slot.buffer, static_cast<size_t>(part * slot.bytes));
  }
}

int64_t ElementwiseRun::offset_of_row(const ElementwiseOperand& operand, int64_t row) const {
  int64_t offset = 0;
  for (int dim = row_first_ - 1; dim >= 0; dim--) {
    const int64_t next = row / params_.dims[dim];
    offset += (row - next * params_.dims[dim]) * operand.strides[dim];
    row = next;
  }
  return offset;
}

// Copies the elements of a broadcast operand for [position, position + count) of the iteration space side by side.
void ElementwiseRun::expand(const ElementwiseOperand& operand, const Slot& slot, int64_t position, int64_t count) {
  const int64_t inner = operand.strides[params_.rank - 1];
  int64_t row = position / row_size_, column = position - row * row_size_, done = 0;
  while (done < count) {
    const int64_t part = smaller(count - done, row_size_ - column);
    const char* from = slot.base + (offset_of_row(operand, row) + column * inner) * slot.bytes;
    copy_elements(slot.buffer + done * slot.bytes, from, inner, slot.bytes, part);
    done += part;
    column = 0;
    row++;
  }
}

void ElementwiseRun::tile(int64_t position, int64_t count) {
  for (int i = 0; i < steps_count_; i++) {
    const Step& step = steps_[i];
    if (step.function == nullptr) {
      const ElementwiseInstruction& code = params_.code[step.instruction];
      random_uniform(slots_[step.destination].at, reinterpret_cast<const int64_t*>(slots_[step.a].base), code.stream,
                     code.result, position, count);
      continue;
    }
    const Slot &a = slots_[step.a], &b = slots_[step.b], &c = slots_[step.c];
    step.function(slots_[step.destination].at, step.spread & 1 ? a.buffer : a.at, step.spread & 2 ? b.buffer : b.at,
                  step.spread & 4 ? c.buffer : c.at, count);
  }
}

void ElementwiseRun::run(int64_t begin, int64_t end) {
  if (begin >= end) return;
  const int operands = params_.inputs + params_.outputs;
  int64_t filled = -1;  // the row whose copies lie side by side
  for (int64_t position = begin; position < end;) {
    int64_t count = smaller(tile_size_, end - position);
    const int64_t row = by_rows_ ? position / row_size_ : 0, start = by_rows_ ? row * row_size_ : 0;
    if (by_rows_) count = smaller(count, start + row_size_ - position);
    for (int i = 0; i < operands; i++) {
      Slot& slot = slots_[i];
      const auto row_base = [&] { return slot.base + (by_rows_ ? offset_of_row(params_.operands[i], row) * slot.bytes : 0); };
      switch (slot.kind) {
        case Kind::contiguous: slot.at = slot.base + position * slot.bytes; break;
        case Kind::fixed: break;
        case Kind::periodic:
          if (row != filled) {
            const int64_t most = by_rows_ ? row_size_ : end - begin + begin % slot.period;
            fill_periodic(slot, params_.operands[i], row_base(), smaller(most, tile_size_ + slot.period));
          }
          slot.at = slot.buffer + (position - start) % slot.period * slot.bytes;
          break;
        case Kind::row:
          slot.at = row_base() + (slot.scalar ? 0 : position - start) * slot.bytes;
          if (slot.buffer != nullptr) copy_elements(slot.buffer, slot.at, 0, slot.bytes, count);
          break;
        case Kind::expanded:
          expand(params_.operands[i], slot, position, count);
          slot.at = slot.buffer;
          break;
      }
    }
    tile(position, count);
    filled = row;
    position += count;
  }
}

}  // namespace nnstack::NNSTACK_ISA_NAME
