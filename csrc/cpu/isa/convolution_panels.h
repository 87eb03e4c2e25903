// Forward and the gradient of the input where the kernel is larger than the images: few images, many channels. Packed as a
// whole, the kernel would go through memory three times. Here each panel of it meets all images while it is packed, a block of
// steps at a time, and while tiles work on a block they ask for the one that follows. Sums are done in the order of `Walk`.
#pragma once
#include "cpu/isa/convolution_sides.h"
#include "cpu/isa/elementwise.h"
#include "cpu/isa/pack.h"
#include "cpu/isa/tile.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

class Panels : Sides {
 public:
  explicit Panels(const ConvolutionParams& p) : Sides(p, kLanes<float>) {
    const int64_t zero[3] = {};
    region_ = bordered_ ? region_of(zero, grid_) : whole();
    image_ = region_.size(0) * region_.size(1) * region_.size(2) * image_channels_;
    cuts_ = divide_up(inner_, kSteps);
  }

  __attribute__((noinline)) bool suits() const {
    const int64_t kernel = product(p_.at.window) * inner_ * result_channels_;
    return inner_ >= kLeastSteps && kernel * 4 > kCachedBytes && all_rows_see() &&
           kernel > 2 * p_.at.batch * product(sizes_) * image_channels_;
  }
  const char* name() const { return "panels"; }
  int64_t scratch_bytes() const { return bordered_ ? p_.at.batch * image_ * 4 : 0; }

  void run(void* const* operands, const KernelContext& context) {
    operands_ = operands;
    images_ = static_cast<float*>(bordered_ ? context.scratch : operands[0]);
    if (bordered_) context.parallel(context.pool, p_.at.batch, copy_image, this);
    context.parallel(context.pool, p_.groups * panels(), run_panel, this);
    if (p_.epilogue != nullptr) context.parallel(context.pool, divide_up(elements(), kFinished), finish, this);
  }

 private:
  static constexpr int64_t kSteps = 128;               // of a block
  static constexpr int64_t kLeastSteps = 48;           // with fewer, a tile's sums would come and go too often
  static constexpr int64_t kSegments = 16;             // of a tile, each of which asks for a row of the next block
  static constexpr int64_t kCachedBytes = 384 * 1024;  // a kernel that stays in the second-level cache
  static constexpr int64_t kFinished = 8 * 1024;       // elements for one call of the epilogue

  int64_t elements() const { return p_.at.batch * product(result_) * result_channels_; }

  // Whether some tap of each row of places looks into the image, so that sums begin in the first block that it meets.
  bool all_rows_see() const {
    for (int64_t i = 0; i < phase_count(); i++) {
      const Phase f = phase(i);
      if (f.taps() == 0) return false;
      for (int d = 0; d < 2; d++) {
        for (int64_t place = 0; place < f.axes[d].count; place++) {
          const Range taps = taps_inside(f.axes[d], place, sizes_[d]);
          if (taps.end <= taps.begin) return false;
        }
      }
    }
    return true;
  }

  static void copy_image(void* arg, int64_t image) {
    const Panels& job = *static_cast<const Panels*>(arg);
    const float* const from = static_cast<const float*>(job.operands_[0]) + image * product(job.sizes_) * job.image_channels_;
    copy_region(job.images_ + image * job.image_, from, job.sizes_, job.image_channels_, job.region_);
  }

  static void finish(void* arg, int64_t chunk) {
    const Panels& job = *static_cast<const Panels*>(arg);
    const int64_t begin = chunk * kFinished, end = smaller(begin + kFinished, job.elements());
    ElementwiseRun(*job.p_.epilogue, job.operands_ + 2, kFinished).run(begin, end);
  }

  static void run_panel(void* arg, int64_t index) {
    const Panels& job = *static_cast<const Panels*>(arg);
    for (int64_t i = 0; i < job.phase_count(); i++) {
      const Phase f = job.phase(i);
      for (int64_t block = 0; block < f.taps() * job.cuts_; block++)
        job.run_block(f, block, index / job.panels(), index % job.panels() * 2 * kLanes<float>);
    }
  }

