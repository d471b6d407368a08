#!/bin/bash
# Gate the checkpoints of a training run side by side, one array task each:
#   sbatch --array=0-$(($(ls checkpoints | wc -l) - 1)) docs/ci/slurm-array.sh
# and when all are done:  causal-claims status reports/watch/* --by name --fail-on-drift
#SBATCH --job-name=claims-gate
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --mem=32G
#SBATCH --time=00:30:00
#SBATCH --output=reports/slurm-%A-%a.out
set -euo pipefail
export CHECKPOINTS=${CHECKPOINTS:-checkpoints} MODEL=${MODEL:-mistral_7b} BASELINE=${BASELINE:-main}
here=${SLURM_SUBMIT_DIR:-$PWD}
cd "$here"
exec docs/ci/gate-one.sh "${SLURM_ARRAY_TASK_ID:?run this with sbatch --array}"
