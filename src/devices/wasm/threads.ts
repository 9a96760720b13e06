/**
 * The threads of the `wasm` device: workers that share its memory and run the same plan function on their part.
 *
 * Where the caller may block it is thread 0 itself, and the workers are the others; in a page all parts are workers',
 * and the caller learns by a message that they are done. A job is only given out when every worker has handled all its
 * messages, so everybody takes part in every job.
 */
import { messageOf } from '../../text.ts';
import type { Heap } from './heap.ts';
import { mayBlock, startWorker, type WorkerHandle } from './host.ts';
import { control, handledAddress } from './layout.ts';
import type { WasmModule } from './webassembly.ts';
import { workerSource } from './worker-source.ts';

/** What the plan function is called with. */
export interface Job {
  /** The plan's number, as `install` gave it. */
  readonly plan: number;
  /** Where the arena begins. */
  readonly arena: number;
  /** See `phases` in layout.ts. */
  readonly phases: number;
}

export class ThreadPool {
  /** How many threads compute. */
  readonly threads: number;
  /** Why a worker could not start, or is gone. The pool then runs nothing more. */
  failure: string | undefined;
  readonly #heap: Heap;
  readonly #workers: { readonly part: number; readonly handle: WorkerHandle }[] = [];
  #posted: number;
  #installed = 0;
  #dropped: number[] = [];
  #wasReady = false;
  /** What happens when the job that runs is done, or never will be, in a page. */
  #running: { readonly done: () => void; readonly failed: (error: Error) => void } | undefined;

  constructor(heap: Heap, threads: number) {
    this.threads = threads;
    this.#heap = heap;
    const parts = Array.from({ length: threads }, (_, part) => part).slice(mayBlock ? 1 : 0);
    // The count of an earlier pool goes on, so that its workers, should they still run, find nothing to do here.
    const handled = Atomics.load(heap.words, control.posted >> 2);
    this.#posted = handled;
    for (const part of parts) Atomics.store(heap.words, handledAddress(part) >> 2, handled);
    for (const word of [control.arrived, control.sleepers, control.abandoned]) {
      Atomics.store(heap.words, word >> 2, 0);
    }
    try {
      for (const part of parts) this.#workers.push({ part, handle: startWorker(workerSource(part)) });
    } catch (error) {
      this.fail(messageOf(error));
      return;
    }
    this.#send(({ handle, part }) => {
      handle.onEnd((reason) => this.fail(reason));
      const reports = !mayBlock && part === 0;
      if (reports) handle.onMessage(() => this.#running?.done());
      handle.post({ kind: 'start', memory: heap.memory, part, reports, handled });
    });
  }

  /** Whether every worker has handled everything that was posted to it. */
  get ready(): boolean {
    if (this.failure !== undefined) return false;
    const ready = this.#workers.every(
      ({ part }) => Atomics.load(this.#heap.words, handledAddress(part) >> 2) === this.#posted,
    );
    this.#wasReady ||= ready;
    return ready;
  }

  /** Whether it failed and another takes its place, once it is `gone`: its workers did start, and tell when they end. */
  get passing(): boolean {
    const tell = this.#workers.every(({ handle }) => handle.ended !== undefined);
    return this.failure !== undefined && this.#wasReady && tell;
  }

  /** Whether all workers are gone, so that another pool may use their words. */
  get gone(): boolean {
    return this.#workers.every(({ handle }) => handle.ended === true);
  }

  /** Gives up, since a worker could not start, or is gone. Those that wait for it in the middle of a job do so, too. */
  fail(reason: string): void {
    if (this.failure !== undefined) return;
    this.failure = reason.replace(/\.$/, '');
    const { words } = this.#heap;
    Atomics.store(words, control.abandoned >> 2, 1);
    Atomics.add(words, control.barrier >> 2, 1);
    Atomics.notify(words, control.barrier >> 2);
    this.terminate();
    this.#running?.failed(new Error(reason));
  }

  /** Gives a plan to all workers, and returns the number under which they keep it. */
  install(module: WasmModule): number {
    const number = this.#installed++;
    const dropped = this.#dropped;
    this.#dropped = [];
    this.#send(({ handle }) => handle.post({ kind: 'plan', number, module, dropped }));
    return number;
  }

  /** Lets the workers forget a plan, with the next message. */
  drop(number: number): void {
    this.#dropped.push(number);
  }

  /** Starts a job. Only when `ready`; the caller then runs part 0 itself if it may block. */
  start({ plan, arena, phases }: Job): void {
    const { words } = this.#heap;
    words[control.plan >> 2] = plan;
    words[control.parts >> 2] = this.threads;
    words[control.arena >> 2] = arena;
    words[control.phases >> 2] = phases;
    this.#announce();
  }

  /** Runs a job without blocking. Rejected if a worker goes meanwhile. */
  async run(job: Job): Promise<void> {
    // Workers do not keep a process alive, but what it waits for does.
    const awaited = setInterval(() => undefined, 2 ** 30);
    try {
      await new Promise<void>((done, failed) => {
        this.#running = { done, failed };
        this.start(job);
      });
    } finally {
      this.#running = undefined;
      clearInterval(awaited);
    }
  }

  /** Waits, without blocking, until the pool is ready or has failed. */
  async whenReady(): Promise<void> {
    while (!this.ready && this.failure === undefined) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 1);
      });
    }
  }

  terminate(): void {
    for (const { handle } of this.#workers) handle.terminate();
  }

  /** Posts to every worker, and sends those that wait for a job back to their messages. */
  #send(post: (worker: { readonly part: number; readonly handle: WorkerHandle }) => void): void {
    const { words } = this.#heap;
    this.#posted++;
    Atomics.store(words, control.posted >> 2, this.#posted);
    this.#announce();
    for (const worker of this.#workers) post(worker);
  }

  #announce(): void {
    const { words } = this.#heap;
    Atomics.add(words, control.job >> 2, 1);
    Atomics.notify(words, control.job >> 2);
  }
}
