# What all images share: where PVE is, what the machine has, and which runner goes in. Each image's folder links this file
# and adds the local family.

packer {
  required_version = ">= 1.11.0"

  required_plugins {
    proxmox = {
      source  = "github.com/hashicorp/proxmox"
      version = "1.2.3"
    }
  }
}

variable "proxmox_url" {
  type        = string
  description = "Address of the PVE API, with /api2/json."

  validation {
    condition     = can(regex("^https://[^/]+/api2/json$", var.proxmox_url))
    error_message = "Must be like https://pve.example.com:8006/api2/json."
  }
}

variable "proxmox_username" {
  type        = string
  description = "Name of the API token, with its user and realm."

  validation {
    condition     = can(regex("^[^@!]+@[^@!]+![^@!]+$", var.proxmox_username))
    error_message = "Must name a token, like packer@pve!images; passwords are not taken."
  }
}

variable "proxmox_token" {
  type        = string
  description = "Secret of the API token."
  sensitive   = true

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.proxmox_token))
    error_message = "Must be the token's secret, which PVE shows once: a UUID."
  }
}

variable "proxmox_insecure" {
  type        = bool
  description = "Accept any certificate of PVE. Better: let this machine trust PVE's CA."
  default     = false
}

variable "proxmox_node" {
  type        = string
  description = "Node that the image is built on."
}

variable "proxmox_pool" {
  type        = string
  description = "Resource pool of the template; none if null."
  default     = null
}

variable "vm_id" {
  type        = number
  description = "VMID of the template, outside the range of the runners; the next free one if null."
  default     = null
}

variable "new_template_name" {
  type        = string
  description = "Name of the template; <family>-runner if null."
  default     = null
}

variable "storage_pool" {
  type        = string
  description = "Storage of the template's disk and cloud-init drive (content type images)."
  default     = "local-lvm"
}

variable "iso_storage_pool" {
  type        = string
  description = "Storage that PVE downloads the installer to (content type iso)."
  default     = "local"
}

variable "iso_file" {
  type        = string
  description = "An installer that PVE has already, like local:iso/name.iso; null downloads iso_url."
  default     = null
}

variable "bridge" {
  type        = string
  description = "Bridge of the network adapter."
  default     = "vmbr0"
}

variable "vlan_tag" {
  type        = string
  description = "VLAN of the network adapter; none if null."
  default     = null
}

variable "cores" {
  type        = number
  description = "Cores, while building and in the template."
  default     = 2
}

variable "memory" {
  type        = number
  description = "Memory in MiB, while building and in the template."
  default     = 8192

  validation {
    condition     = var.memory >= 2048
    error_message = "The installers need 2048 MiB."
  }
}

variable "disk_size" {
  type        = string
  description = "Size of the template's disk."
  default     = "40G"

  validation {
    condition     = can(regex("^[1-9][0-9]*G$", var.disk_size))
    error_message = "Must be in gigabytes, like 40G."
  }
}

variable "cpu_type" {
  type        = string
  description = "CPU that guests see; host is fastest where no guest migrates."
  default     = "x86-64-v2-AES"
}

variable "runner_version" {
  type        = string
  description = "Version of the actions runner. GitHub refuses runners that are more than 30 days behind."

  validation {
    condition     = can(regex("^[0-9]+\\.[0-9]+\\.[0-9]+$", var.runner_version))
    error_message = "Must be like 2.329.0, without a v."
  }
}

variable "runner_sha256" {
  type        = string
  description = "SHA-256 of that version's archive, as its release page shows it."

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.runner_sha256))
    error_message = "Must be 64 hex digits."
  }
}

variable "runner_arch" {
  type        = string
  description = "Architecture of the runner."
  default     = "x64"

  validation {
    condition     = var.runner_arch == "x64"
    error_message = "These installers are for x64 alone."
  }
}

variable "runner_user" {
  type        = string
  description = "Unprivileged user that jobs run as."
  default     = "runner"
}

locals {
  template_name = var.new_template_name == null ? "${local.family}-runner" : var.new_template_name
  built         = formatdate("YYYY-MM-DD'T'hh:mm:ss'Z'", timestamp())
  # For whoever adopts the template.
  description = "Image of dispatcher, by Packer. Family: ${local.family}. Runner: ${var.runner_version}. Built: ${local.built}."
}
