# Lets Packer in, once Windows is installed: the guest agent, which tells PVE the address, and WinRM over TLS.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$drivers = Get-Volume | Where-Object { $_.DriveLetter -and (Test-Path "$($_.DriveLetter):\virtio-win-gt-x64.msi") } |
    Select-Object -First 1
if ($null -eq $drivers) { throw 'no CD with the VirtIO drivers is in a drive' }
foreach ($package in 'virtio-win-gt-x64.msi', 'guest-agent\qemu-ga-x86_64.msi') {
    $arguments = "/i $($drivers.DriveLetter):\$package /qn /norestart"
    $ended = Start-Process msiexec.exe -ArgumentList $arguments -Wait -PassThru
    if ($ended.ExitCode -notin 0, 3010) { throw "$package could not be installed: msiexec ended with $($ended.ExitCode)" }
}
Start-Service QEMU-GA

# For the build alone: clean.ps1 takes back all of it.
Get-NetConnectionProfile | Set-NetConnectionProfile -NetworkCategory Private
Enable-PSRemoting -SkipNetworkProfileCheck -Force
Get-ChildItem WSMan:\localhost\Listener | Where-Object { $_.Keys -contains 'Transport=HTTP' } | Remove-Item -Recurse -Force
$certificate = New-SelfSignedCertificate -DnsName 'image' -CertStoreLocation Cert:\LocalMachine\My
New-Item -Path WSMan:\localhost\Listener -Transport HTTPS -Address * -CertificateThumbPrint $certificate.Thumbprint -Force
Set-Item WSMan:\localhost\Service\Auth\Basic $true
New-NetFirewallRule -Name 'dispatcher-build' -DisplayName 'WinRM while the image is built' -Direction Inbound `
    -Protocol TCP -LocalPort 5986 -Action Allow
