# shellcheck shell=sh
# What `sh` does with an entry point: it starts R on the script, hands signals on and stays until R has ended. R alone
# would ignore SIGTERM as the first process of a container, and leave orphans unreaped.
#
# For R all of this is one text in single quotes: there are neither those here nor backslashes. Names begin with `c3_`,
# as an assignment to a variable of the environment would reach the script.

# The second line of this file names the script, which stands beside it.
{ read -r c3_script; IFS= read -r c3_script; } < "$0"
c3_script=${c3_script#"# script: "}
case $0 in */*) c3_script=${0%/*}/$c3_script ;; esac

# shellcheck disable=SC3013
c3_is_own() { test "$1" -ef "$0" || test "$1" -ef "$c3_script"; }

# Engines that know of no entry point of an image pass its command once more; that of older manifests has an `env`.
case ${1-}:${2-} in
  env:R_PROFILE_USER=* | */env:R_PROFILE_USER=*) if c3_is_own "${4-}"; then shift 2; fi ;;
esac
case ${1-} in
  sh | */sh | Rscript | */Rscript) if c3_is_own "${2-}"; then shift 2; fi ;;
esac

# A program that was asked for takes the place of the operator.
case ${1##*/} in
  sh | bash | env | R | Rscript) if command -v "$1" > /dev/null 2>&1; then exec "$@"; fi ;;
esac

# R starts only where it can write temporary files.
c3_holds_files() { test -d "$1" && test -w "$1" && test -x "$1"; }

c3_find_folder() {
  for c3_folder in "${TMPDIR-}" "${TMP-}" "${TEMP-}" /tmp; do
    if c3_holds_files "$c3_folder"; then return; fi
  done
  for c3_folder in /var/tmp "$PWD" /dev/shm; do
    case $c3_folder in *" "*) continue ;; esac
    if c3_holds_files "$c3_folder"; then export TMPDIR="$c3_folder" && return; fi
  done
  cat >&2 <<"C3"
error: there is no folder that R can write temporary files to
hint: mount one, as `docker run --tmpfs /tmp` does, or name one by `TMPDIR`
C3
  exit 1
}
c3_find_folder

# What R gets that a child in the background would not: the standard input, and signals that are not ignored.
if test -d /proc/self/fd && ! test -h /proc/self/fd/0; then exec < /dev/null; fi
exec 9<&0
c3_signals=--default-signal=INT,QUIT
if ! env "$c3_signals" true 2> /dev/null; then c3_signals=C3_PARENT=; fi

# Whether the terminal sends its signals to this process: R has them already.
c3_is_in_front() {
  { read -r c3_line < "/proc/$$/stat"; } 2> /dev/null || return
  # shellcheck disable=SC2086
  set -- ${c3_line##*") "}
  test "$3" = "$6"
}

# The name of a process; a child has that of the shell until its program has taken its place.
c3_name_of() { { read -r c3_name < "/proc/$1/comm"; } 2> /dev/null || c3_name=; }

# Until then the child still has the traps of the shell, and would lose the signal.
c3_await_program() {
  c3_name_of "$$"
  c3_own=$c3_name
  if test -z "$c3_own"; then return; fi
  c3_turn=0
  while test "$c3_turn" -lt 20000; do
    c3_name_of "$c3_child"
    if test "$c3_name" != "$c3_own"; then return; fi
    c3_turn=$((c3_turn + 1))
  done
}

c3_forward() {
  c3_caught=$1
  if test -z "$c3_child"; then return; fi
  c3_await_program
  case $1 in
    INT) if ! c3_is_in_front; then kill -s INT "$c3_child"; fi ;;
    QUIT) kill -s TERM "$c3_child" ;;
    *) kill -s "$1" "$c3_child" ;;
  esac 2> /dev/null
}

c3_child=
c3_caught=
for c3_signal in HUP INT QUIT USR1 USR2 TERM; do
  # shellcheck disable=SC2064
  trap "c3_forward $c3_signal" "$c3_signal"
done

# R reads what its own start changes of the environment from this process.
env "$c3_signals" "C3_PARENT=$$" "R_PROFILE_USER=$0" Rscript "$c3_script" "$@" <&9 9<&- &
c3_child=$!
if test "$c3_caught"; then c3_forward "$c3_caught"; fi

# To wait is over when a signal has come, or when R has ended; whoever waits twice for it is told 127.
c3_code=0
c3_again=
c3_caught=again
while test "$c3_caught"; do
  c3_caught=
  wait "$c3_child" 2> /dev/null
  c3_last=$?
  if test "$c3_last" != 127 || test -z "$c3_again"; then c3_code=$c3_last; fi
  c3_again=yes
done
exit "$c3_code"
