// Forward and the gradient of the input: rows of places as a matrix whose rows are a pixel apart, no patches are made. The
// kernel is packed in panels once, in the order in which tiles read it, and each block of places meets all of it.
#pragma once
#include "cpu/isa/convolution_sides.h"
#include "cpu/isa/elementwise.h"
#include "cpu/isa/pack.h"
#include "cpu/isa/tile.h"

namespace nnstack::NNSTACK_ISA_NAME {
namespace {

constexpr int64_t kRegionBytes = 192 * 1024;  // of a bordered copy: with a panel of the kernel it fits the second-level cache

// A convolution, one block of places at a time.
template <class T>
class Walk : Sides {
 public:
  __attribute__((noinline)) explicit Walk(const ConvolutionParams& p) : Sides(p, kLanes<T>) { choose_blocks(); }

  int64_t chunks() const { return divide_up(items_, items_per_chunk_); }
  int64_t packed_columns() const { return round_up(columns_, kLanes<T>); }
  int64_t packed_bytes() const {  // of the kernel: every tap belongs to one phase
    if (depthwise_) return 0;
    return round_up(product(p_.at.window) * inner_ * packed_columns() * p_.groups * static_cast<int64_t>(sizeof(T)), 64);
  }
  int64_t slot_bytes() const { return bordered_ ? round_up(region_bytes_, 64) + 64 : 0; }
  const char* name() const { return depthwise_ ? "depthwise" : bordered_ ? "tiles on bordered blocks" : "tiles"; }
  int64_t scratch_bytes() const { return packed_bytes() + smaller(chunks(), kSlots) * slot_bytes(); }

  void run(void* const* operands, const KernelContext& context) {
    operands_ = operands;
    kernel_ = static_cast<const T*>(operands[1]);
    packed_ = static_cast<T*>(context.scratch);
    slots_at_ = static_cast<char*>(context.scratch) + packed_bytes();
    if (!depthwise_) context.parallel(context.pool, p_.groups * panels(), pack, this);
    context.parallel(context.pool, chunks(), run_chunk, this);
  }

 private:
  // Blocks of rows (of planes, where they are small) whose region stays in the cache, of about one size.
  void choose_blocks() {
    const double work = 2.0 * static_cast<double>(p_.at.batch) * static_cast<double>(product(p_.at.output)) *
                        static_cast<double>(product(p_.at.window)) * static_cast<double>(p_.channels / p_.groups) *
                        static_cast<double>(p_.filters);
    const int64_t wanted = smaller(kChunks, static_cast<int64_t>(work / kChunkWorth) + 1);
    block_[0] = grid_[0], block_[1] = grid_[1];
    int64_t parts = 1;
    while (block_[0] > 1 && (bytes_of_block() > kRegionBytes || p_.at.batch * parts < wanted)) {
      block_[0] = divide_up(block_[0], 2);
      parts = divide_up(grid_[0], block_[0]);
    }
    const int64_t planes = parts;
    for (int64_t cuts = 2; block_[1] > 1 && (bytes_of_block() > kRegionBytes || p_.at.batch * parts < wanted); cuts++) {
      block_[1] = divide_up(grid_[1], cuts);
      parts = planes * divide_up(grid_[1], block_[1]);
    }
    blocks_[0] = divide_up(grid_[0], block_[0]);
    blocks_[1] = divide_up(grid_[1], block_[1]);
    region_bytes_ = bytes_of_block();
    items_ = p_.at.batch * blocks_[0] * blocks_[1];
    items_per_chunk_ = larger<int64_t>(1, static_cast<int64_t>(kChunkWorth * static_cast<double>(items_) / larger(work, 1.0)));
  }

  // An upper bound: the region of the first block of the largest phases.
  int64_t bytes_of_block() const {
    const int64_t zero[3] = {}, to[3] = {block_[0], block_[1], grid_[2]};
    Region r = kNoRegion;
    for (int64_t i = 0; i < phase_count(); i++) r.hold(phase(i), zero, to);
    if (r.begin[2] == INT64_MAX) return 0;
    return r.size(0) * r.size(1) * r.size(2) * image_channels_ * static_cast<int64_t>(sizeof(T));
  }

