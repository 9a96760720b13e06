/** Who takes part: weft on each device and number of threads, and the peers that this machine can run. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { deviceNames } from '../src/index.ts';
import { benchFolder, builtScript } from './paths.ts';
import { Runner, type RunnerCommand } from './runner.ts';

/** Where the peers' scripts and their node_modules are. */
const peersFolder = join(benchFolder, 'peers');

/** What takes part, and what does not with the reason. */
export interface Participants {
  readonly weft: readonly Runner[];
  readonly peers: readonly Runner[];
  readonly absent: readonly { readonly title: string; readonly reason: string }[];
}

/** Which of weft's devices and numbers of threads take part. */
export interface WeftChoice {
  readonly devices: readonly string[];
  /** For devices that have threads. */
  readonly threads: readonly number[];
}

/**
 * What takes part unless it is said otherwise: the processor, with one thread and with one for each core. A GPU has to be
 * asked for, since what stands in for it on a machine without one computes in software, slowly.
 */
export function usualChoice(): WeftChoice {
  const devices = deviceNames().filter((name) => name !== 'gpu');
  return { devices, threads: [...new Set([1, availableParallelism()])] };
}

/** Starts everybody who takes part. */
export async function startRunners(choice: WeftChoice, withPeers: boolean): Promise<Participants> {
  const absent: { title: string; reason: string }[] = [];
  const started = async (commands: readonly RunnerCommand[]): Promise<Runner[]> => {
    const runners: Runner[] = [];
    for (const command of commands) {
      try {
        runners.push(await Runner.start(command));
      } catch (error) {
        absent.push({ title: command.title, reason: error instanceof Error ? error.message : String(error) });
      }
    }
    return runners;
  };
  const weft = await started(weftCommands(choice));
  if (!withPeers) return { weft, peers: [], absent };
  const found = [javascriptPeers(), pytorchPeers()];
  for (const each of found) if ('reason' in each) absent.push(each);
  const peers = await started(found.flatMap((each) => ('reason' in each ? [] : each)));
  return { weft, peers, absent };
}

/** The ways to a GPU that a page has. */
const pageBackends = ['webgpu', 'webgl2'];

/** How to start weft on each device, where `gpu` stands for both ways that a page has, and `webgpu` for one of them. */
export function weftCommands({ devices, threads }: WeftChoice): RunnerCommand[] {
  const command = (title: string, ...role: string[]): RunnerCommand => ({
    title: `weft ${title}`,
    command: process.execPath,
    arguments: [builtScript, ...role],
  });
  return devices.flatMap((device) => {
    const backends = device === 'gpu' ? pageBackends : pageBackends.filter((each) => each === device);
    if (backends.length > 0) {
      return backends.map((backend) => command(`gpu (${backend})`, 'gpu-page', backend));
    }
    return (device === 'wasm' ? threads : [1]).map((count) =>
      command(`${device}, ${count} ${count === 1 ? 'thread' : 'threads'}`, 'worker', device, `${count}`),
    );
  });
}

/** The JavaScript peers, installed if they are not yet. */
function javascriptPeers(): RunnerCommand[] | { title: string; reason: string } {
  if (!existsSync(join(peersFolder, 'node_modules', '.package-lock.json'))) {
    console.error(`installing the peers in ${peersFolder}`);
    // No install scripts: they would build native parts, which are not measured here.
    const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: peersFolder,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (status !== 0) {
      const reason = stderr.split('\n').find((line) => /error/i.test(line)) ?? 'npm ci failed';
      return { title: 'tfjs, jax-js, gpu.js, onnxruntime', reason };
    }
  }
  const peer = (title: string, script: string, ...options: string[]): RunnerCommand => ({
    title,
    command: process.execPath,
    arguments: [join(peersFolder, script), ...options],
    folder: peersFolder,
  });
  const threads = `${availableParallelism()}`;
  const runtimes = ['onnxruntime-node', 'onnxruntime-web'].flatMap((name) =>
    [...new Set(['1', threads])].map((count) =>
      peer(`${name}, threads: ${count}`, 'onnxruntime.mjs', '--package', name, '--threads', count),
    ),
  );
  return [
    peer('tfjs cpu', 'tfjs.mjs', '--device', 'cpu'),
    peer('tfjs wasm', 'tfjs.mjs', '--device', 'wasm'),
    peer('jax-js wasm', 'jax-js.mjs'),
    peer('gpu.js cpu', 'gpu-js.mjs', '--device', 'cpu'),
    peer('gpu.js webasm', 'gpu-js.mjs', '--device', 'webasm'),
    peer(`gpu.js webasm, ${threads} threads`, 'gpu-js.mjs', '--device', 'webasm', '--threads', threads),
    ...runtimes,
  ];
}

/**
 * PyTorch on one thread, on two, and with two in the matrix products of OpenBLAS only (which is often its best), under
 * the first Python that has it.
 */
function pytorchPeers(): RunnerCommand[] | { title: string; reason: string } {
  const pythons = ['python3', '/usr/bin/python3'];
  const python = pythons.find((each) => spawnSync(each, ['-c', 'import torch']).status === 0);
  if (python === undefined) {
    return { title: 'pytorch', reason: `neither ${pythons.join(' nor ')} can import torch` };
  }
  const peer = (title: string, threads: number, blasThreads: number): RunnerCommand => ({
    title: `pytorch, ${title}`,
    command: python,
    arguments: [
      join(peersFolder, 'torch_peer.py'),
      ...['--threads', `${threads}`],
      ...['--blas-threads', `${blasThreads}`],
    ],
  });
  return [peer('1 thread', 1, 1), peer('2 threads', 2, 2), peer('2 threads in BLAS only', 1, 2)];
}
