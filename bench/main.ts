/**
 * The one script of the benchmarks, in four roles: `worker DEVICE THREADS`, `gpu-page BACKEND` and `first-step DEVICE
 * THREADS` are what it starts itself as; anything else is the command of `npm run bench -- [options]`.
 */
const roles: Readonly<Record<string, () => Promise<void>>> = {
  worker: async () => (await import('./worker.ts')).work(),
  'gpu-page': async () => (await import('./gpu-page.ts')).workInPage(),
  'first-step': async () => (await import('./first-step.ts')).firstStep(),
};
const role = process.argv[2];
if (role !== undefined && Object.hasOwn(roles, role)) await roles[role]();
else await (await import('./command.ts')).command();

export {};
