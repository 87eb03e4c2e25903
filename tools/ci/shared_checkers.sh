#!/usr/bin/env bash
# The checkers of ../shared, beside the tree it runs in: all must pass, or as many percent as the second argument says.
set -euo pipefail
# Usage: shared_checkers.sh PYTHON [PERCENT]; PYTHON has the real TensorFlow, which reads what we write.
python=$1 required=${2:-100}
shared=$(cd .. && pwd)/shared
check() {  # title, arguments
  local title=$1 status=0
  shift
  timeout 600 "$python" "$@" --impl nnstack --min-pass "$required" > checker.log 2>&1 || status=$?
  echo "$title: $(tail -n 1 checker.log) (exit status $status)"
  if [ $status -ne 0 ]; then failed=1; fi
}
failed=0
check "recorded values" "$shared/tools/golden/check.py" --golden "$shared/golden"
check "real model files" "$shared/tools/keras_models/check_real.py" --dir "$shared/data/keras_models"
check "TensorFlow checkpoints" "$shared/tools/keras_models/check_checkpoints.py" --dir "$shared/data/tf_checkpoints" --tf-python "$python"
exit $failed
