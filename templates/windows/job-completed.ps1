# The runner starts this after its job, but before it has reported the result: too early to power off.
try {
    Set-Content -Path 'C:\ProgramData\dispatcher\state' -Value 'done' -Encoding Ascii
} catch {
    Write-Output 'the state could not be written'
}
exit 0
