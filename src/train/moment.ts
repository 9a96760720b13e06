/** The values that a model has at one moment, for what is computed from them while it is trained. */
import type { AnyModule } from '../nn/module.ts';
import { recorder } from '../tensor/recorder.ts';
import { Variable } from '../tensor/variable.ts';

/**
 * Copies of all variables of a model, on the device, as they are now.
 *
 * @returns to be called in a function that is being captured: there the model computes with the copies
 */
export function momentOf(model: AnyModule): () => void {
  const copies = model
    .namedVariables()
    .map(([, variable]) => ({ variable, copy: new Variable(variable.snapshot(), variable.name) }));
  return () => {
    const { leaves } = recorder();
    for (const { variable, copy } of copies) leaves.set(variable, copy.snapshot());
  };
}
