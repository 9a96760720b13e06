/** Turns a chart description into SVG text, without a browser. */
import * as Plot from '@observablehq/plot';
import { DOMImplementation, XMLSerializer } from '@xmldom/xmldom';

/** Charts take what they need from a document; this one only makes elements. */
const document = new DOMImplementation().createDocument('http://www.w3.org/1999/xhtml', 'html', null);

/** The chart as an SVG element, with a description for those who cannot see it. */
export function drawSvg(description: string, options: Plot.PlotOptions): string {
  const chart = Plot.plot({ ...options, ariaLabel: description, document });
  return new XMLSerializer().serializeToString(chart);
}

/** The size of learning curves, with room for what stands beside and below them. */
export const curveFrame = {
  width: 440,
  height: 290,
  marginTop: 30,
  marginLeft: 44,
  marginRight: 16,
  marginBottom: 40,
} as const;
