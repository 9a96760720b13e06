/** What surrounds the device: Node, a page, or a worker of a page. How workers start there, and what is not to be had. */
import { hasNodeModules, nodeModule, nodeVersion } from '../../node-modules.ts';
import type { WorkerPlan, WorkerStart } from './worker-source.ts';

/** A started worker. */
export interface WorkerHandle {
  post(message: WorkerStart | WorkerPlan): void;
  /** Calls back with what the worker posts. */
  onMessage(listener: (message: number) => void): void;
  /** Calls back with the reason when it cannot run, or runs no more. */
  onEnd(listener: (reason: string) => void): void;
  /** Whether it certainly runs no more; undefined in a page, which is never told. */
  readonly ended: boolean | undefined;
  terminate(): void;
}

/** The parts of a page's interface that are used. */
interface PageWorker {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: number }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  terminate(): void;
}

/** The global object, as far as it is looked at. */
interface Surroundings {
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly Worker?: new (url: string) => PageWorker;
}

const surroundings = globalThis as Surroundings;

/** Whether this thread may wait for another one: not where a page is drawn, which Electron does in Node as well. */
export const mayBlock = tryToWait();

function tryToWait(): boolean {
  try {
    // Without waiting, since the word is not what is expected.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}

/** Why memory cannot be shared with workers, or undefined if it can. */
export function whyNoSharedMemory(): string | undefined {
  if (hasNodeModules()) return undefined;
  const version = nodeVersion();
  if (version !== undefined) return `Node ${version} is older than 20.16`;
  if (typeof SharedArrayBuffer === 'undefined' || surroundings.crossOriginIsolated !== true) {
    return 'the page is not cross-origin isolated (headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp)';
  }
  return surroundings.Worker ? undefined : 'there are no workers here';
}

/** How many threads run at the same time here. */
export function availableThreads(): number {
  if (hasNodeModules()) return nodeModule('node:os').availableParallelism();
  return surroundings.navigator?.hardwareConcurrency ?? 1;
}

/** Starts a worker that runs `source`. Throws where that is refused at once; elsewhere it is refused later, by `onEnd`. */
export function startWorker(source: string): WorkerHandle {
  return hasNodeModules() ? startNodeWorker(source) : startPageWorker(source);
}

function startNodeWorker(source: string): WorkerHandle {
  const { Worker } = nodeModule('node:worker_threads');
  let end = (_reason: string): void => undefined;
  let ended = false;
  /** A worker that somebody terminates counts as gone at once: its last event comes later than the next run. */
  class ComputingWorker extends Worker {
    override terminate(): Promise<number> {
      end('it was terminated');
      return super.terminate();
    }
  }
  const worker = new ComputingWorker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  worker.on('error', (error) => end(String(error)));
  worker.on('exit', (code) => {
    ended = true;
    end(`it ended with exit code ${code}`);
  });
  // A program ends when it has nothing else to do.
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => {
      worker.on('message', listener);
      // Whoever listens to messages is waited for, unless this is said again.
      worker.unref();
    },
    onEnd: (listener) => {
      end = listener;
    },
    get ended() {
      return ended;
    },
    terminate: () => void worker.terminate(),
  };
}

function startPageWorker(source: string): WorkerHandle {
  const { Worker } = surroundings;
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker!(url);
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => {
      worker.onmessage = (event) => {
        URL.revokeObjectURL(url);
        listener(event.data);
      };
    },
    onEnd: (listener) => {
      worker.onerror = (event) =>
        listener(event.message ?? 'it was refused; a policy needs worker-src blob:');
    },
    ended: undefined,
    terminate: () => worker.terminate(),
  };
}
