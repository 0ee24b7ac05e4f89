#!/usr/bin/env bash
# A Kubernetes of one node, until it is told to end: `node.sh PROGRAMS LOGS`, as root; see engine.sh. The API is at
# https://10.88.7.1:6443, an address that only this machine and its pods have. Everything is new at each start, and nothing
# is left at the end.
set -uo pipefail

programs=$1 logs=$2
home=/var/lib/c3-k8s run=/run/c3-k8s
bridge=c3cni0 address=10.88.7.1 etcd=http://127.0.0.1:22379
export PATH=$PATH:/usr/sbin:/sbin
tunables=(vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys kernel.keys.root_maxbytes)
running=() kept=()

# Starts a part in the background, in a session of its own, which is a process group too: `part NAME COMMAND...`.
part() {
  local name=$1
  shift
  setsid "$@" >"$logs/$name.log" 2>&1 </dev/null &
  running+=($!)
}

# Waits until a command succeeds: `await COMMAND...`.
await() {
  for _ in $(seq 1 240); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.25
  done
  echo "waited too long for: $*"
  return 1
}

# The control groups of the node, and of its pods, in each hierarchy.
control_groups() { find /sys/fs/cgroup -depth -type d -path '*/c3-k8s*' 2>/dev/null; }

pod_processes() { control_groups | while read -r group; do cat "$group/cgroup.procs" 2>/dev/null; done | sort -u; }

# Ends what is left of pods, and takes away what a node leaves on its machine.
tidy() {
  { pod_processes; pgrep -f -- "-address $run/containerd.sock"; } | xargs -r kill -9
  for _ in $(seq 1 40); do [ -n "$(pod_processes)" ] || break; sleep 0.25; done
  awk '{print $2}' /proc/mounts | grep -E "^($home|$run)/" | sort -r | while read -r mount; do umount -l "$mount"; done
  ip link del $bridge 2>/dev/null
  control_groups | while read -r group; do rmdir "$group"; done
  rm -rf $home $run /var/lib/cni/results/c3-* /var/lib/cni/cache/results/c3-*
}

