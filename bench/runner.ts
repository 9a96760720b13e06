/** One runner: a process that has loaded one library and times work on request. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { About, Answer, Outcome, Ready } from './protocol.ts';

/** How to start a runner. */
export interface RunnerCommand {
  /** What people call it until it has said who it is. */
  readonly title: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly folder?: string;
}

/** What a schedule asks of a runner. */
export interface Timing {
  readonly title: string;
  run(name: string, samples: number): Promise<Outcome>;
}

/** A case that takes longer than this is given up. */
const patienceMilliseconds = 300_000;

export class Runner implements Timing {
  readonly title: string;
  readonly about: About;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: Lines;

  /** Starts the process and waits until its library is loaded. Throws an Error with the reason if it cannot. */
  static async start(command: RunnerCommand): Promise<Runner> {
    const child = spawn(command.command, command.arguments, {
      ...(command.folder !== undefined && { cwd: command.folder }),
    });
    const lines = new Lines(child);
    const line = await lines.next(60_000);
    if (line === undefined) {
      child.kill();
      throw new Error(lines.complaint || 'it did not start within a minute');
    }
    const { ready } = JSON.parse(line) as Ready;
    return new Runner(command.title, ready, child, lines);
  }

  private constructor(title: string, about: About, child: ChildProcessWithoutNullStreams, lines: Lines) {
    this.title = title;
    this.about = about;
    this.#process = child;
    this.#lines = lines;
  }

  /** Times so many runs of the named work. A process that fails or is too slow answers nothing any more. */
  async run(name: string, samples: number): Promise<Outcome> {
    if (this.#lines.ended) return { cannot: this.#lines.complaint || 'its process ended' };
    this.#process.stdin.write(`run ${name} ${samples}\n`);
    const line = await this.#lines.next(patienceMilliseconds);
    if (line === undefined) {
      this.stop();
      return { cannot: this.#lines.complaint || `it took more than ${patienceMilliseconds / 1000} s` };
    }
    const { name: _, ...outcome } = JSON.parse(line) as Answer;
    return outcome;
  }

  stop(): void {
    this.#process.kill();
  }
}

/** The lines a process writes, one for each request, and the last thing it complained about. */
class Lines {
  /** The last line of its error output. */
  complaint = '';
  ended = false;
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  readonly #read: string[] = [];

  constructor(child: ChildProcessWithoutNullStreams) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(line);
      else this.#read.push(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      // The message of an uncaught error stands above its stack, and Node signs below it.
      if (/error/i.test(line)) this.complaint = line.trim();
    });
    const end = (): void => {
      this.ended = true;
      for (const waiting of this.#waiting.splice(0)) waiting(undefined);
    };
    child.on('close', end);
    child.on('error', (error) => {
      this.complaint = error.message;
      end();
    });
    // Writing to a process that has just ended is answered by 'close'.
    child.stdin.on('error', () => undefined);
  }

  /** The next line, or undefined if the process ends or takes too long. */
  next(milliseconds: number): Promise<string | undefined> {
    const line = this.#read.shift();
    if (line !== undefined || this.ended) return Promise.resolve(line);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), milliseconds);
      this.#waiting.push((next) => {
        clearTimeout(timer);
        resolve(next);
      });
    });
  }
}
