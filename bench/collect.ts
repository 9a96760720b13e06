/** Measures cases on all who take part, and makes rows of what they answer. */
import type { Case } from './cases/case.ts';
import { type Effort, measure } from './measure.ts';
import type { Probes } from './probes.ts';
import type { About } from './protocol.ts';
import { median, type Refusal, type Row } from './rows.ts';
import type { Timing } from './runner.ts';

/** What the runners answered. */
export interface Collected {
  readonly rows: readonly Row[];
  readonly refusals: readonly Refusal[];
}

/** A runner that says who it is. */
export interface Participant extends Timing {
  readonly about: About;
}

/** Measures case after case, and the peak of the machine between them. */
export async function collect(
  cases: readonly Case[],
  { weft, peers }: { readonly weft: readonly Participant[]; readonly peers: readonly Participant[] },
  probes: Pick<Probes, 'measure' | 'peakGflops' | 'copyGigabytes'>,
  effort: Effort,
  onProgress: (text: string) => void,
): Promise<Collected> {
  const timed: { subject: Case; runner: Participant; times: readonly number[] }[] = [];
  const refusals: Refusal[] = [];
  for (const [at, subject] of cases.entries()) {
    probes.measure();
    const own = subject.onceOnly ? weft.slice(0, 1) : weft;
    const runners = subject.shared ? [...own, ...peers] : own;
    const measured = await measure(subject.name, runners, effort, ({ title }) =>
      onProgress(`${at + 1} of ${cases.length}: ${subject.name}, ${title}`),
    );
    for (const { runner, outcome } of measured) {
      if ('times' in outcome) timed.push({ subject, runner, times: outcome.times });
      else if (outcome.cannot !== 'not offered') {
        refusals.push({ name: subject.name, title: runner.title, reason: outcome.cannot });
      }
    }
  }
  probes.measure();
  // The limits are known best at the end.
  const rows = timed.map(({ subject, runner, times }) => rowOf(subject, runner.about, times, probes));
  return { rows, refusals };
}

function rowOf(
  { name, suite, flops, bytes }: Case,
  { library, version, device, threads }: About,
  times: readonly number[],
  { peakGflops, copyGigabytes }: Pick<Probes, 'peakGflops' | 'copyGigabytes'>,
): Row {
  const medianMs = median(times);
  const gflops = flops === undefined ? null : flops / medianMs / 1e6;
  const gigabytes = bytes === undefined ? null : bytes / medianMs / 1e6;
  return {
    name,
    suite,
    device,
    threads,
    medianMs,
    minMs: Math.min(...times),
    samples: times.length,
    gflops,
    peakShare: gflops === null ? null : gflops / (peakGflops * threads),
    gigabytes,
    copyShare: gigabytes === null ? null : gigabytes / copyGigabytes,
    peer: library === 'weft' ? null : `${library} ${version}`,
  };
}
