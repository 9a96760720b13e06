/** Running a model in one mode and leaving every layer in the mode it had. */
import type { AnyModule } from '../nn/module.ts';

/** Runs `body` with the whole model in training or evaluation mode; each layer gets its own mode back afterwards. */
export async function inMode<Result>(
  model: AnyModule,
  mode: 'train' | 'eval',
  body: () => Promise<Result>,
): Promise<Result> {
  const before = model.namedModules().map(([, module]) => ({ module, training: module.training }));
  if (mode === 'train') model.train();
  else model.eval();
  try {
    return await body();
  } finally {
    for (const { module, training } of before) module.training = training;
  }
}
