/** A plan on the `gpu` device: its functions are compiled in the first run; after that arrays stay where they are. */
import { type NumericArray, sizeOf } from '../../../kernels/support/contract.ts';
import { type Plan, stepAt } from '../../plan/plan.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import type { Executable, RunBindings } from '../device.ts';
import { allFinite, indexFault } from '../results.ts';
import type { GpuFunctions } from './compiled-functions.ts';
import { decode, encode } from './float-encoding.ts';
import { Frame } from './frame.ts';
import type { Journal } from './journal.ts';
import type { PassLimits } from './pass-limits.ts';
import { PassRunner, PlanFunctions } from './pass-runner.ts';
import { type PlannedPasses, planPasses } from './plan-passes.ts';
import type { PlannedCheck } from './planned-passes.ts';
import { downloadSegments, segmentsOfFloats } from './segments.ts';
import { GpuStorage } from './storage.ts';

/** What an executable needs of its device. */
export interface GpuHost extends PassLimits {
  readonly functions: GpuFunctions;
  readonly journal: Journal;
  /** To be awaited before so many bytes are taken on the GPU. */
  makeRoom(bytes: number): Promise<void> | undefined;
  /** Bytes that stay on the GPU for plans: what one more takes, or gives back. */
  addResident(bytes: number): void;
}

/** What a plan has on the GPU, apart from it, so that it can be released when the plan is gone. */
interface Owned {
  readonly functions: PlanFunctions;
  readonly host: GpuHost;
  bytes: number;
}

const abandoned = new FinalizationRegistry<Owned>(release);

function release(owned: Owned): void {
  owned.functions.release();
  owned.host.addResident(-owned.bytes);
  owned.bytes = 0;
}

export class GpuExecutable implements Executable {
  readonly #plan: Plan;
  readonly #host: GpuHost;
  readonly #owned: Owned;
  #planned: PlannedPasses | undefined;

