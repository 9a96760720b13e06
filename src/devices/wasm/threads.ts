/**
 * The threads of the `wasm` device: workers that share its memory and run the same plan function on their part.
 *
 * Where the caller may block it is thread 0 itself, and the workers are the others; in a page all parts are workers',
 * and the caller learns by a message that they are done. A job is only given out when every worker has handled all its
 * messages, so everybody takes part in every job.
 */
import type { Heap } from './heap.ts';
import { mayBlock, startWorker, type WorkerHandle } from './host.ts';
import { control, handledAddress, noPlan } from './layout.ts';
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
  /** Why workers could not start, if they could not. */
  failure: string | undefined;
  readonly #heap: Heap;
  readonly #workers: readonly { readonly part: number; readonly handle: WorkerHandle }[];
  #posted: number;
  #installed = 0;
  #dropped: number[] = [];
  /** What happens when the job that runs is done, in a page. */
  #onDone: (() => void) | undefined;

  constructor(heap: Heap, threads: number) {
    this.threads = threads;
    this.#heap = heap;
    const parts = Array.from({ length: threads }, (_, part) => part).slice(mayBlock ? 1 : 0);
    // The count of an earlier pool goes on, so that its workers, should they still run, find nothing to do here.
    const handled = Atomics.load(heap.words, control.posted >> 2);
    this.#posted = handled;
    for (const part of parts) Atomics.store(heap.words, handledAddress(part) >> 2, handled);
    this.#workers = parts.map((part) => ({ part, handle: startWorker(workerSource(part)) }));
    this.#send(({ handle, part }) => {
      handle.onError((reason) => {
        this.failure ??= reason;
      });
      const reports = !mayBlock && part === 0;
      if (reports) handle.onMessage(() => this.#onDone?.());
      handle.post({ kind: 'start', memory: heap.memory, part, reports, handled });
    });
  }

  /** Whether every worker has handled everything that was posted to it. */
  get ready(): boolean {
    if (this.failure !== undefined) return false;
    return this.#workers.every(
      ({ part }) => Atomics.load(this.#heap.words, handledAddress(part) >> 2) === this.#posted,
    );
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

  /** Runs a job without blocking. */
  run(job: Job): Promise<void> {
    return new Promise((resolve) => {
      this.#onDone = resolve;
      this.start(job);
    });
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
    words[control.plan >> 2] = noPlan;
    this.#announce();
    for (const worker of this.#workers) post(worker);
  }

  #announce(): void {
    const { words } = this.#heap;
    Atomics.add(words, control.job >> 2, 1);
    Atomics.notify(words, control.job >> 2);
  }
}
