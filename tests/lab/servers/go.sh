# shellcheck shell=bash
# Go's crypto/tls in two ages, and the front that makes mail servers of raw TLS
# servers. Built once: the first build of the standard library takes 15 s.

# go_program VERSION PROGRAM: prints the path of go/PROGRAM, built with that Go.
go_program() {
  local root=$LAB_ROOTS/golang${1/./}/usr/lib/go-$1 out=$LAB_DIR/go/$2-$1
  if [[ ! -e $out || -n $(find "$LAB_HOME/servers/go/$2" "$LAB_HOME/servers/go/smtp" -newer "$out") ]]; then
    mkdir -p "$LAB_DIR/go"
    env -C "$LAB_HOME/servers/go" GOROOT="$root" HOME="$LAB_DIR/go" GOCACHE="$LAB_CACHE/go" GOTOOLCHAIN=local \
      GOPROXY=off GOFLAGS= CGO_ENABLED=0 "$root/bin/go" build -o "$out" "./$2" >&2 || die "cannot build $2 with Go $1"
  fi
  printf '%s' "$out"
}

start_go() {
  local program
  program=$(go_program 1.19 starttls)
  go_server go119 "$program" 0x0301 0x0304 all
  program=$(go_program 1.24 starttls)
  go_server go124 "$program" 0x0303 0x0304 default
  go_server go124-old "$program" 0x0301 0x0303 all
}

# go_server SERVER PROGRAM LOWEST HIGHEST SUITES
go_server() {
  spawn "$1" "$2" "${ADDRESS[$1]}" "$LAB_PKI/$1.pem" "$LAB_PKI/$1.key" "${@:3}"
}

# behind_front SERVER HOST:PORT: a raw TLS server that start_front will join with the mail server's address.
BEHIND_FRONT=()
behind_front() { BEHIND_FRONT+=("${ADDRESS[$1]}=$2"); }

start_front() {
  ((${#BEHIND_FRONT[@]})) || return 0
  local program
  program=$(go_program 1.24 front)
  spawn front "$program" "${BEHIND_FRONT[@]}"
}
