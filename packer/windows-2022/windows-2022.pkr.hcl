# Not proven on a real Windows yet: see docs/images.md.

variable "iso_url" {
  type        = string
  description = "Windows Server 2022, which PVE downloads: the evaluation edition, for 180 days."
  default     = "https://software-static.download.prss.microsoft.com/sg/download/888969d5-f34g-4e03-ac9d-1f9786c66749/SERVER_EVAL_x64FRE_en-us.iso"
}

variable "iso_checksum" {
  type        = string
  description = "Checksum of the installer, with its algorithm."
  default     = "sha256:3e4fa6d8507b554856fc9ca6079cc402df11a8b79344871669f0251535255325"
}

variable "virtio_iso_file" {
  type        = string
  description = "The VirtIO drivers and guest agent for Windows, which PVE has already."
  default     = "local:iso/virtio-win.iso"

  validation {
    condition     = can(regex("^[^:]+:iso/.+[.]iso$", var.virtio_iso_file))
    error_message = "Must name an ISO on a storage of PVE, like local:iso/virtio-win.iso."
  }
}

variable "edition" {
  type        = string
  description = "Which image of the installer is installed, by its name there."
  default     = "Windows Server 2022 SERVERSTANDARD"
}

variable "product_key" {
  type        = string
  description = "Product key; the evaluation edition needs none."
  default     = ""
  sensitive   = true
}

variable "cloudbase_init_url" {
  type        = string
  description = "Installer (MSI) of cloudbase-init."
  default     = "https://github.com/cloudbase/cloudbase-init/releases/download/1.1.6/CloudbaseInitSetup_1_1_6_x64.msi"
}

variable "cloudbase_init_sha256" {
  type        = string
  description = "SHA-256 of that installer."

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.cloudbase_init_sha256))
    error_message = "Must be 64 hex digits."
  }
}

variable "authorized_keys" {
  type        = list(string)
  description = "Public keys that may log in by SSH as administrator; with none, no SSH server is installed."
  default     = []
}

# Of an account that is disabled at the end, under another password that nobody knows.
local "build_password" {
  expression = uuidv4()
  sensitive  = true
}

locals {
  family = "windows-2022"
}

source "proxmox-iso" "runner" {
  proxmox_url              = var.proxmox_url
  username                 = var.proxmox_username
  token                    = var.proxmox_token
  insecure_skip_tls_verify = var.proxmox_insecure
  node                     = var.proxmox_node
  pool                     = var.proxmox_pool
  task_timeout             = "60m"

  vm_id                = var.vm_id
  vm_name              = local.template_name
  template_name        = local.template_name
  template_description = local.description

  boot_iso {
    type             = "sata"
    iso_file         = var.iso_file
    iso_url          = var.iso_file == null ? var.iso_url : null
    iso_checksum     = var.iso_checksum
    iso_storage_pool = var.iso_storage_pool
    iso_download_pve = var.iso_file == null
    unmount          = true
  }

  additional_iso_files {
    type     = "sata"
    iso_file = var.virtio_iso_file
    unmount  = true
  }

  # What the installer looks for on each CD. Packer needs xorriso or mkisofs for it.
  additional_iso_files {
    type             = "sata"
    iso_storage_pool = var.iso_storage_pool
    unmount          = true
    cd_label         = "dispatcher"
    cd_files         = ["${path.root}/first-logon.ps1"]
    cd_content = {
      "Autounattend.xml" = templatefile(abspath("${path.root}/Autounattend.xml"), {
        edition     = var.edition
        product_key = var.product_key
        password    = local.build_password
      })
    }
  }

  os              = "win11"
  machine         = "q35"
  bios            = "ovmf"
  cpu_type        = var.cpu_type
  cores           = var.cores
  memory          = var.memory
  scsi_controller = "virtio-scsi-single"
  qemu_agent      = true
  serials         = ["socket"]

  efi_config {
    efi_storage_pool  = var.storage_pool
    efi_type          = "4m"
    pre_enrolled_keys = true
  }

  tpm_config {
    tpm_storage_pool = var.storage_pool
    tpm_version      = "v2.0"
  }

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

  cloud_init              = true
  cloud_init_storage_pool = var.storage_pool

  # "Press any key to boot from CD".
  boot_wait    = "3s"
  boot_command = ["<spacebar><wait><spacebar><wait><spacebar><wait><spacebar>"]

  communicator   = "winrm"
  winrm_username = "Administrator"
  winrm_password = local.build_password
  winrm_use_ssl  = true
  winrm_insecure = true
  winrm_timeout  = "2h"
}

build {
  sources = ["source.proxmox-iso.runner"]

  provisioner "file" {
    source      = "${path.root}/../../templates/windows/"
    destination = "C:/Windows/Temp/dispatcher"
  }

  provisioner "powershell" {
    environment_vars = [
      "IMAGE_NAME=${local.family}",
      "RUNNER_VERSION=${var.runner_version}",
      "RUNNER_SHA256=${var.runner_sha256}",
      "RUNNER_ARCH=${var.runner_arch}",
      "RUNNER_USER=${var.runner_user}",
      "CLOUDBASE_INIT_URL=${var.cloudbase_init_url}",
      "CLOUDBASE_INIT_SHA256=${var.cloudbase_init_sha256}",
      "AUTHORIZED_KEYS=${join(";", var.authorized_keys)}",
    ]
    inline = ["& C:/Windows/Temp/dispatcher/install.ps1"]
  }

  provisioner "windows-restart" {
    restart_timeout = "15m"
  }

  # Sysprep prepares, and Packer has PVE shut the machine down.
  provisioner "powershell" {
    inline = ["& C:/Windows/Temp/dispatcher/clean.ps1"]
  }
}
