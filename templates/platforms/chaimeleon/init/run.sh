#!/usr/bin/env bash
# Init script of an interactive image, made by c3: sets the passwords, then starts the desktop and its services.
#
#   VNC_PASSWORD, PASSWORD     of the desktop and of the user; else made at random and told below, once
#   SSH_ENABLE_PASSWORD_AUTH   `true` lets the user log in with PASSWORD; else only with keys
#   DISABLE_SFTP, TCP_FORWARDING, GATEWAY_PORTS   `true` changes what SSH does
#   RESOLUTION, X11VNC_ARGS, OPENBOX_ARGS         of the desktop
#   GUACAMOLE_USER, GUACAMOLE_PASSWORD, GUACAMOLE_URL, GUACAMOLE_CONNECTION_NAME, GUACD_HOST, VNC_HOST
#                              register the desktop with Guacamole
set -eu

# Nothing that is started here inherits the passwords.
export -n VNC_PASSWORD PASSWORD GUACAMOLE_PASSWORD

export USER=chaimeleon HOME=/home/chaimeleon LANG="${LANG:-C.UTF-8}"
export DISPLAY=:1 RESOLUTION="${RESOLUTION:-1280x800}" X11VNC_ARGS="${X11VNC_ARGS:-}" OPENBOX_ARGS="${OPENBOX_ARGS:-}"
init=$HOME/.init
session=$HOME/.session # of this container alone; volumes are elsewhere
export XDG_RUNTIME_DIR=$session XDG_CURRENT_DESKTOP=LXDE XDG_MENU_PREFIX=lxde-
export DBUS_SESSION_BUS_ADDRESS=unix:path=$session/bus

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Sixteen characters, as the guide makes them.
random_password() {
  LC_ALL=C tr -dc _A-Z-a-z-0-9 </dev/urandom | head -c16
}

# Keeps the password of the desktop, of which VNC takes eight characters, as x11vnc reads it.
keep_vnc_password() {
  local password=${VNC_PASSWORD:0:8}
  printf '%s\n' "$password" "$password" y | x11vnc -storepasswd "$session/vnc-password" >"$session/x11vnc.log" 2>&1 \
    || die "the password of the desktop (VNC_PASSWORD) can't be kept: $(tail -n 1 "$session/x11vnc.log")"
}

# Changes the password that everybody knows.
change_password() {
  local said
  [[ $PASSWORD != *$'\n'* ]] || die 'PASSWORD has more than one line'
  said=$(printf '%s\n' chaimeleon "$PASSWORD" "$PASSWORD" | LC_ALL=C passwd 2>&1) \
    || die "the default password can't be changed to PASSWORD, so nothing is started:" \
      "$(sed -E 's/(Current|New|Retype new) password: *//g' <<<"$said" | paste -s -d ' ')"
}

set_passwords() {
  local told=()
  if [ -z "${VNC_PASSWORD:-}" ]; then
    VNC_PASSWORD=$(random_password)
    told+=("VNC password, made at random: $VNC_PASSWORD")
  fi
  if [ -z "${PASSWORD:-}" ]; then
    PASSWORD=$(random_password)
    told+=("password of $USER, made at random: $PASSWORD")
  fi
  keep_vnc_password
  change_password
  touch "$session/passwords-are-set"
  [ ${#told[@]} = 0 ] || printf '%s\n' "${told[@]}"
}

# `yes` if a variable is `true`.
switch() {
  if [ "${!1:-}" = true ]; then echo yes; else echo no; fi
}

# Each container has host keys of its own.
make_host_keys() {
  local kind key
  for kind in rsa ecdsa ed25519; do
    key=$session/ssh_host_${kind}_key
    [ -e "$key" ] || ssh-keygen -q -t "$kind" -N '' -f "$key"
    ssh-keygen -l -f "$key"
  done
}

# Guacamole proxies of old know no other host keys than `ssh-rsa`.
configure_sshd() {
  cat >"$session/sshd_config" <<CONFIG
Port 2222
HostKey $session/ssh_host_rsa_key
HostKey $session/ssh_host_ecdsa_key
HostKey $session/ssh_host_ed25519_key
HostKeyAlgorithms +ssh-rsa
PidFile none
AcceptEnv LANG LC_*
AllowUsers $USER
UsePAM yes
ChallengeResponseAuthentication no
PasswordAuthentication $(switch SSH_ENABLE_PASSWORD_AUTH)
AllowTcpForwarding $(switch TCP_FORWARDING)
AllowStreamLocalForwarding $(switch TCP_FORWARDING)
GatewayPorts $(switch GATEWAY_PORTS)
CONFIG
  [ "$(switch DISABLE_SFTP)" = yes ] || echo 'Subsystem sftp internal-sftp' >>"$session/sshd_config"
}

# Tells Guacamole of the desktop; the passwords go by a pipe, as arguments and variables could be seen.
register() {
  printf '%s\0' "${GUACAMOLE_PASSWORD:-}" "$VNC_PASSWORD" "$PASSWORD" | python3 "$init/register.py" \
    || echo 'warning: the desktop is not registered with Guacamole' >&2
}

[[ $RESOLUTION =~ ^[0-9]+x[0-9]+$ ]] || die "RESOLUTION is \`$RESOLUTION\`, no size such as 1280x800"
mkdir -p "$session" && chmod 700 "$session"
if [ ! -e "$session/passwords-are-set" ]; then # else this container has been started before
  set_passwords
  if [ -n "${GUACAMOLE_USER:-}" ]; then register; fi
fi
unset VNC_PASSWORD PASSWORD GUACAMOLE_PASSWORD
make_host_keys
configure_sshd

# What a container that was ended at once has left.
rm -f /tmp/.X1-lock /tmp/.X11-unix/X1
[ -d /tmp/.X11-unix ] || mkdir -m 1777 /tmp/.X11-unix

# Some programs look at every file that they could have open, and there are engines that allow a thousand million.
if [ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -gt 65536 ]; then ulimit -n 65536; fi

if [ -f "$HOME/persistent-home/init.sh" ]; then
  echo 'starting ~/persistent-home/init.sh'
  bash "$HOME/persistent-home/init.sh" || echo "warning: ~/persistent-home/init.sh ended with $?" >&2
fi

cd "$HOME"
exec tini -s -- supervisord -n -c "$init/supervisord.conf"
