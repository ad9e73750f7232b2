# shellcheck shell=bash
# Erlang's ssl application, OTP 25. Its start script has the place of an
# installed Erlang in it, so the emulator is called without it.

start_erlang() {
  local root bin out=$LAB_DIR/erlang erl
  root=$(root_of erlang)/usr/lib/erlang
  bin=$(echo "$root"/erts-*/bin)
  erl=(env ROOTDIR="$root" BINDIR="$bin" EMU=beam PROGNAME=erl HOME="$LAB_DIR" "$bin/erlexec" -noinput)
  if [[ ! $out/starttls.beam -nt $LAB_HOME/servers/starttls.erl ]]; then
    mkdir -p "$out"
    "${erl[@]}" -eval "case compile:file(\"$LAB_HOME/servers/starttls\", [report, {outdir, \"$out\"}]) of
      {ok, _} -> halt(0); _ -> halt(1) end" >&2 || die "cannot compile starttls.erl"
  fi
  make_dh
  spawn otp25 "${erl[@]}" -pa "$out" -run starttls main \
    "${ADDRESS[otp25]}" "$LAB_PKI/otp25.pem" "$LAB_PKI/otp25.key" "$LAB_DIR/dh1024.pem"
}
