#!/usr/bin/env bash
# The checkers of ../shared, beside the tree it runs in. They print counts; nothing is required of them yet.
# With their --min-pass option they become requirements: shared_checkers.sh PYTHON [PERCENT]
set -euo pipefail
python=$1 required=${2:-0}
shared=$(cd .. && pwd)/shared
check() {  # title, arguments
  local title=$1 status=0
  shift
  timeout 600 "$python" "$@" --impl nnstack --min-pass "$required" > checker.log 2>&1 || status=$?
  echo "$title: $(tail -n 1 checker.log) (exit status $status)"
  if [ "$required" != 0 ] && [ $status -ne 0 ]; then return 1; fi
}
check "recorded values" "$shared/tools/golden/check.py" --golden "$shared/golden"
check "real model files" "$shared/tools/keras_models/check_real.py" --dir "$shared/data/keras_models"
check "TensorFlow checkpoints" "$shared/tools/keras_models/check_checkpoints.py" --dir "$shared/data/tf_checkpoints"
