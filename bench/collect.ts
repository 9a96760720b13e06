/** Measures cases on all who take part, and makes rows of what they answer. */
import type { Case } from './cases/case.ts';
import { type Effort, measure } from './measure.ts';
import type { Probes } from './probes.ts';
import type { About, GpuTimes, Timed } from './protocol.ts';
import { median, type Parts, type Refusal, type Row } from './rows.ts';
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
  const measured: { subject: Case; runner: Participant; timed: Timed }[] = [];
  const refusals: Refusal[] = [];
  for (const [at, subject] of cases.entries()) {
    probes.measure();
    const own = subject.onceOnly ? weft.slice(0, 1) : weft;
    const runners = subject.shared ? [...own, ...peers] : own;
    const outcomes = await measure(subject.name, runners, effort, ({ title }) =>
      onProgress(`${at + 1} of ${cases.length}: ${subject.name}, ${title}`),
    );
    for (const { runner, outcome } of outcomes) {
      if ('times' in outcome) measured.push({ subject, runner, timed: outcome });
      else if (outcome.cannot !== 'not offered') {
        refusals.push({ name: subject.name, title: runner.title, reason: outcome.cannot });
      }
    }
  }
  probes.measure();
  // The limits are known best at the end.
  const rows = measured.map(({ subject, runner, timed }) => rowOf(subject, runner.about, timed, probes));
  return { rows, refusals };
}

function rowOf(
  { name, suite, flops, bytes }: Case,
  { library, version, device, threads }: About,
  { times, gpu }: Timed,
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
    // A GPU has other limits than the processor.
    peakShare: gflops === null || gpu ? null : gflops / (peakGflops * threads),
    gigabytes,
    copyShare: gigabytes === null || gpu ? null : gigabytes / copyGigabytes,
    peer: library === 'weft' ? null : `${library} ${version}`,
    ...(gpu && { parts: medianParts(gpu) }),
  };
}

/** Each part at its own median, so that they need not add up to the median of the whole. */
function medianParts({ compileMs, parts }: GpuTimes): Parts {
  return {
    compileMs,
    uploadMs: median(parts.map(({ uploadMs }) => uploadMs)),
    kernelMs: median(parts.map(({ kernelMs }) => kernelMs)),
    downloadMs: median(parts.map(({ downloadMs }) => downloadMs)),
  };
}
