// What forward and the gradient of the input have in common: an image that is read, a result, and panels of the kernel.
#pragma once
#include "cpu/isa/depthwise.h"
#include "cpu/isa/window_walk.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

struct Sides {
  __attribute__((noinline)) Sides(const ConvolutionParams& p, int64_t lanes)
      : p_(p), forward_(p.pass == ConvolutionPass::forward), lanes_(lanes) {
    const WindowParams& w = p.at;
    for (int d = 0; d < 3; d++) {
      sizes_[d] = forward_ ? w.input[d] : w.output[d];
      result_[d] = forward_ ? w.output[d] : w.input[d];
      phases_[d] = forward_ ? 1 : w.stride[d];
      grid_[d] = divide_up(result_[d], phases_[d]);
    }
    image_channels_ = forward_ ? p.channels : p.filters;
    result_channels_ = forward_ ? p.filters : p.channels;
    inner_ = image_channels_ / p.groups;
    columns_ = result_channels_ / p.groups;
    depthwise_ = inner_ == 1 && columns_ == 1;
    Region all = kNoRegion;
    const int64_t zero[3] = {};
    for (int64_t i = 0; i < phase_count(); i++) all.hold(phase(i), zero, grid_);
    bordered_ = !depthwise_ && (all.begin[2] < 0 || (all.end[2] > sizes_[2] && all.begin[2] != INT64_MAX));
  }

  int64_t phase_count() const { return product(phases_); }
  Phase phase(int64_t i) const {
    if (forward_) return {{forward_axis(p_.at, 0), forward_axis(p_.at, 1), forward_axis(p_.at, 2)}};
    return {{gradient_axis(p_.at, 0, i / (phases_[1] * phases_[2])), gradient_axis(p_.at, 1, i / phases_[2] % phases_[1]),
             gradient_axis(p_.at, 2, i % phases_[2])}};
  }

  // Of the kernel: two vectors of columns, as a tile has; the last panel of a group is perhaps one.
  int64_t panels() const { return divide_up(columns_, 2 * lanes_); }  // of one group
  int64_t panel_columns(int64_t column) const { return smaller(2 * lanes_, columns_ - column); }
  int64_t panel_width(int64_t column) const { return round_up(panel_columns(column), lanes_); }
  int64_t tap_of_kernel(const Phase& f, int64_t z, int64_t y, int64_t x) const {
    return f.kernel_place(p_.at.window, z, y, x) * (p_.channels / p_.groups) * p_.filters;
  }

  // Of the image: what the grid places [from, to) look at, but for rows outside of it.
  Region region_of(const int64_t (&from)[3], const int64_t (&to)[3]) const {
    Region r = kNoRegion;
    for (int64_t i = 0; i < phase_count(); i++) r.hold(phase(i), from, to);
    if (r.begin[2] == INT64_MAX) return Region{};
    for (int d = 0; d < 2; d++) {
      r.begin[d] = larger<int64_t>(r.begin[d], 0);
      r.end[d] = smaller(r.end[d], sizes_[d]);
    }
    return r;
  }
  Region whole() const { return {{0, 0, 0}, {sizes_[0], sizes_[1], sizes_[2]}}; }

  // Where tap (tap_z, tap_y, 0) of grid place (z, y, 0) looks in a region, and where the place lies in the result.
  int64_t image_place(const Phase& f, const Region& r, int64_t z, int64_t y, int64_t tap_z, int64_t tap_y) const {
    const int64_t at_z = f.axes[0].first + z * f.axes[0].pixel_step + tap_z * f.axes[0].tap_step - r.begin[0];
    const int64_t at_y = f.axes[1].first + y * f.axes[1].pixel_step + tap_y * f.axes[1].tap_step - r.begin[1];
    return ((at_z * r.size(1) + at_y) * r.size(2) + f.axes[2].first - r.begin[2]) * image_channels_;
  }
  int64_t result_place(const Phase& f, int64_t z, int64_t y) const {
    const int64_t at_z = f.axes[0].offset + z * f.axes[0].step, at_y = f.axes[1].offset + y * f.axes[1].step;
    return ((at_z * result_[1] + at_y) * result_[2] + f.axes[2].offset) * result_channels_;
  }

  const ConvolutionParams& p_;
  const bool forward_;
  const int64_t lanes_;
  bool depthwise_, bordered_;
  int64_t sizes_[3], result_[3];                                // of the image that is read and of the result
  int64_t phases_[3], grid_[3];                                 // grid: the largest of the phases
  int64_t image_channels_, result_channels_, inner_, columns_;  // inner, columns: of one group
};

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
