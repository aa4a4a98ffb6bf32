/** One deliberate mistake: a place in the sources, and what a careless hand might have put there. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly put: string;
}

export const mutants: readonly Mutant[] = [
  {
    name: "destroy before deregister",
    file: "src/domain/runners/retire.ts",
    find: 'if (word === "free") return deregister(`idle${saying(seen)}`);',
    put: 'if (word === "free") return stop(seen, "overdue", `idle${saying(seen)}`);',
  },
  {
    name: "trust the list's `busy`",
    file: "src/domain/runners/retire.ts",
    find: "return seen.record === null ? stopStep(seen, why, forge, at) : withdrawStep(seen, seen.record, why, at);",
    put: 'if (seen.record !== null && !seen.record.busy) return stop(seen, "overdue", why);\n  return seen.record === null ? stopStep(seen, why, forge, at) : withdrawStep(seen, seen.record, why, at);',
  },
  {
    name: "skip the fresh read before a stop",
    file: "src/runners/stop.ts",
    find: "if (doubt !== null) throw",
    put: 'if (doubt === "") throw',
  },
  {
    name: "touch strays",
    file: "src/proxmox/prove.ts",
    find: 'if (standing.kind !== "ours")',
    put: 'if (standing.kind === "foreign")',
  },
  {
    name: "ignore the lock",
    file: "src/domain/runners/stage.ts",
    find: "if (guest.lock !== null) return",
    put: 'if (guest.lock === "none") return',
  },
  {
    name: "count retiring guests as free",
    file: "src/domain/runners/demand.ts",
    find: "occupying: mine.length + hidden",
    put: 'occupying: mine.filter((s) => s.trace.withdrawnAt === null && s.side !== "gone").length + hidden',
  },
  {
    name: "reuse a nonce",
    file: "src/domain/naming.ts",
    find: 'return Array.from({ length: nonceLength }, () => alphabet[chance.below(alphabet.length)]).join("");',
    put: 'return `aaaaaaaa${Array.from({ length: 2 }, () => alphabet[chance.below(2)]).join("")}`;',
  },
  {
    name: "retry a JIT call blindly",
    file: "src/github/octokit.ts",
    find: "prepared(new Octokit(settings(access)), access);",
    put: "prepared(new (Octokit.plugin(retry))({ ...settings(access), retry: { retries: 2 } }), access);",
  },
  {
    name: "forget the resource pool in the proof",
    file: "src/domain/ownership.ts",
    find: "if (spec.resourcePool !== null && facts.resourcePool !== spec.resourcePool) {",
    put: 'if (spec.resourcePool === "" && facts.resourcePool !== spec.resourcePool) {',
  },
  {
    name: "treat a missing state file as idle",
    file: "src/domain/runners/guest-state.ts",
    find: 'unknown: "unknown",',
    put: 'unknown: "free",',
  },
  {
    name: "start a cloned guest after a restart",
    file: "src/proxmox/destroy.ts",
    find: "    await mustBeStill(context, guest, fresh, signal);\n",
    put: '    await mustBeStill(context, guest, fresh, signal);\n    if (fresh.marker.phase === "cloned") {\n      await client.start(fresh.node, guest.vmid, signal);\n      return;\n    }\n',
  },
  {
    name: "believe a marker without its signature",
    file: "src/domain/signed-line.ts",
    find: 'const valid = typeof sig === "string" && signer.verify(signedText(fields, vmid), sig);',
    put: 'const valid = typeof sig === "string" && (signer.verify(signedText(fields, vmid), sig) || true);',
  },
  {
    name: "ignore a person's protection",
    file: "src/domain/ownership.ts",
    find: 'if (facts.protection && marker.phase !== "cloning") {',
    put: 'if (facts.protection && marker.phase === "cloning" && marker.nonce === "") {',
  },
  {
    name: "forget the name in the proof",
    file: "src/domain/ownership.ts",
    find: "if (nonceIn(facts.name, spec.prefix) !== marker.nonce) {",
    put: 'if (nonceIn(facts.name, spec.prefix) === "") {',
  },
  {
    name: "change things without the lease",
    file: "src/engine/writer.ts",
    find: 'if (waiting !== null) return { kind: "standby", ...waiting };',
    put: 'if (waiting?.why === "") return { kind: "standby", ...waiting };',
  },
  {
    name: "take a lease that its holder still has",
    file: "src/domain/lease.ts",
    find: "unchangedFor >= times.term;",
    put: "unchangedFor >= times.term / 15;",
  },
  {
    name: "send a clone again after a lost answer",
    file: "src/proxmox/clone.ts",
    find: "const answer = await settleLostClone(",
    put: "if (context.reserved.size > 0) continue;\n      const answer = await settleLostClone(",
  },
  {
    name: "count only those who serve against the cap",
    file: "src/domain/runners/create.ts",
    find: "const room = Math.max(0, Math.min(pool.max - occupying, totalRoom));",
    put: "const room = Math.max(0, pool.max - serving(demand) + 0 * (occupying + totalRoom));",
  },
  {
    name: "ignore the quota of retirements",
    file: "src/domain/runners/quota.ts",
    find: "const quota = Math.max(always, Math.floor(running * share));",
    put: "const quota = Math.max(always, running + Math.floor(running * share));",
  },
  {
    name: "take an unknown power for off",
    file: "src/proxmox/observe.ts",
    find: 'return status === "running" || status === "stopped" ? status : "unknown";',
    put: 'return status === "running" || status === "stopped" ? status : "stopped";',
  },
  {
    name: "stop at once after the withdrawal",
    file: "src/domain/runners/retire.ts",
    find: "if (now - since < afterKnownWithdrawal) return",
    put: "if (now - since < 0) return",
  },
  {
    name: "let the hard lifetime begin with the guest",
    file: "src/domain/runners/retire.ts",
    find: "  trace.jobSince === null ? null : now - trace.jobSince;",
    put: "  trace.jobSince === null ? null : now - trace.jobSince + 12 * 3_600_000;",
  },
  {
    name: "serve whoever asks",
    file: "src/github/policy.ts",
    find: "if (fork && !named(policy.forksOf, repository)) {",
    put: "if (fork && named(policy.forksOf, repository)) {",
  },
];
