/**
 * What a worker runs, as text. A file of its own would be what bundlers lose: they know nothing of a worker that a
 * library starts. A page needs `worker-src blob:` for it; where that is refused, the device goes on with one thread.
 *
 * The worker instantiates the plans that are posted to it, and between messages waits in shared memory for jobs: it
 * spins for some tens of microseconds, then sleeps. `layout.ts` says what the words mean.
 */
import { control, handledAddress } from './layout.ts';
import type { WasmMemory, WasmModule } from './webassembly.ts';

/** How often a worker looks for a job before it sleeps. */
const spins = 20_000;

/** What is posted to a worker first. */
export interface WorkerStart {
  readonly kind: 'start';
  readonly memory: WasmMemory;
  /** Which thread it is. */
  readonly part: number;
  /** Whether it tells the page by a message when a job is done. */
  readonly reports: boolean;
  /** How many messages were posted before, to workers that are gone: the count goes on. */
  readonly handled: number;
}

/** A plan to instantiate, and plans to forget. */
export interface WorkerPlan {
  readonly kind: 'plan';
  readonly number: number;
  readonly module: WasmModule;
  readonly dropped: readonly number[];
}

/** The text for a thread: `part` is its number, as the address of its counter depends on it. */
export function workerSource(part: number): string {
  return `
const node = typeof process === 'object' && process.getBuiltinModule && process.getBuiltinModule('node:worker_threads');
// A worker of a page may have the modules of Node as well, in Electron.
const port = node && node.parentPort ? node.parentPort : self;
const plans = new Map();
let words, memory, reports, seen, handled;
const word = (address) => Atomics.load(words, address >> 2);
function serve() {
  while (handled === word(${control.posted})) {
    for (let spin = 0; word(${control.job}) === seen; spin++) {
      if (spin > ${spins}) Atomics.wait(words, ${control.job >> 2}, seen);
    }
    seen = word(${control.job});
    // A message is waiting, or a pool that took the place of this one.
    if (handled !== word(${control.posted})) return;
    try {
      plans.get(word(${control.plan}))(${part}, word(${control.parts}), word(${control.arena}), word(${control.phases}));
    } catch (error) {
      Atomics.store(words, ${control.abandoned >> 2}, 1);
      Atomics.add(words, ${control.barrier >> 2}, 1);
      Atomics.notify(words, ${control.barrier >> 2});
      throw error;
    }
    if (reports) port.postMessage(seen);
  }
}
function receive(message) {
  if (message.kind === 'start') {
    ({ memory, reports, handled } = message);
    words = new Int32Array(memory.buffer, 0, ${(handledAddress(part) >> 2) + 1});
  } else {
    for (const number of message.dropped) plans.delete(number);
    const instance = new WebAssembly.Instance(message.module, { weft: { memory } });
    plans.set(message.number, instance.exports.run);
  }
  seen = word(${control.job});
  handled++;
  Atomics.store(words, ${handledAddress(part) >> 2}, handled);
  serve();
}
if (port.on) port.on('message', receive);
else port.onmessage = (event) => receive(event.data);
`;
}
