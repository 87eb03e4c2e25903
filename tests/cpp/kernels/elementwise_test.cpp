#include <cfloat>
#include <cmath>

#include "kernels/support.h"

namespace nnstack_test {
namespace {

using Op = ElementwiseOp;

ElementwiseParams linear(int64_t size, std::vector<DType> inputs, std::vector<DType> outputs) {
  ElementwiseParams p{};
  p.size = size;
  p.rank = 1;
  p.dims[0] = size;
  for (DType type : inputs) {
    p.operands[p.inputs].strides[0] = 1;
    p.operands[p.inputs++].type = type;
  }
  for (DType type : outputs) {
    p.operands[p.inputs + p.outputs].strides[0] = 1;
    p.operands[p.inputs + p.outputs++].type = type;
  }
  return p;
}
void add_code(ElementwiseParams& p, Op op, DType type, DType result, int destination, int a, int b = -1, int c = -1) {
  p.code[p.instructions++] = {op,
                              type,
                              result,
                              0,
                              static_cast<int16_t>(destination),
                              static_cast<int16_t>(a),
                              static_cast<int16_t>(b),
                              static_cast<int16_t>(c),
                              0};
}

const std::vector<int64_t> kSizes = {0, 1, 2, 3, 5, 15, 16, 17, 31, 33, 64, 65, 100, 255, 257, 1023, 1025, 3001};

bool gives_bool(Op op) {
  return (op >= Op::equal && op <= Op::logical_xor) || op == Op::logical_not || (op >= Op::is_nan && op <= Op::is_finite);
}
int operands_of(Op op) { return op < Op::add ? 1 : op == Op::select ? 3 : 2; }
bool has_type(Op op, DType type) {
  if (op == Op::logical_not || (op >= Op::logical_and && op <= Op::logical_xor)) return type == DType::b8;
  if (op == Op::select || op == Op::copy) return true;
  if (type == DType::f16 || type == DType::bf16) return false;
  if (op >= Op::equal && op <= Op::greater_equal) return true;
  if (op == Op::maximum || op == Op::minimum) return true;
  if (type == DType::b8) return false;
  const bool any = op == Op::negative || op == Op::abs || op == Op::sign || op == Op::square || op == Op::relu || op >= Op::add;
  return any || is_floating(type);
}

// Every operation, type, size, and which operands are scalars.
void every_operation(const KernelTable& table) {
  for (int o = static_cast<int>(Op::copy); o < static_cast<int>(Op::count); o++) {
    const Op op = static_cast<Op>(o);
    if (op == Op::cast) continue;
    for (int t = 0; t < kDTypes; t++) {
      const DType type = static_cast<DType>(t);
      if (!has_type(op, type)) continue;
      const DType result = gives_bool(op) ? DType::b8 : type;
      const int count = operands_of(op);
      for (int64_t size : kSizes) {
        for (int scalars = 0; scalars < (size > 70 ? 1 : 1 << count); scalars++) {
          std::vector<DType> types(static_cast<size_t>(count), type);
          if (op == Op::select) types[0] = DType::b8;
          ElementwiseParams p = linear(size, types, {result});
          std::vector<Array> inputs;
          std::vector<void*> operands;
          const bool positive = op == Op::log || op == Op::sqrt || op == Op::rsqrt || op == Op::power;
          for (int i = 0; i < count; i++) {
            const bool scalar = scalars >> i & 1;
            p.operands[i].access = scalar ? Access::scalar : Access::contiguous;
            inputs.push_back(random_array(types[static_cast<size_t>(i)], scalar ? 1 : size, positive ? 0.1 : -3, 3));
          }
          for (const Array& input : inputs) operands.push_back(input.address());
          add_code(p, op, type, result, count, 0, count > 1 ? 1 : -1, count > 2 ? 2 : -1);
          Array found(size * size_of(result)), wanted(size * size_of(result));
          operands.push_back(found.address());
          run(table, KernelId::elementwise, operands, &p, one_thread());
          operands.back() = wanted.address();
          run(reference_kernels(), KernelId::elementwise, operands, &p, one_thread());
          const std::string what = std::string(table.name) + " op " + std::to_string(o) + " " + name_of(type) + " size " +
                                   std::to_string(size) + " scalars " + std::to_string(scalars);
          if (type == DType::f16 || type == DType::bf16)
            check(found == wanted, what);
          else
            check_arrays(result, found, wanted, type == DType::f64 ? 1e-15 : 3e-7, 0, what);
        }
      }
    }
  }
}

void special_values(const KernelTable& table) {
  std::vector<float> values = {0.0f,    -0.0f,   INFINITY, -INFINITY, NAN,    1.0f,    -1.0f,      0.5f,  1.5f,  2.5f,
                               -2.5f,   3.0f,    1e-45f,   -1e-45f,   1e-38f, FLT_MAX, -FLT_MAX,   88.7f, 89.0f, -87.5f,
                               -103.0f, -104.5f, 1e10f,    -1e10f,    1e-8f,  -1e-8f,  8388609.0f, 7.0f};
  const int64_t n = static_cast<int64_t>(values.size()), size = n * n;
  for (int o = static_cast<int>(Op::copy); o < static_cast<int>(Op::select); o++) {
    const Op op = static_cast<Op>(o);
    if (op == Op::cast || !has_type(op, DType::f32)) continue;
    for (DType type : {DType::f32, DType::f64}) {
      const DType result = gives_bool(op) ? DType::b8 : type;
      ElementwiseParams p = linear(size, std::vector<DType>(static_cast<size_t>(operands_of(op)), type), {result});
      Array a(size * size_of(type)), b(size * size_of(type)), found(size * size_of(result)), wanted(size * size_of(result));
      for (int64_t i = 0; i < size; i++) {
        const float x = values[static_cast<size_t>(i % n)], y = values[static_cast<size_t>(i / n)];
        if (type == DType::f32)
          a.data<float>()[i] = x, b.data<float>()[i] = y;
        else
          a.data<double>()[i] = x, b.data<double>()[i] = y;
      }
      const bool two = operands_of(op) == 2;
      add_code(p, op, type, result, two ? 2 : 1, 0, two ? 1 : -1);
      std::vector<void*> operands = {a.address()};
      if (two) operands.push_back(b.address());
      operands.push_back(found.address());
      run(table, KernelId::elementwise, operands, &p, one_thread());
      operands.back() = wanted.address();
      run(reference_kernels(), KernelId::elementwise, operands, &p, one_thread());
      const std::string what = std::string(table.name) + " special values, op " + std::to_string(o) + " " + name_of(type);
      check_arrays(result, found, wanted, type == DType::f64 ? 1e-15 : 3e-7, type == DType::f32 ? 3e-38 : 0, what);
      if (result != DType::f32) continue;
      for (int64_t i = 0; i < size; i++) {
        const float f = found.data<float>()[i], w = wanted.data<float>()[i];
        if (f == 0 && w == 0)
          check_equal(std::signbit(f), std::signbit(w), what + ", sign of zero for " + std::to_string(a.data<float>()[i]));
      }
    }
  }
}

void every_cast(const KernelTable& table) {
  for (int from = 0; from < kDTypes; from++) {
    for (int to = 0; to < kDTypes; to++) {
      for (int64_t size : {1, 7, 16, 33, 4000}) {
        const DType source = static_cast<DType>(from), result = static_cast<DType>(to);
        Array input = random_array(source, size, -100, 100);
        if (source == DType::f16 || source == DType::bf16) {
          // Any bits, but for integers only those that they can hold.
          for (int64_t i = 0; i < size && is_integer(result); i++)
            input.data<uint16_t>()[i] = source == DType::f16 ? 0x5000 : 0x4200;
        }
        if (is_floating(source) && size == 4000 && !is_integer(result) && size_of(source) > 2) {
          input = random_array(source, size, -7e-6, 7e-6);  // denormal as float16
        }
        ElementwiseParams p = linear(size, {source}, {result});
        add_code(p, Op::cast, source, result, 1, 0);
        Array found(size * size_of(result)), wanted(size * size_of(result));
        run(table, KernelId::elementwise, {input.address(), found.address()}, &p, one_thread());
        run(reference_kernels(), KernelId::elementwise, {input.address(), wanted.address()}, &p, one_thread());
        const std::string what = std::string(table.name) + " cast " + name_of(source) + " to " + name_of(result);
        if (result == DType::f16 || result == DType::bf16) {
          for (int64_t i = 0; i < size; i++) {
            const int f = found.data<uint16_t>()[i] & 0x7fff, w = wanted.data<uint16_t>()[i] & 0x7fff;
            const int infinity = result == DType::f16 ? 0x7c00 : 0x7f80;
            if (f > infinity && w > infinity) continue;
            if (!check_equal(found.data<uint16_t>()[i], wanted.data<uint16_t>()[i], what + " at " + std::to_string(i))) break;
          }
        } else {
          check_arrays(result, found, wanted, 0, 0, what);
        }
      }
    }
  }
}

// out = select(a * bias > column, tanh(a + scalar), stepped) over a space where operands are broadcast in many ways.
void broadcasts(const KernelTable& table) {
  const std::vector<std::vector<int64_t>> spaces = {{3, 5},     {40, 10},  {10, 300},  {7, 1000},    {2, 3000}, {3, 4, 5},
                                                    {2, 3, 64}, {5, 1, 7}, {4, 6, 50}, {2, 3, 4, 5}, {300, 2},  {17, 129}};
  for (const auto& dims : spaces) {
    const int rank = static_cast<int>(dims.size());
    ElementwiseParams p = linear(1, std::vector<DType>(6, DType::f32), {DType::f32, DType::b8});
    p.rank = rank;
    for (int i = 0; i < rank; i++) p.dims[i] = dims[static_cast<size_t>(i)], p.size *= p.dims[i];
    std::vector<Array> inputs;
    for (int operand = 0; operand < 6; operand++) {
      int64_t elements = 1;
      ElementwiseOperand& o = p.operands[operand];
      o.access = operand == 0 ? Access::contiguous : operand == 1 ? Access::scalar : Access::broadcast;
      for (int i = rank - 1; i >= 0; i--) {
        // 2: a row; 3: a column; 4: the outermost dimension alone is missing; 5: every second dimension
        const bool kept = operand == 0 || (operand == 2 && i == rank - 1) || (operand == 3 && i != rank - 1) ||
                          (operand == 4 && i > 0) || (operand == 5 && i % 2 == 0);
        o.strides[i] = kept ? elements : 0;
        if (kept) elements *= p.dims[i];
      }
      inputs.push_back(random_array(DType::f32, elements));
    }
    p.temporaries = 3;
    add_code(p, Op::multiply, DType::f32, DType::f32, 8, 0, 2);
    add_code(p, Op::greater, DType::f32, DType::b8, 7, 8, 3);
    add_code(p, Op::add, DType::f32, DType::f32, 9, 0, 1);
    add_code(p, Op::tanh, DType::f32, DType::f32, 9, 9);
    add_code(p, Op::subtract, DType::f32, DType::f32, 8, 3, 1);
    add_code(p, Op::maximum, DType::f32, DType::f32, 10, 4, 5);
    add_code(p, Op::add, DType::f32, DType::f32, 10, 10, 8);
    add_code(p, Op::select, DType::f32, DType::f32, 6, 7, 9, 10);
    std::vector<void*> operands;
    for (const Array& input : inputs) operands.push_back(input.address());
    Array found(p.size * 4), wanted(p.size * 4), flags(p.size), wanted_flags(p.size);
    operands.insert(operands.end(), {found.address(), flags.address()});
    run(table, KernelId::elementwise, operands, &p, one_thread());
    operands[6] = wanted.address(), operands[7] = wanted_flags.address();
    run(reference_kernels(), KernelId::elementwise, operands, &p, one_thread());
    check_arrays(DType::f32, found, wanted, 1e-6, 1, std::string(table.name) + " broadcast " + text_of(dims));
    check_arrays(DType::b8, flags, wanted_flags, 0, 0, std::string(table.name) + " broadcast flags " + text_of(dims));
  }
}

// out = (a - mean) * scale + shift, as a normalisation by samples or by groups of channels has it: operands that repeat within
// a block of dimensions.
void broadcasts_in_blocks(const KernelTable& table) {
  const std::vector<std::vector<int64_t>> spaces = {{2, 300, 8, 4}, {3, 20, 5, 1}, {5, 40, 1, 12}, {2, 7, 3, 100},
                                                    {4, 9, 64, 5},  {1, 50, 8, 4}, {3, 1, 2, 30},  {6, 900, 2, 3}};
  for (const auto& dims : spaces) {
    for (DType type : {DType::f32, DType::f64}) {
      ElementwiseParams p = linear(1, std::vector<DType>(4, type), {type});
      p.rank = 4;
      for (int i = 0; i < 4; i++) p.dims[i] = dims[static_cast<size_t>(i)], p.size *= p.dims[i];
      const bool kept[4][4] = {{true, true, true, true}, {true, false, true, false}, {true, false, true, true}, {true}};
      std::vector<Array> inputs;
      for (int operand = 0; operand < 4; operand++) {
        int64_t elements = 1;
        ElementwiseOperand& o = p.operands[operand];
        o.access = operand == 0 ? Access::contiguous : Access::broadcast;
        for (int i = 3; i >= 0; i--) {
          o.strides[i] = kept[operand][i] ? elements : 0;
          if (kept[operand][i]) elements *= p.dims[i];
        }
        inputs.push_back(random_array(type, elements));
      }
      p.temporaries = 1;
      add_code(p, Op::subtract, type, type, 5, 0, 1);
      add_code(p, Op::multiply, type, type, 5, 5, 2);
      add_code(p, Op::add, type, type, 4, 5, 3);
      std::vector<void*> operands;
      for (const Array& input : inputs) operands.push_back(input.address());
      Array wanted(p.size * size_of(type));
      operands.push_back(wanted.address());
      run(reference_kernels(), KernelId::elementwise, operands, &p, one_thread());
      for (int threads : {1, 3}) {
        ThreadPool pool(threads);
        Array found(wanted.bytes());
        operands.back() = found.address();
        run(table, KernelId::elementwise, operands, &p, pool);
        check_arrays(type, found, wanted, 1e-6, 1, std::string(table.name) + " blocks " + text_of(dims));
      }
    }
  }
}

void in_place_and_threads(const KernelTable& table) {
  for (int64_t size : {1, 33, 5000, 300001}) {
    ElementwiseParams p = linear(size, {DType::f32, DType::f32}, {DType::f32});
    p.temporaries = 1;
    add_code(p, Op::exp, DType::f32, DType::f32, 3, 0);
    add_code(p, Op::add, DType::f32, DType::f32, 2, 3, 1);
    const Array a = random_array(DType::f32, size), b = random_array(DType::f32, size);
    Array apart(size * 4);
    run(table, KernelId::elementwise, {a.address(), b.address(), apart.address()}, &p, one_thread());
    for (int threads : {1, 2, 3, 7}) {
      ThreadPool pool(threads);
      Array same = b;
      run(table, KernelId::elementwise, {a.address(), same.address(), same.address()}, &p, pool);
      check(same == apart,
            std::string(table.name) + " in place, size " + std::to_string(size) + ", threads " + std::to_string(threads));
    }
  }
}

// Broadcast operands of the largest possible number do not overflow the interpreter's buffer.
void many_operands(const KernelTable& table) {
  ElementwiseParams p = linear(1, std::vector<DType>(23, DType::f64), {DType::f64});
  p.rank = 2;
  p.dims[0] = 9, p.dims[1] = 120, p.size = 9 * 120;
  p.temporaries = kMaxElementwiseTemporaries;
  std::vector<Array> inputs;
  std::vector<void*> operands;
  for (int i = 0; i < 23; i++) {
    p.operands[i].access = i % 3 == 0 ? Access::scalar : Access::broadcast;
    p.operands[i].strides[0] = i % 3 == 1 ? 1 : 0;
    p.operands[i].strides[1] = i % 3 == 2 ? 1 : 0;
    inputs.push_back(random_array(DType::f64, 120));
  }
  for (int i = 0; i < 15; i++) add_code(p, Op::copy, DType::f64, DType::f64, 24 + i, i);
  add_code(p, Op::add, DType::f64, DType::f64, 39, 0, 3);
  for (int i = 0; i < 15; i++) add_code(p, Op::add, DType::f64, DType::f64, 39, 39, 24 + i);
  for (int i = 15; i < 22; i++) add_code(p, Op::add, DType::f64, DType::f64, 39, 39, i);
  add_code(p, Op::add, DType::f64, DType::f64, 23, 39, 22);
  for (const Array& input : inputs) operands.push_back(input.address());
  Array found(p.size * 8), wanted(p.size * 8);
  operands.push_back(found.address());
  run(table, KernelId::elementwise, operands, &p, one_thread());
  operands.back() = wanted.address();
  run(reference_kernels(), KernelId::elementwise, operands, &p, one_thread());
  check_arrays(DType::f64, found, wanted, 1e-12, 1, std::string(table.name) + " with 24 operands");
}

// Two instructions in one pass give the bits of two passes: for every pair, side, size, and choice of scalars.
void joined_instructions(const KernelTable& table) {
  for (Op first : {Op::add, Op::subtract, Op::multiply, Op::square}) {
    for (Op second : {Op::add, Op::subtract, Op::multiply, Op::relu}) {
      for (bool from : {false, true}) {
        if (from && second == Op::relu) continue;
        for (int64_t size : {1, 5, 16, 63, 64, 65, 300, 3001}) {
          for (int scalars = 0; scalars < 8; scalars++) {
            ElementwiseParams p = linear(size, {DType::f32, DType::f32, DType::f32}, {DType::f32});
            p.temporaries = 1;
            std::vector<Array> inputs;
            for (int i = 0; i < 3; i++) {
              const bool scalar = (scalars >> i & 1) != 0;
              p.operands[i].access = scalar ? Access::scalar : Access::contiguous;
              inputs.push_back(random_array(DType::f32, scalar ? 1 : size, -3, 3));
            }
            add_code(p, first, DType::f32, DType::f32, 4, 0, first == Op::square ? -1 : 1);
            if (second == Op::relu)
              add_code(p, second, DType::f32, DType::f32, 3, 4);
            else
              add_code(p, second, DType::f32, DType::f32, 3, from ? 2 : 4, from ? 4 : 2);
            Array apart(size * 4), joined(size * 4);
            std::vector<void*> operands = {inputs[0].address(), inputs[1].address(), inputs[2].address(), apart.address()};
            run(table, KernelId::elementwise, operands, &p, one_thread());
            p.code[0].joins_next = 1;
            operands.back() = joined.address();
            run(table, KernelId::elementwise, operands, &p, one_thread());
            check(apart == joined, std::string(table.name) + " ops " + std::to_string(static_cast<int>(first)) + " and " +
                                       std::to_string(static_cast<int>(second)) + (from ? " from" : "") + ", size " +
                                       std::to_string(size) + ", scalars " + std::to_string(scalars));
          }
        }
      }
    }
  }
}

void random_numbers(const KernelTable& table) {
  for (DType type : {DType::f32, DType::f64}) {
    for (int64_t size : {1, 2, 3, 5, 63, 1023, 1025, 70001, 300003}) {
      ElementwiseParams p = linear(size, {DType::i64}, {type});
      p.operands[0].access = Access::raw;
      add_code(p, Op::random_uniform, type, type, 1, 0);
      p.code[0].stream = 77;
      Array state(16);
      state.data<int64_t>()[0] = 0x123456789abcdef0, state.data<int64_t>()[1] = 0x1ffffffff + size;
      Array found(size * size_of(type)), wanted(size * size_of(type));
      ThreadPool pool(3);
      run(table, KernelId::elementwise, {state.address(), found.address()}, &p, pool);
      run(reference_kernels(), KernelId::elementwise, {state.address(), wanted.address()}, &p, pool);
      check(found == wanted && found.guards_intact(),
            std::string(table.name) + " random " + name_of(type) + " " + std::to_string(size));
    }
  }
}

void for_each_table(void (*test)(const KernelTable&)) {
  for (const KernelTable* table : available_cpu_kernels()) test(*table);
}

const Register kTests[] = {{"elementwise every operation", [] { for_each_table(every_operation); }},
                           {"elementwise special values", [] { for_each_table(special_values); }},
                           {"elementwise every cast", [] { for_each_table(every_cast); }},
                           {"elementwise broadcasts", [] { for_each_table(broadcasts); }},
                           {"elementwise broadcasts in blocks", [] { for_each_table(broadcasts_in_blocks); }},
                           {"elementwise joined instructions", [] { for_each_table(joined_instructions); }},
                           {"elementwise in place and threads", [] { for_each_table(in_place_and_threads); }},
                           {"elementwise many operands", [] { for_each_table(many_operands); }},
                           {"elementwise random numbers", [] { for_each_table(random_numbers); }}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
