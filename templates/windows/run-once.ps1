# Gives the actions runner one job. arm.ps1 starts it as the job's user, and powers the guest off when it ends.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

$runs = 'C:\ProgramData\dispatcher'
$runner = 'C:\actions-runner'

function Set-State([string] $state) { Set-Content -Path "$runs\state" -Value $state -Encoding Ascii }

function Get-LastWords { Get-Content "$runs\log" -Tail 1 }

# The runner takes any option from its environment too, where no list of processes shows it, and removes it from there.
# It is given to the one process that needs it, so that none that lives on beside it has it.
function Start-Listener([string[]] $arguments, [string] $variable, [string] $secret) {
    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = "$runner\bin\Runner.Listener.exe"
    $start.Arguments = ($arguments | ForEach-Object { "`"$_`"" }) -join ' '
    $start.WorkingDirectory = $runner
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $start.EnvironmentVariables['ACTIONS_RUNNER_HOOK_JOB_STARTED'] = 'C:\Program Files\dispatcher\job-started.ps1'
    $start.EnvironmentVariables['ACTIONS_RUNNER_HOOK_JOB_COMPLETED'] = 'C:\Program Files\dispatcher\job-completed.ps1'
    if ($variable -ne '') { $start.EnvironmentVariables[$variable] = $secret }
    $process = [System.Diagnostics.Process]::Start($start)
    while ($null -ne ($line = $process.StandardOutput.ReadLine())) { Add-Content -Path "$runs\log" -Value $line }
    $process.WaitForExit()
    $process.ExitCode
}

function Invoke-Listener([string] $variable, [string] $secret) {
    Set-State 'listening'
    $code = Start-Listener @('run') $variable $secret
    # With these it asks to be started again; it has kept its settings, and needs no secret any more.
    while ($code -ge 2 -and $code -le 4) {
        Start-Sleep -Seconds 5
        $code = Start-Listener @('run') '' ''
    }
    if ($code -ne 0) { throw "the runner ended with ${code}: $(Get-LastWords)" }
    # The runner also ends with 0 when its record was removed before it had a job.
    if ((Get-Content "$runs\state" -TotalCount 1) -eq 'listening') {
        throw "the runner ended without a job: $(Get-LastWords)"
    }
    Set-State 'done'
}

try {
    $given = @{}
    foreach ($line in [IO.File]::ReadAllLines("$runs\credential")) {
        $name, $value = $line -split '=', 2
        $given[$name] = $value
    }
    Remove-Item "$runs\credential" -Force
    $secret = $given['credential']
    if ([string]::IsNullOrEmpty($secret)) { throw "no secret in $runs\credential" }
    if (-not (Test-Path "$runner\bin\Runner.Listener.exe")) { throw "the image has no actions runner in $runner" }

    if ($given['kind'] -eq 'token') {
        $arguments = @(
            'configure', '--unattended', '--url', $given['url'], '--name', $given['name'], '--labels', $given['labels'],
            '--ephemeral', '--replace', '--disableupdate')
        $code = Start-Listener $arguments 'ACTIONS_RUNNER_INPUT_TOKEN' $secret
        if ($code -ne 0) { throw "the runner could not register (it ended with $code): $(Get-LastWords)" }
        Invoke-Listener '' ''
    } else {
        Invoke-Listener 'ACTIONS_RUNNER_INPUT_JITCONFIG' $secret
    }
} catch {
    Set-State "failed: $($_.Exception.Message)"
    exit 1
}
