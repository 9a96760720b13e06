/** The kernels of a training step, or of a reading where nothing is trained, on the device that computes. Nothing is run. */
import { deviceInfo, explain, kernelSources, type Tensor, zeros } from '../../src/index.ts';
import type { Kernels } from '../protocol.ts';
import type { Network } from './network.ts';
import type { Session } from './session.ts';

export function kernelsOf(network: Network, session: Session | undefined): Promise<Kernels> {
  if (session === undefined) {
    const read = (images: Tensor) => network.read(images);
    return list('reading one picture', read, zeros([1, ...network.inputShape]));
  }
  const { batchSize } = session.settings;
  return list(
    `forward, gradients and Adam for a batch of ${batchSize}`,
    (images: Tensor, labels: Tensor) => session.trainStep(images, labels),
    zeros([batchSize, ...network.inputShape]),
    zeros([batchSize], 'int32'),
  );
}

async function list<Inputs extends readonly Tensor[]>(
  of: string,
  step: (...inputs: Inputs) => Tensor | readonly Tensor[],
  ...examples: Inputs
): Promise<Kernels> {
  const device = deviceInfo().name;
  const table = await explain(step, ...examples);
  const kernels = device === 'gpu' ? await kernelSources(step, ...examples) : [];
  const sources = kernels.map(({ kernel, label, sources }) => ({
    kernel,
    label,
    text: sources.join('\n\n'),
  }));
  return { device, of, table, sources };
}
