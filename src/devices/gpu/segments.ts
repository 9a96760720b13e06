/** Arrays of more floats than one buffer or texture takes lie in segments, one after the other; the last one may be shorter. */
import type { GpuFunctions } from './compiled-functions.ts';
import type { GpuHandle } from './library.ts';

/** The floats of each segment of an array. One of no floats has one segment of none. */
export function segmentLengths(floats: number, segmentLength: number): number[] {
  const count = Math.max(1, Math.ceil(floats / segmentLength));
  return Array.from({ length: count }, (_, segment) =>
    Math.min(segmentLength, floats - segment * segmentLength),
  );
}

/** The part of an array's floats that each segment holds: views, no copies. */
export function segmentsOfFloats(floats: Float32Array, segmentLength: number): Float32Array[] {
  return segmentLengths(floats.length, segmentLength).map((length, segment) =>
    floats.subarray(segment * segmentLength, segment * segmentLength + length),
  );
}

/** Copies the segments of an array to the host, and joins them. */
export async function downloadSegments(
  functions: GpuFunctions,
  handles: readonly GpuHandle[],
): Promise<Float32Array> {
  const segments = await Promise.all(handles.map((handle) => functions.download(handle)));
  if (segments.length === 1) return segments[0];
  const floats = new Float32Array(segments.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const segment of segments) {
    floats.set(segment, at);
    at += segment.length;
  }
  return floats;
}
