# shellcheck shell=bash
# Where nobody may be probed (forbidden.tsv): those addresses are the loopback's in the lab's namespace, so that a
# connection to them would be made, and trap.py sees it. On the host's own loopback there is no such thing.

start_trap() {
  local address
  if [[ $(lab_mode) != netns ]]; then
    say "no trap for connections to forbidden addresses: that needs a network namespace"
    return 0
  fi
  while IFS=$'\t' read -r address _; do
    case $address in
      127.* | ::1) ;;
      *:*) inside ip address add "$address/128" dev lo nodad 2>/dev/null || true ;;
      *) inside ip address add "$address/32" dev lo 2>/dev/null || true ;;
    esac
  done < <(tables traps)
  spawn trap /usr/bin/python3 "$LAB_HOME/servers/trap.py"
}
