#!/bin/sh
# Checks object files of csrc/cpu/isa: no weak, unique or foreign symbol may leave them, because the linker might then pick
# code compiled for one instruction set for everybody. Usage: check_isa_symbols.sh FILE.o ...
set -eu
[ $# -gt 0 ] || { echo "usage: $0 FILE.o ..." >&2; exit 2; }
bad=$(nm -C --defined-only -- "$@" | grep -E ' [A-Zuvw] ' |
  grep -Ev ' [A-TX-Z] nnstack::(sse|avx2|avx512|baseline)::' || true)
if [ -n "$bad" ]; then
  echo "symbols that must not leave an instruction set's object files:" >&2
  echo "$bad" >&2
  exit 1
fi
