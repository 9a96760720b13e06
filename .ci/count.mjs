/** Prints the closing line of a test run, `N passed, N failed`, from vitest's JSON report, after the skipped tests. */
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
const skipped = tests.filter(
  ({ status }) => status === 'skipped' || status === 'pending' || status === 'todo',
);
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);
// A file that does not load counts as one failure: it holds tests that did not run.
const broken = report.testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
);
const failed = report.numFailedTests + broken.length;
const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
console.log(`${report.numPassedTests} passed, ${failed} failed${tail}`);
