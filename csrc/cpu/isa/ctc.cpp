// Connectionist temporal classification: the forward-backward walk over the labels with blanks between them, in logarithms.
#include "cpu/isa/kernels.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kMostChunks = 16;  // each needs memory for one sample's forward variables
constexpr double kNever = -__builtin_inf();

inline double add_logs(double a, double b) {
  const double high = larger(a, b), low = smaller(a, b);
  return high == kNever ? kNever : high + __builtin_log1p(__builtin_exp(low - high));
}

struct Job {
  const CtcParams* params;
  const void* logs;
  const int32_t *labels, *steps, *label_counts;
  void *loss, *gradient;
  char* scratch;
  KernelError* error;
  int64_t chunk;
};

// State s of 2 * labels + 1: a blank where s is even, else label s / 2.
struct Spelling {
  const int32_t* labels;
  int64_t states, blank;
  int64_t class_of(int64_t s) const { return s % 2 == 0 ? blank : labels[s / 2]; }
  // Whether s may follow s - 2: never a blank, and never the same label without a blank between.
  bool may_skip_to(int64_t s) const { return s % 2 == 1 && s >= 3 && labels[s / 2] != labels[s / 2 - 1]; }
};

template <class T>
void run_sample(const Job& job, int64_t sample, double* forward) {
  const CtcParams& p = *job.params;
  const T* y = static_cast<const T*>(job.logs) + sample * p.steps * p.classes;
  T* gradient = static_cast<T*>(job.gradient) + sample * p.steps * p.classes;
  T& loss = static_cast<T*>(job.loss)[sample];
  const int64_t steps = job.steps[sample], labels = job.label_counts[sample];
  const Spelling spelling{job.labels + sample * p.labels, 2 * labels + 1, p.classes - 1};
  const int64_t states = spelling.states;
  for (int64_t i = 0; i < p.steps * p.classes; i++) gradient[i] = 0;

  bool good = steps >= 0 && steps <= p.steps && labels >= 0 && labels <= p.labels;
  for (int64_t l = 0; good && l < labels; l++) good = spelling.labels[l] >= 0 && spelling.labels[l] < spelling.blank;
  if (!good) {
    *job.error = KernelError::index_out_of_range;
    loss = static_cast<T>(__builtin_nan(""));
    return;
  }
  if (steps == 0) {
    loss = static_cast<T>(labels == 0 ? 0 : -kNever);
    return;
  }

  // forward[t][s]: all ways to be at s after step t, that step included.
  for (int64_t t = 0; t < steps; t++) {
    double* now = forward + t * states;
    const double* before = now - states;
    for (int64_t s = 0; s < states; s++) {
      double ways = t > 0 ? before[s] : (s < 2 ? 0 : kNever);
      if (t > 0 && s > 0) ways = add_logs(ways, before[s - 1]);
      if (t > 0 && spelling.may_skip_to(s)) ways = add_logs(ways, before[s - 2]);
      now[s] = ways + static_cast<double>(y[t * p.classes + spelling.class_of(s)]);
    }
  }
  const double* last = forward + (steps - 1) * states;
  const double total = states > 1 ? add_logs(last[states - 1], last[states - 2]) : last[0];
  loss = static_cast<T>(-total);
  if (!(total > kNever)) return;

  // backward[s]: all ways to the end from s at step t, that step not included; the share of all paths that pass there is the
  // gradient.
  double* backward = forward + p.steps * (2 * p.labels + 1);
  for (int64_t s = 0; s < states; s++) backward[s] = s + 2 >= states ? 0 : kNever;
  for (int64_t t = steps - 1; t >= 0; t--) {
    const T* at = y + t * p.classes;
    for (int64_t s = 0; s < states; s++) {
      const double share = forward[t * states + s] + backward[s] - total;
      if (share > kNever) gradient[t * p.classes + spelling.class_of(s)] -= static_cast<T>(__builtin_exp(share));
    }
    for (int64_t s = 0; s < states; s++) backward[s] += static_cast<double>(at[spelling.class_of(s)]);
    for (int64_t s = 0; s < states; s++) {
      if (s + 1 < states) backward[s] = add_logs(backward[s], backward[s + 1]);
      if (s + 2 < states && spelling.may_skip_to(s + 2)) backward[s] = add_logs(backward[s], backward[s + 2]);
    }
  }
}

int64_t sample_bytes(const CtcParams& p) {
  return round_up((p.steps + 1) * (2 * p.labels + 1) * static_cast<int64_t>(sizeof(double)), 64);
}

template <class T>
void run_chunk(void* arg, int64_t chunk) {
  const Job& job = *static_cast<const Job*>(arg);
  double* forward = reinterpret_cast<double*>(job.scratch + chunk * sample_bytes(*job.params));
  const int64_t end = smaller((chunk + 1) * job.chunk, job.params->samples);
  for (int64_t sample = chunk * job.chunk; sample < end; sample++) run_sample<T>(job, sample, forward);
}

}  // namespace

int64_t ctc_scratch(const void* raw_params) {
  const CtcParams& p = *static_cast<const CtcParams*>(raw_params);
  return smaller(p.samples, kMostChunks) * sample_bytes(p);
}

void ctc(void* const* operands, const void* raw_params, const KernelContext& context) {
  const CtcParams& params = *static_cast<const CtcParams*>(raw_params);
  if (params.samples == 0) return;
  const auto numbers = [operands](int i) { return static_cast<const int32_t*>(operands[i]); };
  Job job{&params,       operands[0],
          numbers(1),    numbers(2),
          numbers(3),    operands[4],
          operands[5],   static_cast<char*>(context.scratch),
          context.error, divide_up(params.samples, smaller(params.samples, kMostChunks))};
  const auto body = params.type == DType::f64 ? run_chunk<double> : run_chunk<float>;
  context.parallel(context.pool, divide_up(params.samples, job.chunk), body, &job);
}

}  // namespace nnstack::NNSTACK_ISA_NAME
