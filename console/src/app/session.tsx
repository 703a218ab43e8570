// Who is signed in, for which party, and what they may do.
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { type Schemas, api, ok, setCsrfToken } from "../api/client";

export type Session = Schemas["PortalSession"];

const SessionContext = createContext<Session | null>(null);
export const SessionProvider = SessionContext.Provider;

/** The session of a page that is shown to somebody signed in. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("a page outside the shell asked for the session");
  return session;
}

/** Whether the one signed in may ask for things, not only look. */
export function mayRequest(session: Session): boolean {
  return session.role !== "view";
}

export const SESSION_KEY = ["session"];

export function useSessionQuery() {
  return useQuery({
    queryKey: SESSION_KEY,
    queryFn: async () => {
      const session = await ok(api.GET("/v1/portal/session"));
      setCsrfToken(session.csrf_token);
      return session;
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}
