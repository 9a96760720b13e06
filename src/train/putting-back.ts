/** What is tried out, or refused in the middle, leaves everything as it was. */
import type { AnyModule } from '../nn/module.ts';
import { randomState, setRandomState } from '../tensor/random.ts';
import { runtime } from '../tensor/runtime.ts';
import { Parameter, type Variable } from '../tensor/variable.ts';

/** Remembers the values of variables and the state of the random generator, and gives what puts them back. */
export async function remember(variables: readonly Variable[]): Promise<() => Promise<void>> {
  const random = randomState();
  const values = await runtime().readAll(variables);
  return async () => {
    await runtime().writeAll(new Map(variables.map((variable, index) => [variable, values[index]])));
    setRandomState(random);
  };
}

/** Variables of a model that no optimizer changes, but its own forward passes: statistics of batch norms, for example. */
export function movedVariables(model: AnyModule): Variable[] {
  const all = model.namedVariables().map(([, variable]) => variable);
  return all.filter((variable) => !(variable instanceof Parameter));
}
