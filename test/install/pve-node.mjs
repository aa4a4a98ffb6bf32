// What `pvesm` and `pveum` do on a node: their words are a call of PVE's API, their options its parameters.
// usage: node pve-node.mjs pveum role add NAME --privs …; PVE_URL and PVE_TOKEN say whom to ask, and as whom.
const calls = {
  "pvesm add": ["POST", "/storage", "type", "storage"],
  "pveum pool add": ["POST", "/pools", "poolid"],
  "pveum role add": ["POST", "/access/roles", "roleid"],
  "pveum user add": ["POST", "/access/users", "userid"],
  "pveum acl modify": ["PUT", "/access/acl", "path"],
  "pveum user token add": ["POST", "/access/users/{userid}/token/{tokenid}", "userid", "tokenid"],
};

const words = process.argv.slice(2);
const command = Object.keys(calls).find((name) => words.join(" ").startsWith(`${name} `));
if (command === undefined) fail(`${words.join(" ")}: no such command`);
const [method, path, ...positions] = calls[command];
const rest = words.slice(command.split(" ").length);
const form = new URLSearchParams();
while (rest.length > 0) {
  const word = rest.shift();
  if (word.startsWith("--")) form.set(word.slice(2), rest.shift() ?? fail(`${word}: no value`));
  else form.set(positions.shift() ?? fail(`${word}: too many words`), word);
}
const place = path.replaceAll(/\{(\w+)\}/g, (_, name) => {
  const value = form.get(name);
  form.delete(name);
  return encodeURIComponent(value);
});
const answer = await fetch(`${process.env.PVE_URL}/api2/json${place}`, {
  method,
  headers: { Authorization: `PVEAPIToken=${process.env.PVE_TOKEN}` },
  body: form,
});
const text = await answer.text();
if (!answer.ok) fail(`${answer.status} ${answer.statusText} ${text}`);
const { data } = JSON.parse(text);
for (const [key, value] of Object.entries(data ?? {})) console.log(`│ ${key.padEnd(12)} │ ${JSON.stringify(value)} │`);

function fail(message) {
  console.error(message);
  process.exit(255);
}
