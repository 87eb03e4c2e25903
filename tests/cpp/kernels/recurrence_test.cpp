// recurrence and its gradient, of every instruction set against the reference: every cell, form and activation.
#include <cmath>

#include "kernels/support.h"

namespace nnstack_test {
namespace {

struct Sizes {
  int64_t steps, batch, units;
};

RecurrenceParams make(RecurrentCell cell, DType type, Sizes sizes, int form = 0) {
  RecurrenceParams p{};
  p.type = type;
  p.cell = cell;
  p.activation = Activation::tanh;
  p.gate = Activation::sigmoid;
  p.reverse = (form & 1) != 0;
  p.time_major = (form & 2) != 0;
  p.masked = (form & 4) != 0;
  p.saves = true;
  p.given[0] = true;
  p.given[1] = (form & 1) != 0;
  p.given[2] = cell == RecurrentCell::lstm && (form & 2) != 0;
  p.steps = sizes.steps, p.batch = sizes.batch, p.units = sizes.units;
  return p;
}

struct Pass {
  std::vector<Array> in, out;

  std::vector<void*> operands() const {
    std::vector<void*> all;
    for (const Array& array : in) all.push_back(array.address());
    for (const Array& array : out) all.push_back(array.address());
    return all;
  }
  void clear() {  // rows that a mask leaves out are not saved
    for (Array& array : out) std::memset(array.address(), 0, static_cast<size_t>(array.bytes()));
  }
};

Pass forward_of(const RecurrenceParams& p) {
  const bool lstm = p.cell == RecurrentCell::lstm;
  const int64_t all = p.steps * p.batch, size = size_of(p.type), state = p.batch * p.units;
  const auto draw = [&](int64_t n) { return random_array(p.type, n, -1, 1); };
  Pass pass;
  pass.in.push_back(draw(all * p.gates() * p.units));
  pass.in.push_back(draw(p.units * p.gates() * p.units));
  if (p.cell == RecurrentCell::gru) pass.in.push_back(draw(3 * p.units));
  for (int k = 0; k < (lstm ? 2 : 1); k++) pass.in.push_back(draw(state));
  if (p.masked) pass.in.push_back(random_array(DType::b8, all));
  pass.out.emplace_back(all * p.units * size);
  for (int k = 0; k < (lstm ? 2 : 1); k++) pass.out.emplace_back(state * size);
  if (p.saves) {
    pass.out.emplace_back(all * p.units * size);
    pass.out.emplace_back(all * p.saved() * p.units * size);
  }
  pass.clear();
  return pass;
}

// On what the reference saves.
Pass backward_of(const RecurrenceParams& p) {
  const bool lstm = p.cell == RecurrentCell::lstm, gru = p.cell == RecurrentCell::gru;
  const Pass forward = forward_of(p);
  run(reference_kernels(), KernelId::recurrence, forward.operands(), &p, one_thread());
  const int64_t all = p.steps * p.batch, size = size_of(p.type), state = p.batch * p.units;
  Pass pass;
  pass.in.push_back(forward.in[1]);
  if (gru) pass.in.push_back(forward.out[2]);
  pass.in.push_back(forward.out.back());
  if (lstm) pass.in.push_back(forward.in[3]);
  if (p.masked) pass.in.push_back(forward.in.back());
  if (p.given[0]) pass.in.push_back(random_array(p.type, all * p.units, -1, 1));
  for (int k = 1; k < 3; k++)
    if (p.given[k]) pass.in.push_back(random_array(p.type, state, -1, 1));
  for (int k = 0; k < (gru ? 2 : 1); k++) pass.out.emplace_back(all * p.gates() * p.units * size);
  for (int k = 0; k < (lstm ? 2 : 1); k++) pass.out.emplace_back(state * size);
  pass.clear();
  return pass;
}

std::string title(const KernelTable& table, const RecurrenceParams& p, bool backward) {
  constexpr const char* names[] = {"simple", "gru", "lstm"};
  return std::string(table.name) + (backward ? " gradient " : " ") + names[static_cast<int>(p.cell)] + " " + name_of(p.type) +
         " " + text_of({p.steps, p.batch, p.units}) + (p.reverse ? " reverse" : "") + (p.time_major ? " time major" : "") +
         (p.masked ? " masked" : "") + " activations " + std::to_string(static_cast<int>(p.activation)) + " " +
         std::to_string(static_cast<int>(p.gate));
}

KernelId kernel(bool backward) { return backward ? KernelId::recurrence_gradient : KernelId::recurrence; }

void compare(const KernelTable& table, const RecurrenceParams& p) {
  for (bool backward : {false, true}) {
    const Pass found = backward ? backward_of(p) : forward_of(p), wanted = found;
    ThreadPool pool(2);
    run(table, kernel(backward), found.operands(), &p, pool);
    run(reference_kernels(), kernel(backward), wanted.operands(), &p, one_thread());
    for (size_t k = 0; k < wanted.out.size(); k++) {
      const double unit = p.type == DType::f64 ? 1e-13 : 3e-6;
      check_arrays(p.type, found.out[k], wanted.out[k], unit * std::sqrt(static_cast<double>(p.units * p.steps + 1)), 1,
                   title(table, p, backward) + " result " + std::to_string(k));
    }
  }
}

void every_cell_and_form(const KernelTable& table) {
  for (RecurrentCell cell : {RecurrentCell::simple, RecurrentCell::gru, RecurrentCell::lstm}) {
    for (const Sizes& sizes : {Sizes{0, 2, 3}, Sizes{1, 1, 1}, Sizes{3, 2, 16}, Sizes{4, 7, 17}, Sizes{3, 33, 9},
                               Sizes{2, 0, 4}, Sizes{2, 3, 0}, Sizes{5, 40, 33}}) {
      for (int form = 0; form < 8; form++) {
        for (DType type : {DType::f32, DType::f64}) compare(table, make(cell, type, sizes, form));
      }
    }
  }
}

void every_activation(const KernelTable& table) {
  for (RecurrentCell cell : {RecurrentCell::simple, RecurrentCell::gru, RecurrentCell::lstm}) {
    for (Activation activation :
         {Activation::linear, Activation::relu, Activation::tanh, Activation::sigmoid, Activation::hard_sigmoid}) {
      RecurrenceParams p = make(cell, DType::f32, {2, 5, 19});
      p.activation = activation;
      p.gate = activation == Activation::linear ? Activation::hard_sigmoid : activation;
      compare(table, p);
    }
  }
}

void same_bits_for_any_threads(const KernelTable& table) {
  for (RecurrentCell cell : {RecurrentCell::simple, RecurrentCell::gru, RecurrentCell::lstm}) {
    const RecurrenceParams p = make(cell, DType::f32, {6, 70, 40}, 4);
    for (bool backward : {false, true}) {
      const Pass one = backward ? backward_of(p) : forward_of(p);
      run(table, kernel(backward), one.operands(), &p, one_thread());
      for (int threads : {2, 3, 5}) {
        ThreadPool pool(threads);
        Pass many = one;
        many.clear();
        run(table, kernel(backward), many.operands(), &p, pool);
        for (size_t k = 0; k < one.out.size(); k++)
          check(one.out[k] == many.out[k], title(table, p, backward) + " on " + std::to_string(threads) + " threads");
      }
    }
  }
}

void nan_stays_in_its_row(const KernelTable& table) {
  for (RecurrentCell cell : {RecurrentCell::simple, RecurrentCell::gru, RecurrentCell::lstm}) {
    const RecurrenceParams p = make(cell, DType::f32, {3, 20, 18});
    const Pass pass = forward_of(p);
    pass.in[0].data<float>()[(7 * p.steps) * p.gates() * p.units + 5] = NAN;  // row 7, its first step
    run(table, KernelId::recurrence, pass.operands(), &p, one_thread());
    for (int64_t row = 0; row < p.batch; row++) {
      bool any = false;
      for (int64_t j = 0; j < p.units; j++) any = any || std::isnan(pass.out[1].data<float>()[row * p.units + j]);
      check_equal(any, row == 7, title(table, p, false) + " row " + std::to_string(row));
    }
  }
}

template <void (*test)(const KernelTable&)>
void on_each_table() {
  for (const KernelTable* table : available_cpu_kernels()) test(*table);
}

const Register kTests[] = {{"recurrence every cell and form", on_each_table<every_cell_and_form>},
                           {"recurrence every activation", on_each_table<every_activation>},
                           {"recurrence same bits for any threads", on_each_table<same_bits_for_any_threads>},
                           {"recurrence NaN stays in its row", on_each_table<nan_stays_in_its_row>}};

}  // namespace
}  // namespace nnstack_test

int main(int count, char** arguments) { return nnstack_test::run_all(count, arguments); }