  // Of the kernel, a part of one tap's steps: rows of columns, or where it is read transposed of steps.
  struct Block {
    int64_t z, y, x, first, steps;
    const float* at;
  };
  Block block_of(const Phase& f, int64_t index, int64_t group, int64_t column) const {
    const int64_t tap = index / cuts_, cut = index % cuts_, taps_x = f.axes[2].taps, taps_y = f.axes[1].taps;
    Block b{tap / (taps_x * taps_y), tap / taps_x % taps_y, tap % taps_x, inner_ * cut / cuts_, 0, nullptr};
    b.steps = inner_ * (cut + 1) / cuts_ - b.first;
    b.at = static_cast<const float*>(operands_[1]) + tap_of_kernel(f, b.z, b.y, b.x);
    b.at += forward_ ? b.first * p_.filters + group * columns_ + column : column * p_.filters + group * inner_ + b.first;
    return b;
  }

  void run_block(const Phase& f, int64_t index, int64_t group, int64_t column) const {
    alignas(64) float packed[kSteps * 2 * kLanes<float>];
    const Axis &plane = f.axes[0], &row = f.axes[1], &along = f.axes[2];
    const int64_t columns = panel_columns(column), width = panel_width(column), tiles = divide_up(along.count, kTileRows);
    const Block b = block_of(f, index, group, column);
    bool packs = forward_ && columns == 2 * kLanes<float>;  // the first tile does it
    if (!forward_)
      pack_panel_transposed(packed, width, b.at, p_.filters, b.steps, columns);
    else if (!packs)
      pack_panel(packed, width, b.at, p_.filters, b.steps, columns);
    // Pairs of lines of the block that follows, down its rows.
    const bool last = index + 1 == f.taps() * cuts_;
    const Block next = last ? b : block_of(f, index + 1, group, column);
    const int64_t rows_ahead = forward_ ? next.steps : columns;
    const int64_t pairs = last ? 0 : rows_ahead * divide_up(forward_ ? columns : next.steps, 32);
    int64_t pair = 0;
    TileArguments<float> t;
    t.a_stride = along.pixel_step * image_channels_;
    t.b_step = width;
    t.c_row = along.step * result_channels_;
    t.columns = static_cast<int>(columns);
    t.packed = packed;
    t.ahead_pitch = p_.filters;
    t.segments = b.steps % kSegments == 0 ? kSegments : 1;
    t.steps = b.steps / t.segments;
    const int64_t rows_of_places = p_.at.batch * plane.count * row.count;
    for (int64_t i = 0; i < rows_of_places; i++) {
      const int64_t image = i / (plane.count * row.count), z = i / row.count % plane.count, y = i % row.count;
      const int64_t at_z = plane.first + z * plane.pixel_step + b.z * plane.tap_step;
      const int64_t at_y = row.first + y * row.pixel_step + b.y * row.tap_step;
      if (at_z < 0 || at_z >= sizes_[0] || at_y < 0 || at_y >= sizes_[1]) continue;
      const bool first_row = (b.z == 0 || at_z < plane.tap_step) && (b.y == 0 || at_y < row.tap_step);
      t.start = first_row && b.x == 0 && b.first == 0;
      const float* a = images_ + image * image_ + image_place(f, region_, z, y, b.z, b.y) + group * inner_ + b.first +
                       b.x * along.tap_step * image_channels_;
      float* c = static_cast<float*>(operands_[2]) + image * product(result_) * result_channels_ + result_place(f, z, y) +
                 group * columns_ + column;
      for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t x = along.count * tile / tiles, rows = along.count * (tile + 1) / tiles - x;
        t.a = a + x * t.a_stride;
        t.c = c + x * t.c_row;
        t.b = packs ? b.at : packed;
        t.b_step = packs ? p_.filters : width;
        t.ahead = next.at + pair / rows_ahead * 32 + pair % rows_ahead * p_.filters;
        t.ahead_count = pair < pairs ? 1 : 0;
        pair += t.segments;
        (packs ? kTiles<float>.packing[0][rows - 1] : kTiles<float>.functions[0][rows - 1][width / kLanes<float> - 1])(t);
        packs = false;
      }
    }
  }

  Region region_;
  int64_t image_, cuts_;  // elements of an image (as it is read), blocks of a tap
  void* const* operands_ = nullptr;
  float* images_ = nullptr;
};

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
