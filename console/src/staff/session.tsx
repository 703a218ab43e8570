// Who is signed in to the back office, and what they may do.
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { type Schemas, api, ok, setCsrfToken } from "../api/client";
import { SESSION_KEY } from "../app/session";

export type StaffSession = Schemas["StaffSession"];

const Context = createContext<StaffSession | null>(null);
export const StaffProvider = Context.Provider;

/** The session of a page that is shown to somebody signed in. */
export function useStaff(): StaffSession {
  const session = useContext(Context);
  if (session === null) throw new Error("a page outside the shell asked for the session");
  return session;
}

/** Whether the one signed in may do what takes this scope. */
export function useMay(): (scope: string) => boolean {
  const { scopes } = useStaff();
  return (scope) => scopes.includes(scope);
}

export function useStaffQuery() {
  return useQuery({
    queryKey: SESSION_KEY,
    queryFn: async () => {
      const session = await ok(api.GET("/v1/staff/session"));
      setCsrfToken(session.csrf_token ?? "");
      return session;
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}
