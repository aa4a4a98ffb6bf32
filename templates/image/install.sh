#!/bin/bash
# Turns a plain Debian (12, 13) or Ubuntu (22.04, 24.04) into an image whose clones take one job each. Run it as root,
# inside the system or in its chroot, from the folder that it lies in; run it as often as you like. clean.sh comes last.
#
#   RUNNER_VERSION   version of the actions runner, for example 2.330.0
#   RUNNER_SHA256    checksum of its archive
#   RUNNER_ARCH      x64 or arm64 (default: this machine's)
#   RUNNER_ARCHIVE   the archive's path (default: it is downloaded from the project's releases)
#   RUNNER_USER      who runs the jobs (default: runner)
#   IMAGE_NAME       what the image calls itself (default: the system's name)
#   EXTRA_PACKAGES   more packages, separated by spaces
#   WITH_TOOLCHAIN   no: without the compilers and tools that ordinary workflows expect (default: yes)
#   WITH_DOCKER      no: without Docker (default: yes)
#   CA_CERTIFICATES  a folder with *.crt of the site's own authorities
#   http_proxy, https_proxy, no_proxy   are kept for the jobs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin:/sbin"

complain() {
  echo "install.sh: $1" >&2
  exit 1
}

say() { echo "== $*"; }

# One temporary folder, gone at the end.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

user=${RUNNER_USER:-runner}
version=${RUNNER_VERSION:?install.sh: RUNNER_VERSION says which version of the actions runner to install}
sha256=${RUNNER_SHA256:?install.sh: RUNNER_SHA256 is the checksum of the archive of the actions runner}
archive=${RUNNER_ARCHIVE:-}
runner=/opt/actions-runner

check_inputs() {
  [ "$(id -u)" = 0 ] || complain "run it as root"
  # shellcheck source=/dev/null
  . /etc/os-release
  os="$ID $VERSION_ID"
  case $os in
    'debian 12' | 'debian 13' | 'ubuntu 22.04' | 'ubuntu 24.04') ;;
    *) complain "this is $os; it knows Debian 12 and 13, Ubuntu 22.04 and 24.04" ;;
  esac
  case ${RUNNER_ARCH:-$(dpkg --print-architecture)} in
    x64 | amd64) arch=x64 ;;
    arm64) arch=arm64 ;;
    *) complain "RUNNER_ARCH: ${RUNNER_ARCH:-$(dpkg --print-architecture)} is neither x64 nor arm64" ;;
  esac
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || complain "RUNNER_VERSION: $version is no version, write for example 2.330.0"
  [[ $sha256 =~ ^[0-9a-f]{64}$ ]] || complain "RUNNER_SHA256: it has 64 digits from 0 to f"
  if [[ ! $user =~ ^[a-z_][a-z0-9_-]{0,31}$ || $user == root ]]; then complain "RUNNER_USER: $user cannot run the jobs"; fi
  [ -z "$archive" ] || [ -r "$archive" ] || complain "RUNNER_ARCHIVE: there is no file $archive"
  for name in WITH_DOCKER WITH_TOOLCHAIN; do
    [[ ${!name:-yes} =~ ^(yes|no)$ ]] || complain "$name: ${!name} is neither yes nor no"
  done
}

# Those of the given packages that this release has: some are called differently, or are part of others.
known() {
  for package in "$@"; do
    # All of its output is read: a pipe that is closed early would count as a failure.
    if apt-cache show --no-all-versions "$package" 2>/dev/null | grep ^Filename >/dev/null; then echo "$package"; fi
  done
}

