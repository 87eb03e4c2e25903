#!/usr/bin/env bash
# Prints the folder of cuda_runtime.h; fails where there is none.
set -euo pipefail
for folder in "${CUDA_HOME:-/nonexistent}/include" /usr/local/cuda/include /usr/include; do
  if [ -f "$folder/cuda_runtime.h" ]; then
    echo "$folder"
    exit 0
  fi
done
exit 1
