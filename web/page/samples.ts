/** Test images to click. */
import type { Sample } from '../protocol.ts';
import { byId, make, paint } from './elements.ts';

/** Shows them as buttons. */
export function showSamples(samples: readonly Sample[], choose: (sample: Sample) => void): void {
  byId('samples', HTMLUListElement).replaceChildren(
    ...samples.map((sample) => {
      const canvas = make('canvas');
      canvas.width = canvas.height = Math.sqrt(sample.pixels.length);
      paint(canvas, sample.pixels);
      const button = make('button', 'sample');
      button.type = 'button';
      button.ariaLabel = `Classify a test image of a ${sample.label}`;
      button.append(canvas);
      button.addEventListener('click', () => choose(sample));
      const item = make('li');
      item.append(button);
      return item;
    }),
  );
}
