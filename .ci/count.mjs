/**
 * Prints the closing line of test runs, `N passed, N failed`, from vitest's JSON reports, after the skipped tests and the failed
 * ones with what they said. The number of skipped ones follows where there are any, and with --skipped in any case.
 */
import { readFileSync } from 'node:fs';

const files = process.argv.slice(2).filter((word) => word !== '--skipped');
const always = process.argv.includes('--skipped');
const reports = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
const results = reports.flatMap(({ testResults }) => testResults);
const tests = results.flatMap(({ assertionResults }) => assertionResults);
const count = (wanted) => tests.filter(({ status }) => wanted.includes(status)).length;
const skipped = tests.filter(({ status }) => ['skipped', 'pending', 'todo'].includes(status));
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);
for (const { fullName, failureMessages } of tests.filter(({ status }) => status === 'failed')) {
  console.log(`failed: ${fullName}\n  ${failureMessages.join('\n').split('\n').slice(0, 12).join('\n  ')}`);
}
// A file that does not load counts as one failure: it holds tests that did not run.
const broken = results.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
);
for (const { name, message } of broken) console.log(`failed: ${name}\n  ${message}`);
const tail = skipped.length > 0 || always ? `, ${skipped.length} skipped` : '';
console.log(`${count(['passed'])} passed, ${count(['failed']) + broken.length} failed${tail}`);
