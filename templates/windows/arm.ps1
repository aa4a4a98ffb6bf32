# Waits for the credential of a runner, gives the runner one job, and powers the guest off, however that ends. A
# scheduled task starts it with Windows, as SYSTEM.
#
# In C:\ProgramData\dispatcher, which is SYSTEM's and the administrators' alone:
#   waiting     written when Windows is set up and this waits: from then on no restart comes between
#   credential  lines name=value: kind (jit or token), credential (the secret), seconds (how long all of this may take),
#               url, name, user, and labels where a token registers
#   ready       comes after it, and is the only file that is waited for
#   state       "starting", "listening", "job <run id>", "done" or "failed: <why>"
#   log         what the runner's own programs say
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$runs = 'C:\ProgramData\dispatcher'
$task = 'dispatcher-runner'

# Why, in plain letters: in the state, and on the serial console, where it outlives the guest.
function Write-Failure([string] $why) {
    $plain = ($why -replace '[^\x20-\x7e]', ' ')
    $plain = $plain.Substring(0, [Math]::Min(250, $plain.Length))
    Set-Content -Path "$runs\state" -Value "failed: $plain" -Encoding Ascii
    try {
        $console = New-Object System.IO.Ports.SerialPort 'COM1', 115200
        $console.WriteTimeout = 2000
        $console.Open()
        $console.WriteLine("dispatcher: $plain")
        $console.Close()
    } catch {
        Write-Output 'there is no serial console'
    }
}

# Sysprep's restart is over when Windows says so; cloudbase-init may ask for another, and ends its service when it is done.
function Wait-Setup {
    $setup = 'HKLM:\SYSTEM\Setup'
    $state = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State'
    while ((Get-ItemProperty $setup).SystemSetupInProgress -ne 0 -or
        (Get-ItemProperty $state).ImageState -ne 'IMAGE_STATE_COMPLETE') { Start-Sleep -Seconds 1 }
    $giveUp = (Get-Date).AddMinutes(10)
    while ((Get-Date) -lt $giveUp) {
        $service = Get-Service cloudbase-init -ErrorAction SilentlyContinue
        if ($null -eq $service -or ($service.StartType -eq 'Disabled')) { return }
        if ($service.Status -eq 'Stopped' -and (Test-ServiceRan)) { return }
        Start-Sleep -Seconds 1
    }
}

# Stopped also means that it has not begun.
function Test-ServiceRan {
    $log = 'C:\Program Files\Cloudbase Solutions\Cloudbase-Init\log\cloudbase-init.log'
    $booted = (Get-CimInstance Win32_OperatingSystem).LastBootUpTime
    (Test-Path $log) -and (Get-Item $log).LastWriteTime -gt $booted
}

function Get-Given([string] $name) {
    foreach ($line in [IO.File]::ReadAllLines("$runs\credential")) {
        if ($line.StartsWith("$name=")) { return $line.Substring($name.Length + 1) }
    }
    ''
}

# Only these files, and only the job's user: the folder stays closed.
function Grant-File([string] $file, [string] $user, [string] $rights) {
    icacls.exe "$runs\$file" /grant "${user}:$rights" | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "$runs\$file cannot be handed to $user" }
}

function Invoke-Runner {
    if (-not (Test-Path "$runs\credential")) { throw "no credential in $runs\credential" }
    # A guest that has slept has a wrong clock, which GitHub refuses.
    w32tm.exe /resync /force | Out-Null
    $user = Get-Given 'user'
    $seconds = 0
    if (-not [int]::TryParse((Get-Given 'seconds'), [ref] $seconds)) {
        throw 'the credential file does not say how many seconds there are'
    }
    if ($null -eq (Get-LocalUser $user -ErrorAction SilentlyContinue)) { throw "the image has no user $user" }
    Set-Content -Path "$runs\state" -Value 'starting' -Encoding Ascii
    New-Item -Path "$runs\log" -ItemType File -Force | Out-Null
    Grant-File 'state' $user '(R,W)'
    Grant-File 'log' $user '(R,W)'
    Grant-File 'credential' $user '(R,W,D)'

    $deadline = (Get-Date).AddSeconds($seconds)
    Start-ScheduledTask -TaskName $task
    do {
        Start-Sleep -Seconds 1
        $now = (Get-ScheduledTask -TaskName $task).State
    } while ($now -in 'Running', 'Queued' -and (Get-Date) -lt $deadline)
    if ($now -in 'Running', 'Queued') {
        Stop-ScheduledTask -TaskName $task
        throw "time ran out: $seconds seconds"
    }
    $state = Get-Content "$runs\state" -TotalCount 1
    if ($state -eq 'done' -or "$state".StartsWith('failed:')) { return }
    throw "it broke off in the state $state"
}

Remove-Item "$runs\waiting", "$runs\state" -Force -ErrorAction SilentlyContinue
Wait-Setup
Set-Content -Path "$runs\waiting" -Value 'waiting' -Encoding Ascii
while (-not (Test-Path "$runs\ready")) { Start-Sleep -Milliseconds 500 }
try {
    Invoke-Runner
    $state = Get-Content "$runs\state" -TotalCount 1
    if ("$state".StartsWith('failed:')) { Write-Failure "$state".Substring(8) }
} catch {
    Write-Failure $_.Exception.Message
} finally {
    Remove-Item "$runs\credential", "$runs\ready" -Force -ErrorAction SilentlyContinue
    Stop-Computer -Force
}