packages() {
  say "packages"
  apt-get update -q
  local wanted=(qemu-guest-agent cloud-init cloud-guest-utils ca-certificates curl sudo git netplan.io)
  local also=(util-linux-extra dbus iproute2)
  if [ "${WITH_TOOLCHAIN:-yes}" = yes ]; then
    wanted+=(build-essential cmake python3 python3-venv pkg-config jq zip unzip xz-utils zstd gnupg openssh-client rsync)
    also+=(git-lfs lsb-release file tzdata python3-pip libicu-dev)
  fi
  if [ "${WITH_DOCKER:-yes}" = yes ]; then
    wanted+=(docker.io iptables)
    case $os in
      ubuntu*) also+=(docker-buildx docker-compose-v2) ;;
      'debian 13') also+=(docker-cli docker-buildx docker-compose) ;;
    esac
  fi
  local extra
  read -ra extra <<<"${EXTRA_PACKAGES:-}"
  mapfile -t also < <(known "${also[@]}")
  apt-get install -qy --no-install-recommends "${wanted[@]}" "${also[@]}" ${extra[@]+"${extra[@]}"}
}

# Whoever runs the jobs has no password, and all rights without one, as on GitHub's own runners.
runner_user() {
  say "user $user"
  id "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --comment "Runs the jobs" "$user"
  usermod --lock "$user"
  if getent group docker >/dev/null; then usermod --append --groups docker "$user"; fi
  cat >"$work/sudoers" <<EOF
$user ALL=(ALL:ALL) NOPASSWD:ALL
Defaults:$user env_keep += "http_proxy https_proxy no_proxy NODE_EXTRA_CA_CERTS DEBIAN_FRONTEND"
EOF
  visudo -cqf "$work/sudoers"
  install -m 0440 "$work/sudoers" /etc/sudoers.d/dispatcher
}

# Unpacked beside and then put into place whole, and only when its checksum is right.
actions_runner() {
  say "actions runner $version"
  if [ "$(cat "$runner/.dispatcher-sha256" 2>/dev/null)" = "$sha256" ]; then
    echo "it is there already"
    return
  fi
  local file=$archive
  if [ -z "$file" ]; then
    file=$work/runner.tar.gz
    curl --fail --silent --show-error --location --retry 3 --output "$file" \
      "https://github.com/actions/runner/releases/download/v$version/actions-runner-linux-$arch-$version.tar.gz"
  fi
  echo "$sha256  $file" | sha256sum --check --quiet || complain "the archive of the actions runner has another checksum"
  rm -rf "$runner.new"
  mkdir -p "$runner.new"
  tar -xzf "$file" -C "$runner.new" --no-same-owner
  echo "$sha256" >"$runner.new/.dispatcher-sha256"
  # User-data of the old kind calls this one.
  install -m 0755 run-once.sh "$runner.new/run-once.sh"
  chown -R "$user:" "$runner.new"
  rm -rf "$runner"
  mv "$runner.new" "$runner"
  # What its runtime needs under each release's own names.
  if [ -x "$runner/bin/installdependencies.sh" ]; then (cd "$runner" && ./bin/installdependencies.sh); fi
}

own_files() {
  say "run-once, hooks and units"
  install -d -m 0755 /opt/dispatcher /etc/dispatcher
  install -m 0755 run-once job-started.sh job-completed.sh /opt/dispatcher/
  install -m 0644 dispatcher-runner.service dispatcher-arm.path /etc/systemd/system/
  install -m 0644 tmpfiles.conf /etc/tmpfiles.d/dispatcher.conf
  systemctl enable dispatcher-arm.path
}

