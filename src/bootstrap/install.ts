import { MINUTE } from "../domain/time.ts";
import type { BootstrapWish } from "./bootstrap-wish.ts";
import type { Script } from "./shell.ts";

type Wanted = Pick<BootstrapWish, "package" | "container" | "proxy">;

/** Where the package lies in the container until it is installed. */
export const packagePath = ({ package: { form } }: Wanted): string =>
  form === "deb" ? "/var/tmp/dispatcher.deb" : "/var/tmp/dispatcher.tar.gz";

/** Debian, with its Node. */
export const systemScripts = ({ proxy }: Wanted): readonly Script[] => [
  {
    what: "check the system",
    text: `. /etc/os-release
if [ "$ID" != debian ] || [ "\${VERSION_ID%%.*}" -lt 13 ]; then
  echo "it is $ID $VERSION_ID, and dispatcher needs Debian 13: earlier ones have no Node that is new enough"
  exit 64
fi
# The network may come up behind the login.
for try in $(seq 30); do
  getent hosts deb.debian.org >/dev/null && break
  sleep 1
done`,
  },
  {
    what: "install Debian's packages",
    deadline: 20 * MINUTE,
    text: `set -e
${exported(proxy)}export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -qy --no-install-recommends nodejs ca-certificates`,
  },
];

export function packageScripts(wanted: Wanted): readonly Script[] {
  const { package: from, container, proxy } = wanted;
  const path = packagePath(wanted);
  const fetched: readonly Script[] =
    from.from === "file"
      ? []
      : [
          {
            what: "fetch the package",
            deadline: 10 * MINUTE,
            text: `set -e
${exported(proxy)}node --input-type=module -e 'const answer = await fetch(process.argv[1]); if (!answer.ok) throw new Error(answer.status);
(await import("node:fs")).writeFileSync(process.argv[2], Buffer.from(await answer.arrayBuffer()))' '${from.url}' ${path}
sum=$(sha256sum <${path} | cut -c1-64)
if [ "$sum" != ${from.sha256} ]; then echo "arrived with checksum $sum"; rm -f ${path}; exit 1; fi`,
          },
        ];
  const how = from.form === "deb" ? debScript(path, proxy) : tarballScript(path, container.folder);
  return [...fetched, { what: "install dispatcher", deadline: 10 * MINUTE, text: `set -e\n${how}rm -f ${path}` }];
}

/** As it is called by the operator. */
export function startScript({ container: { service } }: Wanted): Script {
  const named =
    service === "dispatcher"
      ? ""
      : `cp "$(systemctl show -p FragmentPath --value dispatcher.service)" /etc/systemd/system/${service}.service\nsystemctl disable --now dispatcher\n`;
  return {
    what: `start ${service}`,
    deadline: 5 * MINUTE,
    text: `${named}systemctl daemon-reload
systemctl enable ${service} && systemctl restart ${service} && exit 0
journalctl -u ${service} -n 10 -o cat --no-pager
exit 1`,
  };
}

export function healthScript({ container: { service }, health }: Pick<BootstrapWish, "container" | "health">): Script {
  const asks =
    health === null
      ? `systemctl is-active ${service}`
      : `node -e 'fetch("http://127.0.0.1:${health.port}/healthz").then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))'`;
  return {
    what: "ask for its health",
    deadline: 5 * MINUTE,
    text: `for try in $(seq 60); do
  if ${asks}; then echo healthy; exit 0; fi
  sleep 1
done
journalctl -u ${service} -n 10 -o cat --no-pager
exit 1`,
  };
}

/** From here on nobody gets in without PVE. */
export const closeScript: Script = {
  what: "close the container",
  text: `passwd -l root >/dev/null
rm -f /root/.ssh/authorized_keys /root/.bash_history /var/tmp/dispatcher.*`,
};

const exported = (proxy: Wanted["proxy"]): string =>
  Object.entries(proxy)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");

const debScript = (path: string, proxy: Wanted["proxy"]): string =>
  `${exported(proxy)}export DEBIAN_FRONTEND=noninteractive
apt-get install -qy --no-install-recommends --allow-downgrades --reinstall ${path}
`;

const tarballScript = (path: string, folder: string): string =>
  `${folder === "/opt/dispatcher" ? "" : `mkdir -p ${folder}\nln -sfn ${folder} /opt/dispatcher\n`}rm -rf /var/tmp/dispatcher.d
mkdir /var/tmp/dispatcher.d
tar -xzf ${path} -C /var/tmp/dispatcher.d
/var/tmp/dispatcher.d/dispatcher-*/install
rm -rf /var/tmp/dispatcher.d
`;
