// npm run build -w examples/card/web && cargo run -p card    # then /?as=ann (who manages) and /?as=bob
// The card's page: `cost` is absent for those who may not see it, and a conflict is put to the person.
import { type Conflicts, createClient } from "./realtime";

const at = (id: string): HTMLElement => document.getElementById(id) ?? document.body;
const dialog = document.querySelector("dialog");
let dropLast = (): void => undefined;

/** Asks the person, who may think a while: what the page shows meanwhile is theirs. The latest of several is asked about. */
const ask: Conflicts["Card.estimate"] = ({ mine, theirs, retry, drop }) =>
  new Promise<void>((answered) => {
    dropLast();
    dropLast = () => answered(drop());
    at("words").textContent = `Somebody else says ${theirs?.points}, you say ${mine?.points}.`;
    for (const button of dialog?.querySelectorAll("button") ?? []) {
      button.onclick = () => {
        dialog?.close();
        answered(button.value === "mine" ? retry() : drop());
      };
    }
    dialog?.showModal();
  });

const who = new URLSearchParams(location.search).get("as");
const rt = createClient({ auth: () => who, onConflict: { "Card.estimate": ask } });
const card = rt.card("guide");

card.subscribe(({ data, status }) => {
  at("title").textContent = data?.title ?? status;
  const cost = data?.cost === undefined ? "" : `, ${data.cost} €`;
  at("card").textContent = data === undefined ? "" : `${data.points} points, ${data.hours} hours${cost}`;
});

rt.connection.subscribe(({ status, queued, reason }) => {
  at("status").textContent = queued > 0 ? `${status}, ${queued} not confirmed` : (reason ?? status);
});

for (const button of document.querySelectorAll<HTMLElement>("body > p > button:not([id])")) {
  button.onclick = () => tell(card.estimate({ points: Number(button.textContent) }).confirmed);
}
at("work").onclick = () => tell(card.work({ rate: 80 }).confirmed);

async function tell(verdict: ReturnType<typeof card.work>["confirmed"]): Promise<void> {
  const outcome = await verdict;
  at("refused").textContent = outcome.status === "refused" ? `refused: ${outcome.error.code}` : "";
}
