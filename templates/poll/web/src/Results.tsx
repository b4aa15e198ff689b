/** An existing poll: its question, its results as bars that are buttons, and what else one can do to it. */
import { useConnection } from "@realtime/client/react";
import type { CSSProperties } from "react";

import { rt } from "./client";
import { told } from "./Refusals";
import type { Choice, Poll } from "./realtime";
import { Suggest } from "./Suggest";

export function Results({ poll }: { readonly poll: Poll }) {
  // Renders again when a vote of this page is confirmed: that alone changes no number.
  useConnection(rt);
  const topic = rt.poll(poll.id);
  const votes = poll.choices.map((choice) => choice.votes);
  const total = votes.reduce((sum, n) => sum + n, 0);
  const most = Math.max(...votes);
  return (
    <>
      <h1>{poll.question}</h1>
      <p className="summary">
        <span>{count(total)}</span>
        <span>{poll.closed ? "closed" : "open: every click counts"}</span>
      </p>
      <ol className="choices" aria-label="Choices">
        {poll.choices.map((choice, index) => (
          <li key={choice.label}>
            <Bar
              choice={choice}
              total={total}
              leads={choice.votes === most && most > 0}
              pending={unconfirmed(poll.id, index)}
              closed={poll.closed}
              onVote={() => told(topic.vote({ choice: index }), "your vote was taken back")}
            />
          </li>
        ))}
      </ol>
      <p className="unseen" aria-live="polite">
        {poll.choices.map(({ label, votes }) => `${label}: ${votes}`).join(", ")}
      </p>
      {!poll.closed && <Suggest id={poll.id} />}
      <button
        type="button"
        className="quiet"
        onClick={() => told(poll.closed ? topic.reopen() : topic.close(), "nothing has changed")}
      >
        {poll.closed ? "Reopen the poll" : "Close the poll"}
      </button>
    </>
  );
}

interface BarProps {
  readonly choice: Choice;
  readonly total: number;
  readonly leads: boolean;
  /** Votes of this page that the server has not confirmed. */
  readonly pending: number;
  readonly closed: boolean;
  readonly onVote: () => void;
}

function Bar({ choice: { label, votes }, total, leads, pending, closed, onVote }: BarProps) {
  const share = total === 0 ? 0 : votes / total;
  const percent = `${Math.round(share * 100)}%`;
  const style = { "--share": share, "--unsure": votes === 0 ? 0 : pending / votes } as CSSProperties;
  const unsaid = pending > 0 ? `, ${pending} not confirmed yet` : "";
  return (
    <button
      type="button"
      className={leads ? "choice leads" : "choice"}
      style={style}
      disabled={closed}
      aria-label={`${label}: ${count(votes)}, ${percent}${unsaid}`}
      onClick={onVote}
    >
      <span className="bar" aria-hidden="true" />
      <span className="label">{label}</span>
      {pending > 0 && <span className="pending" title="not confirmed yet">+{pending}</span>}
      <span className="percent">{percent}</span>
      <span key={votes} className="votes">{votes}</span>
    </button>
  );
}

/** How many votes for a choice are on the screen, but have no answer yet. */
function unconfirmed(id: string, choice: number): number {
  return rt.poll(id).pending.filter(({ mutation, args }) => mutation === "Poll.vote" && choiceOf(args) === choice).length;
}

function choiceOf(args: unknown): unknown {
  return typeof args === "object" && args !== null && "choice" in args ? args.choice : undefined;
}

function count(votes: number): string {
  return votes === 1 ? "1 vote" : `${votes} votes`;
}
