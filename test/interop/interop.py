"""A guest's life in the hands of proxmoxer, a PVE client that knows nothing of dispatcher.

Usage: interop.py <api url> <sha256 of the certificate> <token id> <token secret> <node> <template> <new vmid>
Prints one line of JSON: what each step told.
"""

import hashlib
import json
import ssl
import sys
import tempfile
import time
from urllib.parse import urlsplit

from proxmoxer import ProxmoxAPI, ResourceException
from proxmoxer.tools import Tasks

PATIENCE = 60


def trusted(host, port, sha256):
    """The server's own certificate as a file of this environment, once it is known to be the expected one."""
    pem = ssl.get_server_certificate((host, port))
    shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    if shown != sha256.replace(":", "").lower():
        raise SystemExit(f"the server's certificate is another one: {shown}")
    file = tempfile.NamedTemporaryFile("w", suffix=".pem", dir=sys.prefix, delete=False)
    with file:
        file.write(pem)
    return file.name


def main(url, sha256, token_id, secret, node, template, vmid):
    where = urlsplit(url)
    user, token = token_id.split("!")
    pve = ProxmoxAPI(
        where.hostname,
        port=where.port,
        user=user,
        token_name=token,
        token_value=secret,
        verify_ssl=trusted(where.hostname, where.port, sha256),
        timeout=30,
    )
    guest = pve.nodes(node).qemu(vmid)
    told = {}

    def wait(step, upid):
        end = Tasks.blocking_status(pve, upid, timeout=PATIENCE, polling_interval=0.1)
        told[step] = {"type": Tasks.decode_upid(upid)["type"], "exitstatus": end and end["exitstatus"]}
        log = Tasks.decode_log(pve.nodes(node).tasks(upid).log.get())
        told[step]["log"] = log.rstrip().split("\n")[-1]

    def refused(call):
        try:
            call()
        except ResourceException as refusal:
            return {"status": refusal.status_code, "errors": refusal.errors, "sentence": str(refusal.content)}
        return None

    told["release"] = pve.version.get()["release"]
    told["free"] = pve.cluster.nextid.get(vmid=vmid)
    wait("clone", pve.nodes(node).qemu(template).clone.post(newid=vmid, name="interop", full=0, description="é\n{}"))
    told["used"] = refused(lambda: pve.cluster.nextid.get(vmid=vmid))

    before = guest.config.get()
    told["put"] = guest.config.put(cores=3, memory=1536, tags="b;a", digest=before["digest"])
    told["stale"] = refused(lambda: guest.config.put(cores=4, digest=before["digest"]))
    told["unknown"] = refused(lambda: guest.config.put(flavour="x"))
    told["config"] = {key: value for key, value in guest.config.get().items() if key != "digest"}

    told["early"] = refused(lambda: guest.agent.ping.post())
    wait("start", guest.status.start.post())
    told["running"] = guest.status.current.get()["status"]
    deadline = time.monotonic() + PATIENCE
    while refused(lambda: guest.agent.ping.post()) and time.monotonic() < deadline:
        time.sleep(0.2)
    told["ping"] = guest.agent.ping.post()
    told["busy"] = refused(lambda: guest.delete())
    wait("stop", guest.status.stop.post())
    told["stopped"] = guest.status.current.get()["status"]
    wait("delete", guest.delete(purge=1))
    told["gone"] = refused(lambda: guest.config.get())
    told["left"] = sorted(each["vmid"] for each in pve.nodes(node).qemu.get())
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