# For the runner and Docker; cloud-init, apt and everything else have their own ways.
site_settings() {
  say "proxy and certificates"
  local name
  : >"$work/environment"
  for name in http_proxy https_proxy no_proxy; do
    if [ -n "${!name:-}" ]; then echo "$name=${!name}" >>"$work/environment"; fi
  done
  if [ -n "${CA_CERTIFICATES:-}" ]; then
    install -d -m 0755 /usr/local/share/ca-certificates
    install -m 0644 "$CA_CERTIFICATES"/*.crt /usr/local/share/ca-certificates/
    update-ca-certificates
    # Actions in JavaScript bring their own list of authorities.
    echo NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt >>"$work/environment"
  fi
  # Written by hand it stays.
  if [ -s "$work/environment" ] || [ ! -e /etc/dispatcher/environment ]; then
    install -m 0644 "$work/environment" /etc/dispatcher/environment
  fi
  install -d -m 0755 /etc/systemd/system/docker.service.d
  printf '[Service]\nEnvironmentFile=-/etc/dispatcher/environment\n' >/etc/systemd/system/docker.service.d/dispatcher.conf
}

# The seed, a fresh identity for each clone, and any network card of a virtual machine.
cloud_init() {
  say "cloud-init and network"
  cat >/etc/cloud/cloud.cfg.d/90-dispatcher.cfg <<'EOF'
datasource_list: [NoCloud, ConfigDrive, None]
preserve_hostname: false
ssh_deletekeys: true
system_info:
  network:
    renderers: [netplan]
    activators: [netplan]
EOF
  # An installer's own settings name the card of the machine that it ran on.
  rm -f /etc/netplan/*.yaml /etc/cloud/cloud.cfg.d/*subiquity* /etc/cloud/cloud.cfg.d/*installer* /etc/cloud/ds-identify.cfg
  rm -f /etc/cloud/cloud-init.disabled /etc/network/interfaces.d/*
  if [ -e /etc/network/interfaces ]; then printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces; fi
  # Its name comes last, so that what cloud-init writes for a card goes before it.
  cat >/etc/netplan/90-dispatcher.yaml <<'EOF'
network:
  version: 2
  renderer: networkd
  ethernets:
    zz-any:
      match: {name: "e*"}
      dhcp4: true
      dhcp-identifier: mac
      optional: true
EOF
  chmod 0600 /etc/netplan/90-dispatcher.yaml
  systemctl enable systemd-networkd.service
}

# Nothing may look for updates while a job runs, and nobody logs in where nobody has a password.
quiet() {
  say "background work off, console on"
  systemctl mask apt-daily.service apt-daily.timer apt-daily-upgrade.service apt-daily-upgrade.timer \
    unattended-upgrades.service man-db.timer motd-news.timer serial-getty@ttyS0.service
  install -d -m 0755 /etc/apt/apt.conf.d
  printf 'APT::Periodic::Enable "0";\n' >/etc/apt/apt.conf.d/99dispatcher
  # /dev/console, where run-once says why it failed, is the last of these: what PVE calls serial0.
  if [ -e /etc/default/grub ]; then
    install -d -m 0755 /etc/default/grub.d
    # shellcheck disable=SC2016
    echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX console=tty0 console=ttyS0,115200"' >/etc/default/grub.d/90-dispatcher.cfg
    if command -v update-grub >/dev/null && [ -e /boot/grub/grub.cfg ]; then update-grub; fi
  else
    echo "no GRUB here: whoever boots this kernel gives it console=ttyS0"
  fi
}

facts() {
  say "facts"
  local built=${SOURCE_DATE_EPOCH:-$(date +%s)}
  {
    printf '{\n  "name": "%s",\n  "builtAt": "%s",\n' "${IMAGE_NAME:-${os/ /-}}" "$(date -u -d "@$built" +%FT%TZ)"
    printf '  "os": "%s",\n  "runner": {"version": "%s", "sha256": "%s"},\n  "packages": {\n' "$os" "$version" "$sha256"
    # shellcheck disable=SC2016
    dpkg-query -Wf '${Package} ${Version}\n' | sort -u -k 1,1 | sed 's/^\(.*\) \(.*\)$/    "\1": "\2",/; $s/,$//'
    printf '  }\n}\n'
  } >"$work/image.json"
  install -m 0644 "$work/image.json" /etc/dispatcher/image.json
}

# The last step that needs names of hosts: its package takes /etc/resolv.conf over, and in a chroot nothing answers then.
resolver() {
  if [ -n "$(known systemd-resolved)" ]; then
    apt-get install -qy --no-install-recommends systemd-resolved
  fi
  systemctl enable systemd-resolved.service
}

check_inputs
packages
runner_user
actions_runner
own_files
site_settings
cloud_init
quiet
resolver
facts
say "done: clean.sh is next"