  // One panel of one group, all phases.
  static void pack(void* arg, int64_t index) {
    const Walk& walk = *static_cast<const Walk*>(arg);
    const ConvolutionParams& p = walk.p_;
    const int64_t group = index / walk.panels(), column = index % walk.panels() * 2 * kLanes<T>;
    const int64_t width = walk.panel_width(column), columns = walk.panel_columns(column);
    T* to = walk.panel_of(group, column);
    for (int64_t i = 0; i < walk.phase_count(); i++) {
      const Phase phase = walk.phase(i);
      for (int64_t z = 0; z < phase.axes[0].taps; z++) {
        for (int64_t y = 0; y < phase.axes[1].taps; y++) {
          for (int64_t x = 0; x < phase.axes[2].taps; x++, to += walk.inner_ * width) {
            const T* tap = walk.kernel_ + walk.tap_of_kernel(phase, z, y, x);
            if (walk.forward_)
              pack_panel(to, width, tap + group * walk.columns_ + column, p.filters, walk.inner_, columns);
            else
              pack_panel_transposed(to, width, tap + column * p.filters + group * walk.inner_, p.filters, walk.inner_, columns);
          }
        }
      }
    }
  }
  T* panel_of(int64_t group, int64_t column) const {
    return packed_ + product(p_.at.window) * inner_ * (group * packed_columns() + column);
  }

  static void run_chunk(void* arg, int64_t chunk) {
    Walk& walk = *static_cast<Walk*>(arg);
    const int64_t slot = walk.bordered_ ? walk.slots_.take() : 0;
    T* const region = reinterpret_cast<T*>(walk.slots_at_ + slot * walk.slot_bytes());
    const int64_t first = chunk * walk.items_per_chunk_, last = smaller(first + walk.items_per_chunk_, walk.items_);
    if (walk.p_.epilogue == nullptr) {
      for (int64_t item = first; item < last; item++) walk.run_item(item, region, [](int64_t, int64_t) {});
    } else {
      const int64_t longest = walk.block_[0] * walk.phases_[0] * walk.block_[1] * walk.phases_[1] * walk.result_[2];
      ElementwiseRun epilogue(*walk.p_.epilogue, walk.operands_ + 2, longest * walk.result_channels_);
      for (int64_t item = first; item < last; item++)
        walk.run_item(item, region, [&](int64_t begin, int64_t end) { epilogue.run(begin, end); });
    }
    if (walk.bordered_) walk.slots_.give_back(slot);
  }

  // One block of one image: copy with borders, products, epilogue.
  template <class Finish>
  void run_item(int64_t item, T* copy, const Finish& finish) const {
    const int64_t image = item / (blocks_[0] * blocks_[1]);
    const int64_t z = item / blocks_[1] % blocks_[0] * block_[0], y = item % blocks_[1] * block_[1];
    const int64_t from[3] = {z, y, 0};
    const int64_t to[3] = {smaller(z + block_[0], grid_[0]), smaller(y + block_[1], grid_[1]), grid_[2]};
    const T* source = static_cast<const T*>(operands_[0]) + image * product(sizes_) * image_channels_;
    const Region region = bordered_ ? region_of(from, to) : whole();
    if (bordered_) {
      copy_region(copy, source, sizes_, image_channels_, region);
      source = copy;
    }
    T* const result = static_cast<T*>(operands_[2]) + image * product(result_) * result_channels_;
    int64_t taps = 0;
    for (int64_t i = 0; i < phase_count(); i++) {
      const Phase one = phase(i);
      if (depthwise_)
        depthwise_phase(one, source, result, from, to);
      else
        run_phase(one, taps, region, source, result, from, to);
      taps += one.taps();
    }
    for (int64_t plane = z * phases_[0]; plane < smaller(to[0] * phases_[0], result_[0]); plane++) {
      const int64_t begin = (image * result_[0] + plane) * result_[1];
      const int64_t row = result_[2] * result_channels_;
      finish((begin + y * phases_[1]) * row, (begin + smaller(to[1] * phases_[1], result_[1])) * row);
    }
  }

