/** The camera: one stream for all who show it or take pictures from it. */

/** The camera in words, where it cannot be used. */
const troubles: Readonly<Record<string, string>> = {
  NotAllowedError: 'The camera is not allowed for this page: allow it beside the address, then try again.',
  NotFoundError: 'There is no camera here. Add files instead.',
  NotReadableError: 'Another program uses the camera: close it, then try again.',
  OverconstrainedError: 'The camera gives no fitting picture. Add files instead.',
};

export class Camera {
  #stream: MediaStream | undefined;

  get on(): boolean {
    return this.#stream !== undefined;
  }

  /**
   * Shows it in a video element.
   *
   * @throws Error that says why there is no camera
   */
  async start(video: HTMLVideoElement): Promise<void> {
    if (navigator.mediaDevices === undefined) {
      throw new Error(
        'Browsers give a camera only to pages by https or from this machine. Add files instead.',
      );
    }
    try {
      this.#stream ??= await navigator.mediaDevices.getUserMedia({
        video: { facingMode: 'environment', width: 480 },
      });
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      throw new Error(troubles[name] ?? `The camera cannot be used: ${String(error)}. Add files instead.`);
    }
    video.srcObject = this.#stream;
    await video.play();
  }

  stop(video: HTMLVideoElement): void {
    video.srcObject = null;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
  }
}
