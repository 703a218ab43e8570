// The back office's first script: language, look, server, pages.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { App as AntApp } from "antd";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { setConsole } from "../api/client";
import { Problem, isSignedOut } from "../api/problem";
import { SESSION_KEY } from "../app/session";
import { Themed } from "../app/theme";
import { startLanguage } from "../i18n";
import { staffEn } from "../i18n/staff.en";
import { staffZh } from "../i18n/staff.zh";
import { Office } from "./office";
import "../app/app.css";
import "./staff.css";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (times, error) => times < 2 && error instanceof Problem && error.parts.retryable,
    },
  },
});
// Whoever is signed out meanwhile sees so at once, wherever they are.
client.getQueryCache().subscribe((event) => {
  if (event.type !== "updated" || event.action.type !== "error") return;
  if (isSignedOut(event.action.error) && event.query.queryKey[0] !== SESSION_KEY[0]) {
    void client.resetQueries({ queryKey: SESSION_KEY });
  }
});

setConsole("staff");
await startLanguage({ "zh-CN": staffZh, en: staffEn });
const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Themed>
          <AntApp>
            <BrowserRouter basename="/staff">
              <Office />
            </BrowserRouter>
          </AntApp>
        </Themed>
      </QueryClientProvider>
    </StrictMode>,
  );
}
