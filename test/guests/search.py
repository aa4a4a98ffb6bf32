# Where a text stands in this machine: files, the CD drive, arguments and environments of processes, the journal.
import glob
import json
import os
import subprocess

needle = needle.encode()
hits = []


def holds(path):
    """Read in pieces that overlap, as the text may lie across two of them."""
    tail = b""
    with open(path, "rb") as file:
        while True:
            piece = file.read(1 << 20)
            if not piece:
                return False
            if needle in tail + piece:
                return True
            tail = piece[-len(needle):]


def look(where, path, name):
    try:
        if holds(path):
            hits.append({"where": where, "what": name})
    except OSError:
        pass


for root in ["/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr/local", "/var", "/dev/shm"]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                look("file", path, path)

with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as caches:
    caches.write("1")
for device in glob.glob("/dev/sr*"):
    look("device", device, device)

for process in glob.glob("/proc/[0-9]*"):
    if process == f"/proc/{os.getpid()}":
        continue
    try:
        with open(process + "/cmdline", "rb") as file:
            line = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        continue
    look("arguments", process + "/cmdline", line)
    look("environment", process + "/environ", line)

journal = subprocess.run(["journalctl", "--all", "--no-pager", "--output=export"], capture_output=True, check=False)
if needle in journal.stdout:
    hits.append({"where": "journal", "what": "journalctl"})
print(json.dumps(hits))
