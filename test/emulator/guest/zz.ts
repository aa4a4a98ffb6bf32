import { armed, lab } from "./lab.ts";
import { MINUTE } from "../../../src/domain/time.ts";
const l = lab({ jobs: [{labels:["self-hosted","proxmox"]}] });
const g = l.seeded(`#cloud-config
runcmd:
  - sed -i 's/^actions-runner/echo actions-runner/' /opt/actions-runner/*.sh
  - cat /opt/actions-runner/run-once.sh /opt/actions-runner/config.sh
  - bash -x /opt/actions-runner/run-once.sh "https://github.com/octo/demo" "tok" "proxmox" "vm-9"
`);
await l.time.pass(10 * MINUTE);
console.log(g.notes(), await g.text("/var/log/cloud-init-output.log"));
const s = l.seeded(`#cloud-config
write_files:
  - path: /etc/systemd/system/a.service
    content: |
      [Service]
      Type=oneshot
      User=ci
      RuntimeDirectory=a
      ExecStart=/bin/sh -c 'echo hi > /run/a/out'
runcmd:
  - /bin/false; echo $?
  - /bin/sh -c 'echo hi'
  - /usr/bin/env; echo $?
  - systemctl start a; echo $?
`);
await l.time.pass(MINUTE);
console.log(s.notes(), await s.text("/var/log/cloud-init-output.log"), await s.text("/run/a/out"));
