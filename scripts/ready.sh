# Installs and builds what is missing or out of date. Sourced by the other scripts, from the top folder.
node -e 'const [a, b] = process.versions.node.split(".").map(Number);
if (a < 20 || (a === 20 && b < 19)) { console.error(`Node ${process.versions.node} is too old: 20.19 or newer is needed`); process.exit(1); }'
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci
fi
npm run --silent build
