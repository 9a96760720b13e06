/** What a request takes with it when it is made: the updates recorded until then, what shares their plan, what they need. */
import { reachable } from '../plan/capture.ts';
import { eagerRecorder, type RecordedUpdate } from '../tensor/recorder.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Variable } from '../tensor/variable.ts';
import { type Foresight, foresee, frontier } from './foresight.ts';

/** Updates that a request took with it. */
export interface Taken {
  readonly updates: ReadonlyMap<Variable, RecordedUpdate>;
  readonly whenOver: readonly ((applied: boolean) => void)[];
  /** Where they are a step: the losses, the gradients for other optimizers, and what else is computed along with it. */
  readonly foresight: Foresight | undefined;
}

/** Takes over what the eager recorder remembers; undefined where that is nothing. */
export function takeUpdates(): Taken | undefined {
  const { updates, whenOver, spent } = eagerRecorder();
  if (updates.size === 0 && whenOver.length === 0) return undefined;
  const foresight = updates.size > 0 ? foresee(spent, gradientsLeftBy(spent), updates) : undefined;
  const taken = { updates: new Map(updates), whenOver: whenOver.slice(), foresight };
  updates.clear();
  whenOver.length = 0;
  spent.length = 0;
  for (const [variable, update] of taken.updates) variable.plan(update);
  return taken;
}

/** Gradients that still wait for their optimizer, of losses among tensors. */
function gradientsLeftBy(tensors: readonly Tensor[]): Tensor[] {
  const { gradients, leftBy } = eagerRecorder();
  const parameters = tensors.flatMap(({ node }) => leftBy.get(node) ?? []);
  return [...new Set(parameters)].flatMap((parameter) => gradients.get(parameter)?.value ?? []);
}

/** What shares the forward pass of losses that are awaited before their step: the gradients, and what the step will ask for. */
export function alongWith(tensors: readonly Tensor[]): Tensor[] {
  const { leftBy } = eagerRecorder();
  const losses = tensors.filter(({ node }) => leftBy.has(node));
  if (losses.length === 0) return [];
  const parameters = new Set<Variable>(losses.flatMap(({ node }) => leftBy.get(node)!));
  return [...gradientsLeftBy(losses), ...frontier(losses, (variable) => parameters.has(variable))];
}

/** Keeps old values of variables for tensors that will be computed, until what it returns is called. */
export function hold(tensors: readonly Tensor[]): () => void {
  const leaves = reachable(tensors).filter(({ source }) => source?.kind === 'variable');
  for (const leaf of leaves) leaf.uses++;
  return () => {
    for (const leaf of leaves) leaf.uses--;
  };
}

/** How the new values of variables are computed. */
export function valuesOf(taken: Taken | undefined): Tensor[] {
  return taken ? [...taken.updates.values()].map(({ value }) => value) : [];
}
