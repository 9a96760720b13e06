/** A plan on the `gpu` device: its functions are compiled in the first run; after that arrays stay where they are. */
import { type NumericArray, sizeOf } from '../../../kernels/support/contract.ts';
import type { Plan } from '../../plan/plan.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import type { Executable, RunBindings } from '../device.ts';
import { allFinite, indexFault } from '../results.ts';
import type { GpuFunctions } from './compiled-functions.ts';
import type { PassLimits } from './compose.ts';
import { decode, encode } from './float-encoding.ts';
import type { Journal } from './journal.ts';
import type { GpuArgument, GpuFunction, GpuHandle } from './library.ts';
import { type PlannedPass, type PlannedPasses, type PlannedStep, planPasses } from './plan-passes.ts';
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

/** The functions that a plan uses, apart from it, so that they can be released when it is gone. */
interface Owned {
  /** By pass, and for uploads by slot. */
  readonly functions: Map<PlannedPass | number, GpuFunction>;
  /** Those that other plans use too. */
  readonly shared: Map<PlannedPass, GpuFunction>;
  readonly host: GpuHost;
  bytes: number;
}

const abandoned = new FinalizationRegistry<Owned>(release);

function release(owned: Owned): void {
  const { functions } = owned.host;
  for (const compiled of [...owned.functions.values(), ...owned.shared.values()]) functions.release(compiled);
  owned.functions.clear();
  owned.shared.clear();
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
    this.#owned = { functions: new Map(), shared: new Map(), host, bytes: 0 };
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
    const run = new GpuRun(this.#plan, planned, this.#host, this.#owned, bindings);
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
  readonly #owned: Owned;
  readonly #inputs: readonly NumericArray[];
  readonly #storages: readonly GpuStorage[];
  /** What is in each slot. */
  readonly #handles: (GpuHandle | undefined)[];
  /** Slots of variables, which hold their old values until a step has written the new ones. */
  readonly #variableSlots = new Set<number>();
  /** Fresh arrays that nobody has taken over. */
  readonly #fresh = new Set<GpuHandle>();
  readonly #downloaded = new Map<number, NumericArray>();

  constructor(
    plan: Plan,
    planned: PlannedPasses,
    host: GpuHost,
    owned: Owned,
    { inputs, variables, labeled = () => plan }: RunBindings,
  ) {
    this.#plan = plan;
    this.#labeled = labeled;
    this.#planned = planned;
    this.#host = host;
    this.#owned = owned;
    this.#inputs = inputs;
    this.#storages = variables.map(storageOf);
    this.#handles = new Array(planned.slots).fill(undefined);
  }

  async complete(guard: number | undefined): Promise<{ outputs: NumericArray[]; completed: boolean }> {
    const { steps, firstUpdateStep } = this.#plan;
    await this.#bind();
    const mayGoOn = async (): Promise<boolean> => guard === undefined || allFinite(await this.#output(guard));
    for (let step = 0; step < steps.length; step++) {
      if (step === firstUpdateStep && !(await mayGoOn()))
        return { outputs: await this.#outputs(), completed: false };
      await this.#runStep(step);
    }
    const completed = firstUpdateStep < steps.length || (await mayGoOn());
    const outputs = await this.#outputs();
    if (completed) await this.#commit();
    return { outputs, completed };
  }

  /** Deletes what the run made and nobody keeps. */
  letGo(): void {
    for (const handle of this.#fresh) this.#host.functions.delete(handle);
    this.#fresh.clear();
  }

  async #bind(): Promise<void> {
    const { uploads, variables, numberInputs, steps } = this.#planned;
    const { functions } = this.#host;
    for (const [at, step] of steps.entries()) this.#checkOnHost(step, at);
    for (const { variable, slots } of variables) {
      const handles = await this.#storages[variable].handles();
      slots.forEach((slot, segment) => {
        this.#handles[slot] = handles[segment];
        this.#variableSlots.add(slot);
      });
    }
    for (const { planInput, slots } of uploads) {
      const segments = segmentsOfFloats(encode(this.#inputs[planInput]), this.#host.mostFloats);
      for (const [segment, floats] of segments.entries()) {
        const compiled = this.#own(slots[segment], () => functions.residentUpload(floats.length));
        this.#handles[slots[segment]] = await functions.upload(floats, compiled);
      }
    }
    for (const planInput of numberInputs) functions.countUpload(this.#inputs[planInput].length);
  }

  /** The function of this plan alone for a pass, or for an upload to a slot. */
  #own(key: PlannedPass | number, make: () => GpuFunction): GpuFunction {
    const known = this.#owned.functions.get(key);
    if (known) return known;
    const made = make();
    this.#owned.functions.set(key, made);
    return made;
  }

  #functionOf(planned: PlannedPass): GpuFunction {
    const { pass, lengths, fresh } = planned;
    const { functions } = this.#host;
    if (!fresh) return this.#own(planned, () => functions.resident(pass, lengths));
    const { shared } = this.#owned;
    const known = shared.get(planned) ?? functions.shared(pass, lengths);
    shared.set(planned, known);
    return known;
  }

  /** Looks at the indices that the host has, before anything is computed. */
  #checkOnHost({ checks }: PlannedStep, step: number): void {
    for (const { planInput, length } of checks) {
      if (planInput !== undefined) this.#check(this.#inputs[planInput], length, step);
    }
  }

  #check(indices: NumericArray, length: number, step: number): void {
    const wrong = indices.find((index: number) => index < 0 || index >= length);
    if (wrong !== undefined) throw indexFault(this.#labeled().steps[step].label, wrong, length);
  }

  async #runStep(at: number): Promise<void> {
    const { passes, checks, lastUses } = this.#planned.steps[at];
    for (const { planInput, slots, size, length } of checks) {
      if (planInput !== undefined || size === 0) continue;
      const floats = await this.#download(slots);
      this.#check(decode(floats, 'int32', size), length, at);
    }
    // A step may write over a variable that its later passes still read.
    const before = new Map([...this.#variableSlots].map((slot) => [slot, this.#handles[slot]]));
    for (const pass of passes) {
      const handle = await this.#runPass(pass, (slot) => (before.get(slot) ?? this.#handles[slot])!);
      this.#handles[pass.writes] = handle;
      if (pass.fresh) this.#fresh.add(handle);
    }
    for (const slot of lastUses) {
      const handle = this.#handles[slot];
      if (handle && this.#fresh.delete(handle)) this.#host.functions.delete(handle);
    }
  }

  async #runPass(planned: PlannedPass, handleOf: (slot: number) => GpuHandle): Promise<GpuHandle> {
    const { reads, numbers } = planned;
    const values: GpuArgument[] = reads.map(handleOf);
    for (const each of numbers) {
      values.push(typeof each === 'number' ? each : this.#inputs[each.planInput][each.element]);
    }
    return this.#host.functions.run(this.#functionOf(planned), values);
  }

  /** Gives the new values to the variables. */
  async #commit(): Promise<void> {
    const { buffers, updated } = this.#plan;
    if (updated.length === 0) return;
    for (const [buffer, { place }] of buffers.entries()) {
      if (place.kind !== 'variable') continue;
      const handles = this.#handlesOf(this.#planned.slotsOfBuffers[buffer]);
      if (!handles?.every((handle) => this.#fresh.delete(handle))) continue;
      this.#storages[place.index].replace(handles);
    }
    const cells = this.#storages.map(({ cell }) => cell);
    await this.#host.journal.record({ plan: this.#plan, inputs: this.#inputs, cells });
  }

  /** The segments of an array, if it is there. */
  #handlesOf(slots: readonly number[]): readonly GpuHandle[] | undefined {
    const handles = slots.flatMap((slot) => this.#handles[slot] ?? []);
    return handles.length === slots.length ? handles : undefined;
  }

  #download(slots: readonly number[]): Promise<Float32Array> {
    return downloadSegments(this.#host.functions, this.#handlesOf(slots)!);
  }

  #outputs(): Promise<NumericArray[]> {
    return Promise.all(this.#plan.outputs.map((_, index) => this.#output(index)));
  }

  async #output(index: number): Promise<NumericArray> {
    const known = this.#downloaded.get(index);
    if (known) return known;
    const { buffers, outputs } = this.#plan;
    const buffer = buffers.findIndex(({ place }) => place.kind === 'output' && place.index === index);
    const slots = this.#planned.slotsOfBuffers[buffer];
    const { dtype, shape } = outputs[index];
    const size = sizeOf(shape);
    // Nothing is computed for an array of no elements; a run that stopped early has not computed all.
    const isThere = size > 0 && this.#handlesOf(slots) !== undefined;
    const floats = isThere ? await this.#download(slots) : new Float32Array(0);
    const array = decode(floats, dtype, size);
    this.#downloaded.set(index, array);
    return array;
  }
}

function storageOf(storage: VariableStorage): GpuStorage {
  if (storage instanceof GpuStorage) return storage;
  throw new Error(`the gpu device was given memory of the ${storage.device} device`);
}
