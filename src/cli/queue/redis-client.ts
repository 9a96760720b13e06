/** The way to a Redis server: the packages for it, which are installed by whoever wants queues, and connections that were tried. */
import { setTimeout as after } from 'node:timers/promises';
import type * as bullmq from 'bullmq';
import type { Redis } from 'ioredis';
import { codeOf } from '../../node-modules.ts';
import { messageOf } from '../../text.ts';
import { QueueError } from './queue-error.ts';

export type { Redis } from 'ioredis';

/** What queues are made of. */
export interface QueuePackages {
  readonly bullmq: typeof bullmq;
  readonly Redis: typeof Redis;
}

/**
 * Loads BullMQ and ioredis.
 *
 * @throws QueueError when they are not installed
 */
export async function queuePackages(): Promise<QueuePackages> {
  try {
    const [queues, clients] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq: queues, Redis: clients.Redis };
  } catch (cause) {
    if (codeOf(cause) !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new QueueError(
      {
        where: '--redis',
        got: `no package for it (${messageOf(cause).split('\n')[0]})`,
        expected: 'bullmq and ioredis, which weft installs for nobody who needs no queues',
        cure: 'Install them beside weft: npm install bullmq ioredis (or npm install -g, where weft is).',
      },
      { cause },
    );
  }
}

/** How long a first connection may take, in milliseconds. */
const CONNECT_TIMEOUT = 5000;
/** Between attempts to connect again, at most. */
const LONGEST_PAUSE = 2000;

/**
 * Connects to a server, and waits for it for as long as it takes where it is away later.
 *
 * @param say is told once when the server is away, and when it is back
 * @throws QueueError when there is none at the address, or it does not let weft in
 */
export async function connectRedis(
  { Redis }: QueuePackages,
  url: string,
  say: (text: string) => void,
): Promise<Redis> {
  requireAddress(url);
  let isUp = false;
  let toldAway = false;
  let fault: unknown;
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT,
    // What is asked while the server is away is asked when it is back.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (isUp ? Math.min(times * 100, LONGEST_PAUSE) : null),
  });
  redis.on('error', (error) => {
    fault = error;
  });
  redis.on('reconnecting', () => {
    if (!toldAway) say('The Redis server is away: waiting for it.');
    toldAway = true;
  });
  redis.on('ready', () => {
    if (toldAway) say('The Redis server is back.');
    toldAway = false;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    throw notReached(url, fault ?? error);
  }
  isUp = true;
  return redis;
}

function requireAddress(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined;
  if (protocol === 'redis:' || protocol === 'rediss:') return;
  throw new QueueError({
    where: '--redis',
    got: hidden(url),
    expected: 'the address of a Redis server',
    cure: 'Write redis://host:6379, redis://:password@host:6379, or rediss:// where it speaks TLS.',
  });
}

/** The address without its password. One that is written wrongly may have an @ of its own. */
export function hidden(url: string): string {
  return url.replace(/(:\/\/[^/@:]*:).*@/, '$1…@');
}

/** How long a server may be silent at the end, in milliseconds. */
const LAST_PATIENCE = 3000;
/** How often it is asked then whether it is there. */
const LAST_PERIOD = 500;

/**
 * Waits for what is asked of a server at the end, for as long as the server answers: one that is away may be so for days.
 *
 * @returns whether it was done
 */
export async function whileAnswering(redis: Redis, work: Promise<unknown>): Promise<boolean> {
  let isDone = false;
  const done = work
    .catch(() => undefined)
    .then(() => {
      isDone = true;
    });
  while (!isDone && (await answers(redis))) await Promise.race([done, after(LAST_PERIOD)]);
  return isDone;
}

/** Ends a connection. What was asked and has no answer is refused. */
export async function leaveRedis(redis: Redis): Promise<void> {
  redis.options.retryStrategy = () => null;
  // One that waits to connect again would let it wait for ever: another attempt ends that, whatever comes of it.
  if (redis.status === 'reconnecting') await redis.connect().catch(() => undefined);
  redis.disconnect();
}

async function answers(redis: Redis): Promise<boolean> {
  if (redis.status !== 'ready') return false;
  const ping = redis.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([ping, after(LAST_PATIENCE, false)]);
}

function notReached(url: string, cause: unknown): QueueError {
  const [got, cure] = reasonOf(cause);
  return new QueueError(
    { where: hidden(url), got, expected: 'a Redis server that answers', cure },
    { cause },
  );
}

function reasonOf(cause: unknown): readonly [got: string, cure: string] {
  const message = messageOf(cause);
  const code = codeOf(cause);
  if (/NOAUTH|WRONGPASS|invalid password|invalid username|AUTH/i.test(message)) {
    return [
      `a server that does not let weft in (${message})`,
      'Give its password in the address: redis://:password@host:6379.',
    ];
  }
  if (code === 'ECONNREFUSED')
    return ['no server at this address (ECONNREFUSED)', 'Start it (redis-server), or correct host and port.'];
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return [`no machine of this name (${code})`, 'Correct the host.'];
  if (code === 'ETIMEDOUT' || /timed? ?out/i.test(message))
    return ['no answer', 'Correct host and port, or let the firewall pass them.'];
  return [message, 'Check the address, and whether a Redis server answers there: redis-cli -u ADDRESS ping.'];
}
