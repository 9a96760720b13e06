/** A Redis server of a test's own, and workers at it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../../support/datasets.ts';
import { builtCommand } from '../support.ts';

/** Why there is no server; undefined where there is one. */
export const noRedis: string | undefined = (() => {
  try {
    execFileSync('redis-server', ['--version']);
    return undefined;
  } catch {
    return 'redis-server is not installed (apt-get install redis-server): trainings on queues are not tested';
  }
})();
if (noRedis !== undefined) console.warn(noRedis);

/** A server on a port of its own, with an append-only file in a folder of its own. */
export interface TestServer {
  readonly url: string;
  /** Ends it, and starts it again with what it has written. */
  readonly restart: () => Promise<void>;
  /** Kills it, or stops it in the middle of what it does. */
  readonly signal: (name: NodeJS.Signals) => void;
}

/** Starts a server, which ends with the test. */
export async function startRedis(...settings: readonly string[]): Promise<TestServer> {
  const [folder, port] = [temporaryFolder(), await freePort()];
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const own = [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'yes',
      '--dir',
      folder,
    ];
    server = spawn('redis-server', [...own, ...settings], { stdio: 'ignore' });
    await answering(port);
  };
  const stop = async (): Promise<void> => {
    server!.kill('SIGTERM');
    await once(server!, 'exit');
  };
  await start();
  onTestFinished(() => {
    server!.kill('SIGKILL');
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    restart: async () => {
      await stop();
      await start();
    },
    signal: (name) => void server!.kill(name),
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('no port');
}

/** Waits until somebody listens. */
async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await new Promise<boolean>((told) => {
      socket.once('connect', () => told(true)).once('error', () => told(false));
    });
    socket.destroy();
    if (isUp) return;
    await after(100);
  }
  throw new Error('redis-server does not answer');
}

/** A process of the built command that goes on beside the test. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly output: () => string;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts the built command, which ends with the test. */
export function start(args: readonly string[]): Running {
  const child = spawn(process.execPath, [builtCommand, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((end) => child.once('close', end));
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { child, output: () => output, ended };
}

/** Starts a worker with a folder of its own. */
export function startWorker(url: string, ...options: readonly string[]): Running {
  return start(['worker', '--redis', url, '--folder', temporaryFolder(), '--jobs', '1', ...options]);
}

/** Waits until something holds. */
export async function until(holds: () => boolean, running?: Running): Promise<void> {
  while (!holds()) {
    if (running !== undefined && running.child.exitCode !== null)
      throw new Error(`ended: ${running.output()}`);
    await after(50);
  }
}

/** Whether a worker is in the middle of a training. */
export function isTraining({ output }: Running): boolean {
  // What it says of the server may stand below.
  const ofTrainings = output()
    .split('\n')
    .filter((line) => /^\S+: /.test(line));
  return /: (begun|goes on .*)$/.test(ofTrainings.at(-1) ?? '');
}