  void run_phase(const Phase& f, int64_t taps_before, const Region& r, const T* source, T* result, const int64_t (&from)[3],
                 const int64_t (&to)[3]) const {
    const Axis& along = f.axes[2];
    // Taps of a row side by side make one segment; otherwise each tap is one.
    const bool joined = along.tap_step == 1 && p_.groups == 1;
    const int64_t segment_pitch = (joined ? f.axes[1].tap_step * r.size(2) : along.tap_step) * image_channels_;
    const int64_t tiles = divide_up(along.count, kTileRows);
    TileArguments<T> t;
    t.a_stride = along.pixel_step * image_channels_;
    t.c_row = along.step * result_channels_;
    for (int64_t group = 0; group < p_.groups; group++) {
      for (int64_t column = 0; column < columns_; column += 2 * kLanes<T>) {
        const int64_t width = panel_width(column);
        const T* const panel = panel_of(group, column) + taps_before * inner_ * width;
        t.columns = static_cast<int>(panel_columns(column));
        t.b_step = width;
        for (int64_t z = from[0]; z < smaller(to[0], f.axes[0].count); z++) {
          for (int64_t y = from[1]; y < smaller(to[1], f.axes[1].count); y++) {
            const Range taps_z = taps_inside(f.axes[0], z, sizes_[0]), taps_y = taps_inside(f.axes[1], y, sizes_[1]);
            const bool none = along.taps == 0 || taps_z.end <= taps_z.begin || taps_y.end <= taps_y.begin;
            t.steps = none ? 0 : joined ? along.taps * inner_ : inner_;
            t.segments = none ? 1 : joined ? taps_y.end - taps_y.begin : along.taps;
            t.a_jump = segment_pitch - t.steps;
            T* const out = result + result_place(f, z, y) + group * columns_ + column;
            for (int64_t i = 0; i < tiles; i++) {
              const int64_t x = along.count * i / tiles, rows = along.count * (i + 1) / tiles - x;
              const TileFunction<T> function = kTiles<T>.functions[0][rows - 1][width / kLanes<T> - 1];
              t.c = out + x * t.c_row;
              t.start = true;
              if (none) function(t);
              for (int64_t tz = taps_z.begin; tz < taps_z.end && !none; tz++) {
                for (int64_t ty = taps_y.begin; ty < (joined ? taps_y.begin + 1 : taps_y.end); ty++) {
                  t.a = source + image_place(f, r, z, y, tz, ty) + group * inner_ + x * t.a_stride;
                  t.b = panel + (tz * f.axes[1].taps + ty) * along.taps * inner_ * width;
                  function(t);
                  t.start = false;
                }
              }
            }
          }
        }
      }
    }
  }

  void depthwise_phase(const Phase& f, const T* source, T* result, const int64_t (&from)[3], const int64_t (&to)[3]) const {
    const Axis &plane = f.axes[0], &row = f.axes[1], &along = f.axes[2];
    const int64_t(&window)[3] = p_.at.window;
    DepthwiseRow<T> d;
    d.kernel = kernel_ + f.kernel_place(window, 0, 0, 0) * p_.filters;
    d.kernel_tap = along.kernel_step * p_.filters;
    d.kernel_row = row.kernel_step * window[2] * p_.filters;
    d.kernel_plane = plane.kernel_step * window[1] * window[2] * p_.filters;
    d.pixel = along.pixel_step * image_channels_;
    d.out_pixel = along.step * result_channels_;
    d.tap_pitch = along.tap_step * image_channels_;
    d.row_pitch = row.tap_step * sizes_[2] * image_channels_;
    d.plane_pitch = plane.tap_step * sizes_[1] * sizes_[2] * image_channels_;
    d.along = along;
    d.size = sizes_[2];
    d.channels = result_channels_;
    for (int64_t z = from[0]; z < smaller(to[0], plane.count); z++) {
      d.z = taps_inside(plane, z, sizes_[0]);
      for (int64_t y = from[1]; y < smaller(to[1], row.count); y++) {
        d.y = taps_inside(row, y, sizes_[1]);
        d.image = source + image_place(f, whole(), z, y, 0, 0);
        d.out = result + result_place(f, z, y);
        d.run();
      }
    }
  }

  int64_t block_[2], blocks_[2];  // grid planes and rows of a block; blocks of an image
  int64_t region_bytes_, items_, items_per_chunk_;
  void* const* operands_ = nullptr;
  const T* kernel_ = nullptr;
  T* packed_ = nullptr;
  char* slots_at_ = nullptr;
  Slots slots_;
};

}  // namespace
}  // namespace nnstack::NNSTACK_ISA_NAME
