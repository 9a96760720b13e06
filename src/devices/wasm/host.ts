/** What surrounds the device: Node, a page, or a worker of a page. How workers start there, and what is not to be had. */
import { hasNodeModules, nodeModule, nodeVersion } from '../../node.ts';
import type { WorkerPlan, WorkerStart } from './worker-source.ts';

/** A started worker. */
export interface WorkerHandle {
  post(message: WorkerStart | WorkerPlan): void;
  /** Calls back with what the worker posts. */
  onMessage(listener: (message: number) => void): void;
  /** Calls back if it cannot run. */
  onError(listener: (reason: string) => void): void;
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
  readonly document?: unknown;
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly Worker?: new (url: string) => PageWorker;
}

const surroundings = globalThis as Surroundings;

/** Whether waiting for another thread is allowed here: not where a page is drawn. */
export const mayBlock = surroundings.document === undefined;

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

/** Starts a worker that runs `source`. */
export function startWorker(source: string): WorkerHandle {
  return hasNodeModules() ? startNodeWorker(source) : startPageWorker(source);
}

function startNodeWorker(source: string): WorkerHandle {
  const { Worker } = nodeModule('node:worker_threads');
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  // A program ends when it has nothing else to do.
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on('message', listener),
    onError: (listener) => worker.on('error', (error) => listener(String(error))),
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
    onError: (listener) => {
      worker.onerror = (event) => listener(event.message ?? 'the worker could not be loaded');
    },
    terminate: () => worker.terminate(),
  };
}
