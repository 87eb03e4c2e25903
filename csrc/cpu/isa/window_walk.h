// What the convolutions share: how the places of a result meet the places of an image, and bordered copies of images.
//
// A result is walked as one or several grids (`Phase`). Along each dimension place m of a phase's grid is place
// offset + m * step of the result, and tap j looks at place first + m * pixel_step + j * tap_step of the image:
//   forward           one phase: the output, looking at the input
//   input gradient    a phase for each remainder of the input place by the stride, looking at the output; the taps of a
//                     phase are those that hit, backwards, so that the image is walked forwards
#pragma once
#include "base/kernel.h"
#include "cpu/isa/vector.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kSlots = 32;       // scratch memory for so many chunks at once
constexpr int64_t kChunks = 16;      // at least so many, where there is work for them
constexpr double kChunkWorth = 2e6;  // floating point operations

struct Axis {  // one dimension of a phase
  int64_t count, offset, step;
  int64_t taps, first, pixel_step, tap_step;
  int64_t kernel_first, kernel_step;  // tap j is place kernel_first + j * kernel_step of the kernel
};

inline Axis forward_axis(const WindowParams& w, int d) {
  return {w.output[d], 0, 1, w.window[d], -w.before[d], w.stride[d], w.dilation[d], 0, 1};
}

inline int64_t greatest_common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

inline Axis gradient_axis(const WindowParams& w, int d, int64_t remainder) {
  const int64_t stride = w.stride[d], dilation = w.dilation[d], divisor = greatest_common_divisor(stride, dilation);
  Axis a{divide_up(larger<int64_t>(w.input[d] - remainder, 0), stride),
         remainder,
         stride,
         0,
         0,
         1,
         dilation / divisor,
         0,
         -stride / divisor};
  for (int64_t k = 0; k < w.window[d]; k++) {
    if ((remainder + w.before[d] - k * dilation) % stride != 0) continue;
    a.taps++;
    a.kernel_first = k;  // ends as the last one
    a.first = (remainder + w.before[d] - k * dilation) / stride;
  }
  return a;
}

struct Phase {
  Axis axes[3];
  int64_t taps() const { return axes[0].taps * axes[1].taps * axes[2].taps; }
  int64_t places() const { return axes[0].count * axes[1].count * axes[2].count; }
  // The place of the kernel, row-major in `window`, of one tap.
  int64_t kernel_place(const int64_t (&window)[3], int64_t z, int64_t y, int64_t x) const {
    const int64_t at[3] = {z, y, x};
    int64_t place = 0;
    for (int d = 0; d < 3; d++) place = place * window[d] + axes[d].kernel_first + at[d] * axes[d].kernel_step;
    return place;
  }
};

// A range of image places along each dimension, perhaps partly outside of the image.
struct Region {
  int64_t begin[3], end[3];
  int64_t size(int d) const { return end[d] > begin[d] ? end[d] - begin[d] : 0; }
  void hold(const Phase& phase, const int64_t (&from)[3], const int64_t (&to)[3]) {  // the grid places [from, to)
    if (phase.taps() == 0) return;
    for (int d = 0; d < 3; d++) {
      const Axis& a = phase.axes[d];
      const int64_t last = smaller(to[d], a.count) - 1;
      if (last < from[d]) continue;
      begin[d] = smaller(begin[d], a.first + from[d] * a.pixel_step);
      end[d] = larger(end[d], a.first + last * a.pixel_step + (a.taps - 1) * a.tap_step + 1);
    }
  }
};
constexpr Region kNoRegion = {{INT64_MAX, INT64_MAX, INT64_MAX}, {INT64_MIN, INT64_MIN, INT64_MIN}};

template <class T>
void set_zero(T* to, int64_t count) {
  if (count > 0) __builtin_memset(to, 0, static_cast<size_t>(count) * sizeof(T));
}

// The region of an image [sizes, channels] with zeros for what is outside; to is [region, channels].
template <class T>
void copy_region(T* to, const T* image, const int64_t (&sizes)[3], int64_t channels, const Region& r) {
  const int64_t left = smaller(larger<int64_t>(-r.begin[2], 0), r.size(2));
  const int64_t inside = larger<int64_t>(smaller(r.end[2], sizes[2]) - larger<int64_t>(r.begin[2], 0), 0);
  for (int64_t z = r.begin[0]; z < r.end[0]; z++) {
    for (int64_t y = r.begin[1]; y < r.end[1]; y++, to += r.size(2) * channels) {
      if (z < 0 || z >= sizes[0] || y < 0 || y >= sizes[1] || inside == 0) {
        set_zero(to, r.size(2) * channels);
        continue;
      }
      const T* from = image + ((z * sizes[1] + y) * sizes[2] + larger<int64_t>(r.begin[2], 0)) * channels;
      set_zero(to, left * channels);
      __builtin_memcpy(to + left * channels, from, static_cast<size_t>(inside * channels) * sizeof(T));
      set_zero(to + (left + inside) * channels, (r.size(2) - left - inside) * channels);
    }
  }
}

// Scratch memory that running chunks take and give back, so that a thread finds the one in its cache again. What lies in it
// never outlives a chunk, so it does not matter to the result which one it was.
class Slots {
 public:
  int64_t take() {
    for (;;) {
      uint64_t taken = __atomic_load_n(&taken_, __ATOMIC_RELAXED);
      const int free = taken == ~uint64_t{0} ? 64 : __builtin_ctzll(~taken);
      if (free >= kSlots) continue;  // more threads than slots: somebody is about to give one back
      if (__atomic_compare_exchange_n(&taken_, &taken, taken | uint64_t{1} << free, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return free;
    }
  }
  void give_back(int64_t slot) { __atomic_fetch_and(&taken_, ~(uint64_t{1} << slot), __ATOMIC_RELEASE); }

 private:
  uint64_t taken_ = 0;
};

inline int64_t product(const int64_t (&values)[3]) { return values[0] * values[1] * values[2]; }

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