# Ends everything. Nothing is kept, so nobody gets time to tidy up.
end() {
  trap '' TERM INT HUP
  [ ${#running[@]} = 0 ] || kill -9 -- "${running[@]/#/-}" 2>/dev/null
  tidy 2>/dev/null
  [ ${#kept[@]} = 0 ] || sysctl -q -e -w "${kept[@]}"
  exit "$1"
}

containerd_settings() {
  cat <<TOML
version = 2
root = "$home/containerd"
state = "$run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "$run/containerd.sock"
[ttrpc]
  address = "$run/containerd.sock.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "$home/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "127.0.0.1:5000/c3-test/pause:1"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
      Root = "$run/runc"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$home/net.d"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$home/certs.d"
TOML
}

# Images of Docker Hub come from the registry on loopback.
registry_settings() {
  cat <<'TOML'
server = "http://127.0.0.1:5000"
[host."http://127.0.0.1:5000"]
  capabilities = ["pull", "resolve"]
TOML
}

network_settings() {
  cat <<JSON
{"cniVersion": "0.4.0", "name": "c3", "plugins": [{"type": "bridge", "bridge": "$bridge", "isGateway": true, "ipMasq": false,
 "hairpinMode": true, "ipam": {"type": "host-local", "dataDir": "$run/addresses", "ranges": [[{"subnet": "10.88.7.0/24",
 "rangeStart": "10.88.7.10", "gateway": "$address"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
JSON
}

kubelet_settings() {
  cat <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://$run/containerd.sock
address: $address
healthzPort: 0
cgroupDriver: cgroupfs
cgroupRoot: /c3-k8s
failSwapOn: false
failCgroupV1: false
oomScoreAdj: 0
maxOpenFiles: $(ulimit -Hn | sed 's/unlimited/1000000/')
makeIPTablesUtilChains: false
localStorageCapacityIsolation: false
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
maxPods: 60
clusterDNS: [10.96.0.10]
nodeStatusUpdateFrequency: 5s
syncFrequency: 10s
serializeImagePulls: false
YAML
}

# What every part of the cluster calls the API with: `login TOKEN`.
login() {
  cat <<YAML
apiVersion: v1
kind: Config
clusters: [{name: c3, cluster: {server: "https://$address:6443", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: "$1"}}]
contexts: [{name: c3, context: {cluster: c3, user: admin}}]
current-context: c3
YAML
}

# Writes all settings and keys; the file of the login is last.
settings() {
  local token
  mkdir -p $home/net.d $home/certs.d/docker.io $home/kubelet $run
  chmod 711 $home $run
  containerd_settings >$home/containerd.toml
  registry_settings >$home/certs.d/docker.io/hosts.toml
  network_settings >$home/net.d/10-c3.conflist
  kubelet_settings >$home/kubelet.yaml
  (umask 077; openssl genrsa -out $home/accounts.key 2048 2>/dev/null)
  token=$(openssl rand -hex 16)
  (umask 077; echo "$token,admin,admin,system:masters" >$home/tokens.csv)
  (umask 077; login "$token" >$home/admin.conf)
}

# The bridge of the pods, with the address of the API, and the control groups that they lie below.
surroundings() {
  local hierarchy
  ip link add $bridge type bridge && ip address add $address/24 dev $bridge && ip link set $bridge up || return
  [ ! -e /sys/fs/cgroup/cpuset/cgroup.clone_children ] || echo 1 >/sys/fs/cgroup/cpuset/cgroup.clone_children
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p /sys/fs/cgroup/c3-k8s
    return
  fi
  for hierarchy in /sys/fs/cgroup/*/; do mkdir -p "$hierarchy/c3-k8s" 2>/dev/null; done
  return 0
}

control_plane() {
  local login=("--kubeconfig=$home/admin.conf" "--authentication-kubeconfig=$home/admin.conf")
  login+=("--authorization-kubeconfig=$home/admin.conf")
  part etcd "$programs/etcd" --data-dir $home/etcd --listen-client-urls $etcd --advertise-client-urls $etcd \
    --listen-peer-urls http://127.0.0.1:22380 --initial-advertise-peer-urls http://127.0.0.1:22380 \
    --initial-cluster default=http://127.0.0.1:22380 --unsafe-no-fsync
  part apiserver "$programs/kube-apiserver" --etcd-servers=$etcd --bind-address=$address --secure-port=6443 \
    --advertise-address=$address --cert-dir=$home/pki --service-cluster-ip-range=10.96.0.0/16 \
    --token-auth-file=$home/tokens.csv --authorization-mode=Node,RBAC --allow-privileged=true \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=$home/accounts.key \
    --service-account-signing-key-file=$home/accounts.key --disable-admission-plugins=StorageObjectInUseProtection \
    --endpoint-reconciler-type=none --max-requests-inflight=100 --kubelet-preferred-address-types=InternalIP --v=1
  await "$programs/kubectl" --kubeconfig=$home/admin.conf get --raw /readyz || return
  part controllers "$programs/kube-controller-manager" "${login[@]}" --leader-elect=false --use-service-account-credentials \
    --service-account-private-key-file=$home/accounts.key --root-ca-file=$home/pki/apiserver.crt --cluster-cidr=10.88.7.0/24 \
    --controllers='*,-nodeipam,-cloud-node-lifecycle,-service-lb-controller' --v=1
  part scheduler "$programs/kube-scheduler" "${login[@]}" --leader-elect=false --v=1
}

node() {
  part containerd containerd --config $home/containerd.toml
  await test -S $run/containerd.sock || return
  # As on other nodes, it is started again if it dies.
  # shellcheck disable=SC2016
  part kubelet bash -c 'while "$@" || true; do sleep 1; done' again "$programs/kubelet" --config=$home/kubelet.yaml --kubeconfig=$home/admin.conf --hostname-override=c3node \
    --node-ip=$address --root-dir=$home/kubelet --cert-dir=$home/kubelet/pki --v=1
}

trap 'end 0' TERM INT HUP
mapfile -t kept < <(sysctl -e "${tunables[@]}" 2>/dev/null | sed 's/ = /=/')
tidy 2>/dev/null
{ settings && surroundings && control_plane && node; } || end 1
# The end of one part is the end of all.
wait -n "${running[@]}"
echo "a part has ended; see $logs"
end 1
