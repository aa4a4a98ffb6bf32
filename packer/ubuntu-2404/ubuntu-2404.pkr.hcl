variable "iso_url" {
  type        = string
  description = "Ubuntu Server 24.04, which PVE downloads; older point releases move to old-releases.ubuntu.com."
  default     = "https://releases.ubuntu.com/24.04/ubuntu-24.04.4-live-server-amd64.iso"
}

variable "iso_checksum" {
  type        = string
  description = "Checksum of the installer, with its algorithm."
  default     = "sha256:e907d92eeec9df64163a7e454cbc8d7755e8ddc7ed42f99dbc80c40f1a138433"
}

locals {
  family    = "ubuntu-2404"
  boot_wait = "5s"

  # GRUB's own command line: the menu's entries differ between point releases.
  boot_command = [
    "c<wait>",
    "linux /casper/vmlinuz autoinstall ds=\"nocloud-net;s=http://{{ .HTTPIP }}:{{ .HTTPPort }}/\" ---<enter><wait5>",
    "initrd /casper/initrd<enter><wait5>",
    "boot<enter>",
  ]

  answers = {
    "/meta-data" = "instance-id: image\n"
    "/user-data" = templatefile(abspath("${path.root}/../common/autoinstall.yaml"), {
      username      = var.ssh_username
      password_hash = local.build_password_hash
      proxy         = var.proxy
    })
  }
}
