# Turns a plain Windows Server into an image: run it as administrator, then clean.ps1. It may be run again.
#
# Environment: RUNNER_VERSION, RUNNER_SHA256, RUNNER_ARCH (x64), RUNNER_USER, IMAGE_NAME, CLOUDBASE_INIT_URL,
# CLOUDBASE_INIT_SHA256, AUTHORIZED_KEYS (separated by semicolons; none: no SSH server).
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

$runs = 'C:\ProgramData\dispatcher'
$programs = 'C:\Program Files\dispatcher'
$runner = 'C:\actions-runner'
$user = if ($env:RUNNER_USER) { $env:RUNNER_USER } else { 'runner' }
$arch = if ($env:RUNNER_ARCH) { $env:RUNNER_ARCH } else { 'x64' }

foreach ($name in 'RUNNER_VERSION', 'RUNNER_SHA256', 'CLOUDBASE_INIT_URL', 'CLOUDBASE_INIT_SHA256') {
    if (-not [Environment]::GetEnvironmentVariable($name)) { throw "install.ps1: $name is missing" }
}

function Get-Checked([string] $url, [string] $sha256, [string] $path) {
    Invoke-WebRequest -Uri $url -OutFile $path -UseBasicParsing
    $found = (Get-FileHash -Path $path -Algorithm SHA256).Hash
    if ($found -ne $sha256) {
        Remove-Item $path -Force
        throw "${url}: its SHA-256 is $($found.ToLower()), not $sha256"
    }
}

# SYSTEM and administrators, by the names that every language has; whatever is made in it inherits that.
function New-ClosedFolder([string] $path) {
    New-Item -Path $path -ItemType Directory -Force | Out-Null
    icacls.exe $path /inheritance:r /grant '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "${path} cannot be closed to others" }
}

function Install-Files {
    New-ClosedFolder $runs
    New-Item -Path $programs -ItemType Directory -Force | Out-Null
    Copy-Item "$PSScriptRoot\*.ps1" $programs -Force
}

# No password is known, and none is needed: its task logs on without one, as members of this group may.
function Install-User {
    if ($null -eq (Get-LocalUser $user -ErrorAction SilentlyContinue)) {
        $password = ConvertTo-SecureString "$([Guid]::NewGuid())-aA1" -AsPlainText -Force
        New-LocalUser -Name $user -Password $password -PasswordNeverExpires -Description 'Runs the jobs' | Out-Null
    }
    foreach ($sid in 'S-1-5-32-559', 'S-1-5-32-545') {
        Add-LocalGroupMember -SID $sid -Member $user -ErrorAction SilentlyContinue
    }
}

function Install-Runner {
    $archive = "$env:TEMP\actions-runner.zip"
    $name = "actions-runner-win-$arch-$env:RUNNER_VERSION.zip"
    $url = "https://github.com/actions/runner/releases/download/v$env:RUNNER_VERSION/$name"
    Get-Checked $url $env:RUNNER_SHA256 $archive
    Remove-Item $runner -Recurse -Force -ErrorAction SilentlyContinue
    Expand-Archive -Path $archive -DestinationPath $runner
    Remove-Item $archive -Force
    icacls.exe $runner /grant "${user}:(OI)(CI)M" | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "${runner} cannot be handed to $user" }
}

function Install-Tasks {
    $settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -AllowStartIfOnBatteries `
        -DontStopIfGoingOnBatteries -MultipleInstances IgnoreNew
    $shell = 'powershell.exe'
    $arguments = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "{0}\{1}"'

    $arm = New-ScheduledTaskAction -Execute $shell -Argument ($arguments -f $programs, 'arm.ps1')
    $system = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
    Register-ScheduledTask -TaskName 'dispatcher-arm' -Action $arm -Principal $system -Settings $settings `
        -Trigger (New-ScheduledTaskTrigger -AtStartup) -Force | Out-Null

    $run = New-ScheduledTaskAction -Execute $shell -Argument ($arguments -f $programs, 'run-once.ps1')
    $jobs = New-ScheduledTaskPrincipal -UserId $user -LogonType S4U -RunLevel Limited
    Register-ScheduledTask -TaskName 'dispatcher-runner' -Action $run -Principal $jobs -Settings $settings -Force | Out-Null
}

function Install-CloudbaseInit {
    $installer = "$env:TEMP\cloudbase-init.msi"
    Get-Checked $env:CLOUDBASE_INIT_URL $env:CLOUDBASE_INIT_SHA256 $installer
    $arguments = "/i `"$installer`" /qn /norestart RUN_SERVICE_AS_LOCAL_SYSTEM=1"
    $ended = Start-Process msiexec.exe -ArgumentList $arguments -Wait -PassThru
    if ($ended.ExitCode -notin 0, 3010) { throw "cloudbase-init could not be installed: msiexec ended with $($ended.ExitCode)" }
    Remove-Item $installer -Force
    $conf = 'C:\Program Files\Cloudbase Solutions\Cloudbase-Init\conf'
    foreach ($name in 'cloudbase-init.conf', 'cloudbase-init-unattend.conf', 'Unattend.xml') {
        Copy-Item "$PSScriptRoot\$name" $conf -Force
    }
    # It begins after sysprep, not while the image is made.
    Set-Service cloudbase-init -StartupType Manual
}

# Keys alone, and a PowerShell at the other end.
function Install-Ssh([string[]] $keys) {
    Add-WindowsCapability -Online -Name 'OpenSSH.Server~~~~0.0.1.0' | Out-Null
    Set-Service sshd -StartupType Automatic
    Start-Service sshd
    New-ItemProperty -Path 'HKLM:\SOFTWARE\OpenSSH' -Name DefaultShell -PropertyType String -Force `
        -Value 'C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe' | Out-Null
    $authorized = 'C:\ProgramData\ssh\administrators_authorized_keys'
    Set-Content -Path $authorized -Value $keys -Encoding Ascii
    icacls.exe $authorized /inheritance:r /grant '*S-1-5-18:F' '*S-1-5-32-544:F' | Out-Null
    $config = 'C:\ProgramData\ssh\sshd_config'
    $text = (Get-Content $config) -notmatch '^\s*#?\s*PasswordAuthentication\b'
    Set-Content -Path $config -Value (@('PasswordAuthentication no') + $text) -Encoding Ascii
}

# Nothing restarts a guest while a job runs in it.
function Disable-Updates {
    $policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
    New-Item -Path $policy -Force | Out-Null
    Set-ItemProperty -Path $policy -Name NoAutoUpdate -Value 1 -Type DWord
    powercfg.exe /change standby-timeout-ac 0
}

function Write-Facts {
    $facts = [ordered] @{
        name     = $env:IMAGE_NAME
        builtAt  = (Get-Date).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')
        os       = (Get-CimInstance Win32_OperatingSystem).Caption
        runner   = [ordered] @{ version = $env:RUNNER_VERSION; sha256 = $env:RUNNER_SHA256 }
        packages = [ordered] @{}
    }
    foreach ($package in Get-Package -ProviderName msi -ErrorAction SilentlyContinue) {
        $facts.packages[$package.Name] = "$($package.Version)"
    }
    ConvertTo-Json $facts -Depth 4 | Set-Content -Path "$programs\image.json" -Encoding UTF8
}

Install-Files
Install-User
Install-Runner
Install-CloudbaseInit
$keys = @("$env:AUTHORIZED_KEYS" -split ';' | Where-Object { $_ -ne '' })
if ($keys.Count -gt 0) { Install-Ssh $keys }
Disable-Updates
Install-Tasks
Write-Facts