  constructor(plan: Plan, host: GpuHost) {
    this.#plan = plan;
    this.#host = host;
    this.#owned = { functions: new PlanFunctions(host.functions), host, bytes: 0 };
    abandoned.register(this, this.#owned, this);
  }

  /** Releases the plan's functions and with them its arrays. It may be run again. */
  release(): void {
    release(this.#owned);
    this.#planned = undefined;
  }

  async run(bindings: RunBindings, guard?: number): Promise<{ outputs: NumericArray[]; completed: boolean }> {
    const { labeled = () => this.#plan } = bindings;
    const planned = this.#planned ?? (await this.#planPasses(labeled()));
    const run = new GpuRun(this.#plan, planned, this.#owned, bindings);
    try {
      return await run.complete(guard);
    } finally {
      run.letGo();
    }
  }

  async #planPasses(plan: Plan): Promise<PlannedPasses> {
    const planned = planPasses(plan, this.#host);
    const bytes = 4 * planned.residentFloats;
    // Plans that were dropped hold arrays until the collector finds them.
    await this.#host.makeRoom(bytes);
    this.#planned = planned;
    this.#owned.bytes = bytes;
    this.#host.addResident(bytes);
    return planned;
  }
}

/** One run of a plan. */
class GpuRun {
  readonly #plan: Plan;
  readonly #labeled: () => Plan;
  readonly #planned: PlannedPasses;
  readonly #host: GpuHost;
  readonly #functions: PlanFunctions;
  readonly #inputs: readonly NumericArray[];
  readonly #storages: readonly GpuStorage[];
  readonly #frame: Frame;
  readonly #downloaded = new Map<number, NumericArray>();

  constructor(
    plan: Plan,
    planned: PlannedPasses,
    { host, functions }: Owned,
    { inputs, variables, labeled = () => plan }: RunBindings,
  ) {
    this.#plan = plan;
    this.#labeled = labeled;
    this.#planned = planned;
    this.#host = host;
    this.#functions = functions;
    this.#inputs = inputs;
    this.#storages = variables.map(storageOf);
    this.#frame = new Frame(host.functions);
  }

  async complete(guard: number | undefined): Promise<{ outputs: NumericArray[]; completed: boolean }> {
    const { firstUpdateStep } = this.#plan;
    const { steps } = this.#planned;
    await this.#bind();
    const runner = new PassRunner({
      functions: this.#functions,
      numberOf: (planInput, element) => this.#inputs[planInput][element],
      check: (indices, check) => this.#check(indices, check),
    });
    await runner.run(steps.slice(0, firstUpdateStep), this.#frame, 0);
    const completed = guard === undefined || allFinite(await this.#output(guard));
    if (completed) await runner.run(steps.slice(firstUpdateStep), this.#frame, 0);
    const outputs = await this.#outputs();
    if (completed) await this.#commit();
    return { outputs, completed };
  }

  /** Deletes what the run made and nobody keeps. */
  letGo(): void {
    this.#frame.leave();
  }

  async #bind(): Promise<void> {
    const { uploads, variables, numberInputs, inputChecks } = this.#planned;
    const { functions } = this.#host;
    // Before anything is computed.
    for (const check of inputChecks) this.#check(this.#inputs[check.planInput], check);
    for (const { variable, slots } of variables) {
      this.#frame.put(slots, await this.#storages[variable].handles());
    }
    for (const { planInput, slots } of uploads) {
      const segments = segmentsOfFloats(encode(this.#inputs[planInput]), this.#host.mostFloats);
      for (const [segment, floats] of segments.entries()) {
        const slot = slots[segment];
        const uploaded = await functions.upload(floats, this.#functions.ofUpload(slot, floats.length));
        this.#frame.put([slot], [uploaded]);
      }
    }
    for (const planInput of numberInputs) functions.countUpload(this.#inputs[planInput].length);
  }

  #check(indices: NumericArray, { length, path }: PlannedCheck): void {
    const wrong = indices.find((index: number) => index < 0 || index >= length);
    if (wrong !== undefined) throw indexFault(stepAt(this.#labeled(), path).label, wrong, length);
  }

  /** Gives the new values to the variables. */
  async #commit(): Promise<void> {
    const { buffers, updated } = this.#plan;
    if (updated.length === 0) return;
    for (const [buffer, { place }] of buffers.entries()) {
      if (place.kind !== 'variable') continue;
      const slots = this.#planned.finalSlots[buffer];
      const handles = this.#frame.array(slots);
      if (handles.length === slots.length && this.#frame.handOver(handles))
        this.#storages[place.index].replace(handles);
    }
    const cells = this.#storages.map(({ cell }) => cell);
    await this.#host.journal.record({ plan: this.#plan, inputs: this.#inputs, cells });
  }

  #outputs(): Promise<NumericArray[]> {
    return Promise.all(this.#plan.outputs.map((_, index) => this.#output(index)));
  }

  async #output(index: number): Promise<NumericArray> {
    const known = this.#downloaded.get(index);
    if (known) return known;
    const { buffers, outputs } = this.#plan;
    const buffer = buffers.findIndex(({ place }) => place.kind === 'output' && place.index === index);
    const slots = this.#planned.finalSlots[buffer];
    const handles = this.#frame.array(slots);
    const { dtype, shape } = outputs[index];
    const size = sizeOf(shape);
    // Nothing is computed for an array of no elements; a run that stopped early has not computed all.
    const isThere = size > 0 && handles.length === slots.length;
    const floats = isThere ? await downloadSegments(this.#host.functions, handles) : new Float32Array(0);
    const array = decode(floats, dtype, size);
    this.#downloaded.set(index, array);
    return array;
  }
}

function storageOf(storage: VariableStorage): GpuStorage {
  if (storage instanceof GpuStorage) return storage;
  throw new Error(`the gpu device was given memory of the ${storage.device} device`);
}
