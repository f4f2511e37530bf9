#!/usr/bin/env bash
# Trains under a real one-node SLURM and under Open MPI, and compares: tests/cluster/run.sh (Debian or Ubuntu, as root).
# Installs both from the distribution where they are missing; what it configures and starts is gone when it ends.
set -euo pipefail
export PYTHON=${PYTHON:-python}
PYTHON=$(command -v "$PYTHON")
work=$(mktemp -d)
mkdir "$work/state" "$work/spool"

stop() {
  for name in slurmd slurmctld munged; do
    [ ! -s "$work/$name.pid" ] || kill "$(cat "$work/$name.pid")" 2> /dev/null || true
  done
  sleep 1
  rm -rf "$work"
}
trap stop EXIT

command -v srun mpirun munged slurmctld slurmd > /dev/null ||
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends slurmctld slurmd slurm-client munge openmpi-bin; }

start_slurm() {
  local host cores
  host=$(hostname -s) cores=$(nproc)
  cat > "$work/slurm.conf" << CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CryptoType=crypto/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
ReturnToService=2
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmdSpoolDir=$work/spool
StateSaveLocation=$work/state
SwitchType=switch/none
TaskPlugin=task/none
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
KillWait=30
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
CONF
  dd if=/dev/urandom of="$work/munge.key" bs=1024 count=1 2> /dev/null
  chmod 600 "$work/munge.key"
  munged --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munged.pid" \
    --log-file="$work/munged.log" --seed-file="$work/munge.seed"
  export SLURM_CONF=$work/slurm.conf
  slurmctld -i
  slurmd
  for _ in $(seq 30); do
    [ "$(sinfo -h -o %T)" != idle ] || return 0
    sleep 1
  done
  cat "$work"/slurm*.log >&2
  echo "SLURM did not start" >&2
  return 1
}

cd "$work"
export JAX_PLATFORMS=cpu
for number in $(seq 60); do echo "Line $number of a poem, no longer than it need be;"; done > poem.txt
train() { # train RUN OPTION...
  local out=$1
  shift
  echo "$PYTHON -m seqgen.shell.cli text train $work/poem.txt --size tiny --steps ${STEPS:-60} --deterministic 2 --out $work/$out $*"
}
digest() {
  "$PYTHON" -c "import sys; from seqgen.training.checkpoint import Checkpoints; print(Checkpoints(sys.argv[1]).digest())" "$work/$1/checkpoints"
}

$(train alone) > /dev/null 2> alone.log || { cat alone.log; exit 1; }
wanted=$(digest alone)
echo "alone:            $wanted"

free=$((20000 + RANDOM % 20000))
mpirun --allow-run-as-root --oversubscribe --bind-to none -np 2 -x JAX_COORDINATOR_BIND_ADDRESS="127.0.0.1:$free" \
  -x JAX_COORDINATOR_ADDRESS="127.0.0.1:$free" $(train mpi --distributed auto) > /dev/null 2> mpi.log || { cat mpi.log; exit 1; }
echo "Open MPI, 2:      $(digest mpi)"
[ "$(digest mpi)" = "$wanted" ]

start_slurm
srun -n 2 --overcommit $(train slurm --distributed auto) > /dev/null 2> slurm.log || { cat slurm.log; exit 1; }
echo "SLURM, 2:         $(digest slurm)"
[ "$(digest slurm)" = "$wanted" ]

# Told to stop in the middle: all stop at one step, save, and the same command goes on.
srun -n 2 --overcommit --job-name told $(train told --distributed auto) > /dev/null 2> told.log &
for _ in $(seq 600); do [ ! -e told/metrics.jsonl ] || break; sleep 0.1; done
scancel --signal=TERM --name told
! wait $!
grep -m1 "stopped and saved at step" told.log
srun -n 2 --overcommit "$PYTHON" -m seqgen.shell.cli text train --resume "$work/told" --distributed auto > /dev/null 2> told2.log ||
  { cat told2.log; exit 1; }
echo "SLURM, scancel:   $(digest told)"
[ "$(digest told)" = "$wanted" ]
echo "all the same bits"
