#!/usr/bin/env bash
# Everything that only a GPU can tell, in one run of a few minutes; stops at the first failure. Needs nvcc 13, cmake, ninja and
# g++; no network. Usage: tools/gpu_check.sh [output folder, default build/gpu]
#   NNSTACK_CUDA_LIB_DIR  folder of libcublasLt.so.13, if the loader does not find it
#   CUDA_ARCHITECTURES    default: native
#   PYTHON                a Python in which this checkout is installed with its CUDA plug-in; without it Python tests are skipped
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/gpu}
mkdir -p "$out"
out=$(cd "$out" && pwd)
step() { printf '\n== %s (%ss)\n' "$*" "$SECONDS"; }

step "1. the machine"
nvidia-smi --query-gpu=name,driver_version,compute_cap,memory.total --format=csv
nvcc --version | tail -2

step "2. build: the plug-in with nvcc, the tests with g++"
cmake -S . -B "$out/build" -G Ninja -DNNSTACK_CUDA=ON -DNNSTACK_EMU=ON -DNNSTACK_BLAS=none -DNNSTACK_WERROR=ON \
  -DCMAKE_CUDA_ARCHITECTURES="${CUDA_ARCHITECTURES:-native}" > "$out/configure.log"
programs=()
for source in tests/emu/test_*.cpp; do programs+=("emu_$(basename "$source" .cpp)"); done
ninja -C "$out/build" nnstack_cuda "${programs[@]}" kernel_timings > "$out/build.log" || { tail -40 "$out/build.log"; exit 1; }
export NNSTACK_CUDA_PLUGIN="$out/build/libnnstack_cuda.so"

step "3. the kernels' tests on the GPU, with cuBLASLt where it is found"
for program in "${programs[@]}"; do
  echo "$program"
  "$out/build/tests/emu/$program"
done

step "4. the same with our own matrix product"
NNSTACK_CUDA_BLAS=0 "$out/build/tests/emu/emu_test_matmul"

step "5. compute-sanitizer"
if command -v compute-sanitizer > /dev/null; then
  for tool in memcheck racecheck synccheck initcheck; do
    for program in "${programs[@]}"; do
      echo "$tool $program"
      # Too large an allocation is asked for on purpose, and is reported as an API error.
      NNSTACK_CUDA_CACHE=0 NNSTACK_CUDA_BLAS=0 compute-sanitizer --tool "$tool" --report-api-errors no --error-exitcode 1 \
        "$out/build/tests/emu/$program" > "$out/$tool-$program.log" || { tail -40 "$out/$tool-$program.log"; exit 1; }
    done
  done
else
  echo "skipped: compute-sanitizer is not on the PATH"
fi

step "6. Python tests marked cuda"
if [ -n "${PYTHON:-}" ]; then
  "$PYTHON" -m pytest -q -m cuda
else
  echo "skipped: PYTHON is not set"
fi

step "7. times of the kernels: $out/timings.json"
"$out/build/tests/emu/kernel_timings" | tee "$out/timings.json"
echo "with our own matrix product:"
NNSTACK_CUDA_BLAS=0 "$out/build/tests/emu/kernel_timings" | tail -1 | tee "$out/timings_own_matmul.json"

step "done"
