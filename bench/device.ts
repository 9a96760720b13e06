/** Choosing weft's device and threads for the whole process, and waiting until the threads are there. */
import {
  compile,
  type DeviceOptions,
  deviceInfo,
  matmul,
  ones,
  setDevice,
  Variable,
  zeros,
} from '../src/index.ts';

/** Sets the device. Only `wasm` has threads to choose; `headlessgl` is the way to a GPU that Node has. */
export async function chooseDevice(name: string, threads: number): Promise<void> {
  if (name === 'wasm') setDevice(name, { threads });
  else if (name === 'headlessgl') await setDevice('gpu', { backend: name });
  else await setDevice(name as keyof DeviceOptions);
}

const side = 256;
const patience = 3000;

/** Computes something until the device has all the threads it was asked for, three seconds at most. */
export async function awaitThreads(threads: number): Promise<void> {
  const operand = new Variable(ones([side, side]), 'operand');
  const product = new Variable(zeros([side, side]), 'product');
  const run = compile(() => {
    product.assign(matmul(operand, operand));
    return [];
  });
  const end = performance.now() + patience;
  do {
    await run();
    await new Promise((resolve) => setTimeout(resolve, 5));
  } while (deviceInfo().threads < threads && performance.now() < end);
}
