/** Puts the poll that the address names (`/?poll=lunch`) on the page. */
import "@fontsource-variable/bricolage-grotesque";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./App";
import "./style.css";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
const id = new URLSearchParams(location.search).get("poll") || "lunch";
createRoot(root).render(
  <StrictMode>
    <App id={id} />
  </StrictMode>,
);
