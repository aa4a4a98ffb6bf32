variable "iso_url" {
  type        = string
  description = "Debian 13's network installer, which PVE downloads. What it installs is current, whatever its point release."
  default     = "https://cdimage.debian.org/cdimage/archive/13.0.0/amd64/iso-cd/debian-13.0.0-amd64-netinst.iso"
}

variable "iso_checksum" {
  type        = string
  description = "Checksum of the installer, with its algorithm."
  default     = "sha256:e363cae0f1f22ed73363d0bde50b4ca582cb2816185cf6eac28e93d9bb9e1504"
}

locals {
  family    = "debian-13"
  boot_wait = "8s"

  boot_command = [
    "<esc><wait>",
    "auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg hostname=image domain= interface=auto<enter>",
  ]

  answers = {
    "/preseed.cfg" = templatefile(abspath("${path.root}/preseed.cfg"), {
      username      = var.ssh_username
      password_hash = local.build_password_hash
      proxy         = var.proxy
    })
  }
}
