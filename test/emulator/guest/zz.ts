import { armed, lab } from "./lab.ts";
import { MINUTE } from "../../../src/domain/time.ts";
const l = lab({ jobs: [{}] });
const guest = l.seeded(armed((await l.mint("vm-1")).config));
await l.time.pass(10 * MINUTE);
console.log(guest.notes(), await guest.text("/var/log/cloud-init-output.log"));
const g2 = l.seeded("#cloud-config\nruncmd:\n  - cd /opt/actions-runner\n  - runuser -u runner -- ./run.sh a; echo $?\n  - /opt/actions-runner/run-once.sh a b c\n");
await l.time.pass(10 * MINUTE);
console.log(g2.notes(), await g2.text("/var/log/cloud-init-output.log"));
