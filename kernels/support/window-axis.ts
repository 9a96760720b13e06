/** Windows that slide along one axis of an image, height or width. */

/**
 * Tap t of window w lies on pixel
 *
 *     pixel = w · stride + t · dilation − padding        0 ≤ w < windows, 0 ≤ t < taps
 *
 * if that is in [0, pixels). Where it is not, the tap lies on padding.
 */
export interface WindowAxis {
  readonly pixels: number;
  readonly windows: number;
  /** Pixels that a window looks at. */
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  /** Places before the first pixel. */
  readonly padding: number;
}
