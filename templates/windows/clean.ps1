# The last step: takes back what the build needed, and has sysprep make each clone a machine of its own. Whoever runs it
# then shuts the machine down.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$conf = 'C:\Program Files\Cloudbase Solutions\Cloudbase-Init\conf'
Stop-ScheduledTask -TaskName 'dispatcher-arm' -ErrorAction SilentlyContinue
Remove-Item 'C:\ProgramData\dispatcher\*' -Recurse -Force -ErrorAction SilentlyContinue

# The build's way in: WinRM, its certificate, and a password that others may have seen.
Remove-NetFirewallRule -Name 'dispatcher-build' -ErrorAction SilentlyContinue
Set-Item WSMan:\localhost\Service\Auth\Basic $false
Set-Service WinRM -StartupType Disabled
Get-ChildItem Cert:\LocalMachine\My | Where-Object { $_.Subject -eq 'CN=image' } | Remove-Item
$winlogon = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
foreach ($name in 'DefaultPassword', 'AutoAdminLogon', 'AutoLogonCount') {
    Remove-ItemProperty -Path $winlogon -Name $name -ErrorAction SilentlyContinue
}
Remove-Item 'C:\Windows\Panther\unattend.xml', 'C:\Windows\Panther\Unattend\*', 'C:\Windows\System32\Sysprep\unattend.xml' `
    -Recurse -Force -ErrorAction SilentlyContinue
$administrator = Get-LocalUser | Where-Object { "$($_.SID)".EndsWith('-500') }
$password = ConvertTo-SecureString "$([Guid]::NewGuid())-aA1" -AsPlainText -Force
$administrator | Set-LocalUser -Password $password
$administrator | Disable-LocalUser

Get-ChildItem 'C:\Program Files\Cloudbase Solutions\Cloudbase-Init\log' -ErrorAction SilentlyContinue | Remove-Item -Force
Remove-Item 'C:\Windows\Temp\*' -Recurse -Force -ErrorAction SilentlyContinue
wevtutil.exe el | ForEach-Object { wevtutil.exe cl $_ 2>$null }
$LASTEXITCODE = 0

Set-Service cloudbase-init -StartupType Automatic
$sysprep = "$env:SystemRoot\System32\Sysprep\sysprep.exe"
$ended = Start-Process $sysprep -ArgumentList "/generalize /oobe /quit `"/unattend:$conf\Unattend.xml`"" -Wait -PassThru
if ($ended.ExitCode -ne 0) { throw "sysprep ended with $($ended.ExitCode)" }
$state = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State'
$found = (Get-ItemProperty $state).ImageState
if ($found -ne 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE') { throw "sysprep left the image in the state $found" }
