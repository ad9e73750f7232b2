# shellcheck shell=bash
# The servers that misbehave on purpose, all in one process.

start_scripted() {
  local id roles=()
  for id in plain greet554 greet421 limit3 stripped starttls454 silent fussy closenotify limit3-again late40; do
    roles+=("$id=${ADDRESS[$id]}")
  done
  spawn scripted /usr/bin/python3 "$LAB_HOME/servers/scripted.py" "${ADDRESS[ngx-modern]}" "${roles[@]}"
}
