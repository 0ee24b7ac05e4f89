#!/usr/bin/env bash
# Slurm on this machine alone: one node of eight processors, whatever it has, with partitions `main` and `other`. Beside it
# Charliecloud, which needs no service.
# Sourced by tests/engines.sh.

# shellcheck disable=SC2154
slurm_answers() { SLURM_CONF="$state/slurm/slurm.conf" timeout 5 sinfo -h -o %t 2>/dev/null | grep -q '^\(idle\|mix\|alloc\)'; }

slurm_up() {
  need slurmctld slurmd sbatch munged -- slurmctld slurmd slurm-client munge
  need ch-run ch-convert -- charliecloud-runtime charliecloud-builders
  slurm_answers && return
  local home="$state/slurm"
  as_root rm -rf "$home"
  mkdir -p "$home"/{state,spool,munge}
  chmod 755 "$state" "$home" "$home/munge"
  slurm_conf "$home" "$(hostname -s)" >"$home/slurm.conf"
  echo 'Name=gpu File=/dev/null' >"$home/gres.conf"
  # A key of its own, so that a Slurm which the machine has stays alone.
  as_root sh -c "umask 077; head -c 1024 /dev/urandom >'$home/munge/key'"
  start munge munged --foreground --force --socket="$home/munge/socket" --key-file="$home/munge/key" \
    --pid-file="$home/munge/pid" --log-file="$home/munge/log" --seed-file="$home/munge/seed"
  wait_for 'munge' test -S "$home/munge/socket"
  start slurmctld env SLURM_CONF="$home/slurm.conf" slurmctld -D -f "$home/slurm.conf"
  start slurmd env SLURM_CONF="$home/slurm.conf" slurmd -D -f "$home/slurm.conf"
  wait_for 'Slurm' slurm_answers
}

# Slurm's configuration: `slurm_conf HOME HOST`.
slurm_conf() {
  cat <<CONF
ClusterName=c3
SlurmctldHost=$2(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthInfo=socket=$1/munge/socket
StateSaveLocation=$1/state
SlurmdSpoolDir=$1/spool
SlurmctldPidFile=$1/slurmctld.pid
SlurmdPidFile=$1/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
MpiDefault=none
ReturnToService=2
KillWait=5
SchedulerParameters=sched_interval=1,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=$2 NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:1 Feature=fast State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=other Nodes=ALL MaxTime=INFINITE State=UP
CONF
}
