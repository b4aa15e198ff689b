/** How the connection is: live, on its way back, or gone; and how many changes wait for it. */
import type { ConnectionView } from "@realtime/client";
import { useConnection } from "@realtime/client/react";

import { rt } from "./client";

export function Connection() {
  const { status, queued, reason } = useConnection(rt);
  const waiting = status !== "live" && queued > 0 ? `${queued} ${queued === 1 ? "change waits" : "changes wait"}` : "";
  return (
    <div className="connection" data-status={status}>
      <span role="status">
        <i aria-hidden="true" />
        {WORDS[status]}
        {reason !== undefined && `: ${reason}`}
        {waiting !== "" && <b>{waiting}</b>}
      </span>
      {AGAIN.has(status) && <button type="button" onClick={() => rt.connection.retry()}>Try now</button>}
    </div>
  );
}

const WORDS: Readonly<Record<ConnectionView["status"], string>> = {
  offline: "Offline",
  connecting: "Connecting…",
  live: "Live",
  waiting: "Reconnecting…",
  signedOut: "Signed out",
  upgradeRequired: "This page is too old: reload it",
  closed: "Disconnected",
};

/** Where a person can hurry things along. */
const AGAIN: ReadonlySet<ConnectionView["status"]> = new Set(["offline", "waiting", "closed"]);
