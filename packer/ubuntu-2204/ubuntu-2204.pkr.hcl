variable "iso_url" {
  type        = string
  description = "Ubuntu Server 22.04, which PVE downloads; older point releases move to old-releases.ubuntu.com."
  default     = "https://releases.ubuntu.com/22.04/ubuntu-22.04.5-live-server-amd64.iso"
}

variable "iso_checksum" {
  type        = string
  description = "Checksum of the installer, with its algorithm."
  default     = "sha256:9bc6028870aef3f74f4e16b900008179e78b130e6b0b9a140635434a46aa98b0"
}

locals {
  family    = "ubuntu-2204"
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
