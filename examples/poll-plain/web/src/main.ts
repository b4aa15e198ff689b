// npm run build -w examples/poll-plain/web && PAGE_DIR=examples/poll-plain/web/dist cargo run -p poll
// The poll's page without a framework: the same server, the same generated client as templates/poll.
import { createClient } from "../../../../templates/poll/web/src/realtime";

const rt = createClient();
const poll = rt.poll("lunch");
const at = (id: string): HTMLElement => document.getElementById(id) ?? document.body;

poll.subscribe(({ data, status }) => {
  at("question").textContent = data?.question ?? status;
  at("choices").replaceChildren(...(data?.choices ?? []).map(({ label, votes }, choice) => {
    const button = document.createElement("button");
    button.textContent = `${label}: ${votes}`;
    button.onclick = () => vote(choice);
    return button;
  }));
});

rt.connection.subscribe(({ status, queued }) => {
  at("status").textContent = queued > 0 ? `${status}, ${queued} not confirmed` : status;
});

/** On the screen before this returns; taken back where the server refuses it. */
async function vote(choice: number): Promise<void> {
  const verdict = await poll.vote({ choice }).confirmed;
  at("refused").textContent = verdict.status === "refused" ? `refused: ${verdict.error.code}` : "";
}
