/**
 * SHA-256 (FIPS 180-4). Node has it; pages have it only where they were loaded by https or from localhost, and a model is to be
 * checked on http://192.168.0.7 as well, so here it is once more.
 */
import { node } from '../data/code-files.ts';
import { hasNodeModules } from '../node-modules.ts';

/** Bytes that are taken in at a time, the last eight of a message being its length in bits. */
const blockBytes = 64;

/** In hexadecimal, of all parts one after the other. */
export function sha256(...parts: readonly Uint8Array[]): string {
  if (!hasNodeModules()) return sha256InPage(parts);
  const hash = node.crypto.createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** What `sha256` computes where there is no Node. */
export function sha256InPage(parts: readonly Uint8Array[]): string {
  const length = parts.reduce((total, part) => total + part.length, 0);
  const message = new Uint8Array(Math.ceil((length + 9) / blockBytes) * blockBytes);
  let end = 0;
  for (const part of parts) {
    message.set(part, end);
    end += part.length;
  }
  message[end] = 0x80;
  const view = new DataView(message.buffer);
  view.setBigUint64(message.length - 8, BigInt(length) * 8n);
  const primes = firstPrimes();
  const state = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  const constants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
  const schedule = new Int32Array(64);
  for (let start = 0; start < message.length; start += blockBytes) {
    for (let t = 0; t < 16; t++) schedule[t] = view.getInt32(start + 4 * t);
    compress(state, schedule, constants);
  }
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Adds a block, in the first 16 words of the schedule, to the state: FIPS 180-4, 6.2.2. */
function compress(state: Int32Array, schedule: Int32Array, constants: Int32Array): void {
  for (let t = 16; t < 64; t++) {
    const before2 = schedule[t - 2];
    const before15 = schedule[t - 15];
    const sigma1 = rotated(before2, 17) ^ rotated(before2, 19) ^ (before2 >>> 10);
    const sigma0 = rotated(before15, 7) ^ rotated(before15, 18) ^ (before15 >>> 3);
    schedule[t] = sigma1 + schedule[t - 7] + sigma0 + schedule[t - 16];
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const first = (h + sum1 + ((e & f) ^ (~e & g)) + constants[t] + schedule[t]) | 0;
    const sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const second = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  const words = [a, b, c, d, e, f, g, h];
  for (let index = 0; index < 8; index++) state[index] += words[index];
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** The first 32 bits behind the point of a root; a double holds some 50. */
function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}

/** The first 64: the constants of SHA-256 come from their roots. */
function firstPrimes(): number[] {
  return Array.from({ length: 310 }, (_, index) => index + 2).filter((number) => {
    for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
    return true;
  });
}
