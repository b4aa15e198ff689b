// The pieces of docs/guide/client.md, as one program: npm run check -w examples/guide/web compiles it.
import { createClient } from "../../../../templates/poll/web/src/realtime";

const rt = createClient();
const poll = rt.poll("lunch");

const stop = poll.subscribe((view) => {
  switch (view.status) {
    case "live": // kept up to date
    case "cached": // as of when the connection was last up, with what is pending
      return show(`${view.data.question}: ${view.data.choices.map((c) => `${c.label} ${c.votes}`).join(", ")}`);
    case "loading":
      return show("…");
    case "missing":
      return show("there is no such poll");
    case "refused":
      return show(`you may not see this poll: ${view.error.code}`);
  }
});

async function vote(choice: number): Promise<void> {
  const outcome = await poll.vote({ choice });
  if (outcome.status !== "refused") return;
  switch (outcome.error.code) {
    case "Closed":
      return show("the poll is closed");
    case "NoSuchChoice":
      return show("there is no such choice");
    default:
      return show(`refused by the framework: ${outcome.error.code}`);
  }
}

const confirmed = await poll.vote({ choice: 0 }).confirmed;
if (confirmed.status === "confirmed") show(`kept, at offset ${confirmed.offset}`);

for (const { mutation, status, since } of rt.pending) show(`${mutation} is ${status} since ${new Date(since).toISOString()}`);

rt.connection.subscribe(({ status, queued, retryAt }) => {
  if (status === "live") return show(queued === 0 ? "all is saved" : `${queued} on their way`);
  show(retryAt === undefined ? status : `next attempt at ${new Date(retryAt).toLocaleTimeString()}`);
});

await vote(1);
stop();

function show(text: string): void {
  document.body.textContent = text;
}
