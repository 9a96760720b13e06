/** Letting messages in between steps: a worker that only awaits computed values never gets to read them. */

const { port1, port2 } = new MessageChannel();
let resume: (() => void) | undefined;
port1.onmessage = () => resume?.();

/** Resolves after the messages that wait have been read. Timers, once nested, would take 4 ms. */
export function giveWay(): Promise<void> {
  return new Promise((resolve) => {
    resume = resolve;
    port2.postMessage(undefined);
  });
}
