/** The mode that layers run in while a graph is being built: part of a call, and never held across an await. */
import { OptionError } from '../errors.ts';
import { describeValue, isPromise, requireFunction, requireOneOf } from '../options.ts';
import { type Recorder, recorder } from '../tensor/recorder.ts';

/** What modes are set for. Modules know this file, and not the other way round. */
interface ModuleTree {
  namedModules(): readonly (readonly [path: string, module: ModuleTree])[];
}

/** A mode that holds for all layers of a model, until the body it was set for returns. */
interface HeldMode {
  readonly model: ModuleTree;
  readonly training: boolean;
  /** Who listened when it was set: for a function that is captured inside, the mode is not its own. */
  readonly listener: Recorder;
  /** The layers of the model, looked up again for one that is not among them: it may have been made meanwhile. */
  members: ReadonlySet<ModuleTree>;
  readonly outer: HeldMode | undefined;
}

let innermost: HeldMode | undefined;

/** The mode that a running `inMode` says a layer has. */
export function heldMode(module: ModuleTree): HeldMode | undefined {
  let held = innermost;
  while (held && !includes(held, module)) held = held.outer;
  return held;
}

function includes(held: HeldMode, module: ModuleTree): boolean {
  if (held.members.has(module)) return true;
  held.members = membersOf(held.model);
  return held.members.has(module);
}

function membersOf(model: ModuleTree): ReadonlySet<ModuleTree> {
  return new Set(model.namedModules().map(([, module]) => module));
}

/**
 * Runs `body` with every layer of a model in training or evaluation mode, whatever modes they have themselves: these stay
 * as they are. The mode holds while `body` runs and builds tensors; what it built can be awaited afterwards. In a function
 * given to `compile`, it becomes part of the function.
 *
 * ```ts
 * const scores = inMode(model, 'eval', () => model.call(x));
 * await scores.data();
 * ```
 *
 * @throws OptionError when `body` is asynchronous: other code would run in the mode while it waits
 */
export function inMode<Result>(model: ModuleTree, mode: 'train' | 'eval', body: () => Result): Result {
  requireModel(model);
  requireOneOf('inMode', 'mode', mode, ['train', 'eval']);
  requireFunction('inMode', 'body', body);
  const held = { model, training: mode === 'train', listener: recorder(), members: membersOf(model) };
  innermost = { ...held, outer: innermost };
  let result: Result;
  try {
    result = body();
  } finally {
    innermost = innermost.outer;
  }
  if (isPromise(result)) {
    // What becomes of it is not told twice.
    result.then(undefined, () => undefined);
    throw new OptionError({
      where: 'inMode',
      got: 'a function that returns a promise',
      expected: 'one that builds tensors and returns them',
      cure: 'Await the tensors after inMode has returned them; a compiled function has inMode inside it.',
    });
  }
  return result;
}

/** By what it can do. */
function requireModel(model: unknown): void {
  if (typeof model === 'object' && model !== null && 'namedModules' in model) return;
  throw new OptionError({
    where: 'inMode',
    got: `${describeValue(model)} for a model`,
    expected: 'a module',
    cure: 'The model is the first argument.',
  });
}
