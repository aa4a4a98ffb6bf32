# What the Linux images share beside proxmox.pkr.hcl: the machine and the steps. Each image's folder links this file, and
# adds iso_url, iso_checksum and the locals boot_wait, boot_command and answers (what its installer fetches from Packer).

variable "http_bind_address" {
  type        = string
  description = "Address of this machine that the installer fetches its answers from."
  default     = "0.0.0.0"
}

variable "http_interface" {
  type        = string
  description = "Network interface whose address the installer is told; the first one if null."
  default     = null
}

variable "ssh_username" {
  type        = string
  description = "Account of the build; it is removed at the end."
  default     = "packer"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.ssh_username)) && var.ssh_username != "root"
    error_message = "Must be an ordinary account's name, not root."
  }
}

variable "ssh_password" {
  type        = string
  description = "Not needed any more: a random one per build if null. Its account is removed in any case."
  default     = null
  sensitive   = true
}

variable "ssh_password_hash" {
  type        = string
  description = "Not needed any more: made from the password if null."
  default     = null
  sensitive   = true
}

variable "extra_packages" {
  type        = list(string)
  description = "Packages beside those of every image, which brings the usual toolchain."
  default     = []
}

variable "with_docker" {
  type        = bool
  description = "Install Docker, and let the runner's user use it."
  default     = true
}

variable "proxy" {
  type        = string
  description = "HTTP proxy of the build, like http://proxy.example.com:3128; none if empty."
  default     = ""
}

local "build_password" {
  expression = var.ssh_password == null ? uuidv4() : var.ssh_password
  sensitive  = true
}

local "build_password_hash" {
  expression = var.ssh_password_hash == null ? bcrypt(local.build_password) : var.ssh_password_hash
  sensitive  = true
}

locals {
  as_root = "sudo env {{ .Vars }} bash -e {{ .Path }}"
}

source "proxmox-iso" "runner" {
  proxmox_url              = var.proxmox_url
  username                 = var.proxmox_username
  token                    = var.proxmox_token
  insecure_skip_tls_verify = var.proxmox_insecure
  node                     = var.proxmox_node
  pool                     = var.proxmox_pool
  # PVE downloads the installer within one task.
  task_timeout = "30m"

  vm_id                = var.vm_id
  vm_name              = local.template_name
  template_name        = local.template_name
  template_description = local.description

  boot_iso {
    type             = "ide"
    iso_file         = var.iso_file
    iso_url          = var.iso_file == null ? var.iso_url : null
    iso_checksum     = var.iso_checksum
    iso_storage_pool = var.iso_storage_pool
    iso_download_pve = var.iso_file == null
    unmount          = true
  }

  os              = "l26"
  cpu_type        = var.cpu_type
  cores           = var.cores
  memory          = var.memory
  scsi_controller = "virtio-scsi-single"
  qemu_agent      = true
  # Why a guest has ended stands on its serial console.
  serials = ["socket"]

  disks {
    type         = "scsi"
    storage_pool = var.storage_pool
    disk_size    = var.disk_size
    io_thread    = true
    discard      = true
    ssd          = true
  }

  network_adapters {
    model    = "virtio"
    bridge   = var.bridge
    vlan_tag = var.vlan_tag
  }

  # The template's own drive for cloud-init: the seed takes its place in each clone.
  cloud_init              = true
  cloud_init_storage_pool = var.storage_pool

  http_content      = local.answers
  http_bind_address = var.http_bind_address
  http_interface    = var.http_interface
  boot_wait         = local.boot_wait
  boot_command      = local.boot_command

  communicator = "ssh"
  ssh_username = var.ssh_username
  ssh_password = local.build_password
  ssh_timeout  = "30m"
}

build {
  sources = ["source.proxmox-iso.runner"]

  provisioner "shell" {
    inline = ["mkdir /tmp/dispatcher"]
  }

  provisioner "file" {
    source      = "${path.root}/../../templates/image"
    destination = "/tmp/dispatcher"
  }

  provisioner "shell" {
    execute_command = local.as_root
    environment_vars = [
      "IMAGE_NAME=${local.family}",
      "RUNNER_VERSION=${var.runner_version}",
      "RUNNER_SHA256=${var.runner_sha256}",
      "RUNNER_ARCH=${var.runner_arch}",
      "RUNNER_USER=${var.runner_user}",
      "EXTRA_PACKAGES=${join(" ", var.extra_packages)}",
      "WITH_DOCKER=${var.with_docker ? "yes" : "no"}",
      "http_proxy=${var.proxy}",
      "https_proxy=${var.proxy}",
    ]
    inline = ["bash /tmp/dispatcher/image/install.sh"]
  }

  provisioner "shell" {
    execute_command = local.as_root
    script          = "${path.root}/../common/forget-installer.sh"
  }

  # The account goes with the step that cleans: after it nobody can log in, not even to remove the script itself.
  provisioner "shell" {
    execute_command   = local.as_root
    environment_vars  = ["BUILD_USER=${var.ssh_username}"]
    script            = "${path.root}/../common/leave.sh"
    skip_clean        = true
    expect_disconnect = true
  }
}
