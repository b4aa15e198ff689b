/** The page: which poll, how the connection is, what is known of the poll, and what was refused. */
import { useTopic } from "@realtime/client/react";

import { rt } from "./client";
import { Connection } from "./Connection";
import { Create } from "./Create";
import { Refusals } from "./Refusals";
import { Results } from "./Results";

/** A name that no poll has yet, as good as surely. */
const UNUSED = Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => (n % 36).toString(36)).join("");

export function App({ id }: { readonly id: string }) {
  return (
    <>
      <header>
        <a className="brand" href="/">Live poll</a>
        <Connection />
      </header>
      <main>
        <Poll id={id} />
      </main>
      <footer>
        <span>
          This poll is at <code>/?poll={id}</code>: open it in a second window.
        </span>
        <a href={`/?poll=${UNUSED}`}>Start a new poll</a>
      </footer>
      <Refusals />
    </>
  );
}

function Poll({ id }: { readonly id: string }) {
  const view = useTopic(rt.poll(id));
  switch (view.status) {
    case "loading":
      return <p className="note" role="status">Opening the poll…</p>;
    case "missing":
      return <Create id={id} />;
    case "refused":
      return <p className="note" role="alert">The server does not open this poll: {view.error.code}.</p>;
    case "cached":
    case "live":
      return <Results poll={view.data} />;
  }
}
