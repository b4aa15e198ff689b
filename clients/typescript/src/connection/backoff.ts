/** How long to wait before an attempt: full jitter, so that a thousand clients do not come back at once. */

const FIRST_MS = 500;
const CAP_MS = 20_000;

/**
 * Returns the wait before attempt number `attempt` (1: the first after a drop), in milliseconds.
 *
 * `random` is of [0, 1). What the server asked for wins; a jitter on top of it spreads those who were told the same.
 */
export function backoff(attempt: number, random: number, retryAfter?: number): number {
  if (retryAfter !== undefined) return retryAfter + Math.floor(random * FIRST_MS);
  return Math.floor(random * Math.min(CAP_MS, FIRST_MS * 2 ** (attempt - 1)));
}
