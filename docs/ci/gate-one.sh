#!/bin/sh
# Gate the checkpoint with this number (from 0, in the order of steps) of a folder; for array jobs of any scheduler.
#   CHECKPOINTS  folder of checkpoints, or of measurement tables (*.parquet)
#   MODEL        the key of models.yaml whose place a checkpoint takes; not needed for tables
#   BASELINE     a baseline's name or the path of a run
#   REPORTS      where reports go, a folder for each checkpoint (default: reports/watch)
set -eu
index=${1:?usage: gate-one.sh INDEX}
checkpoint=$(ls -1 "${CHECKPOINTS:?}" | sort -V | sed -n "$((index + 1))p")
if [ -z "$checkpoint" ]; then
  echo "gate-one.sh: $CHECKPOINTS has no checkpoint number $index" >&2
  exit 4
fi
reports=${REPORTS:-reports/watch}/${checkpoint%.parquet}
path=$CHECKPOINTS/$checkpoint
if [ -d "$path" ]; then
  set -- -m "${MODEL:?}" --claims-model "$MODEL=$path"
else
  set -- --claims-measurements "$path"
fi
exec pytest "${CLAIMS:-claims}" "$@" --claims-gate --claims-baseline "${BASELINE:?}" \
  --claims-reports "$reports" --junitxml "$reports/junit.xml"
