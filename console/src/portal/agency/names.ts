// Names of an agency's creators, for lists that carry their ids.
import { useQuery } from "@tanstack/react-query";
import { api, ok } from "../../api/client";
import { useSession } from "../../app/session";

/** Memberships that are read for their names; whoever is beyond is shown by id. */
const MOST = 200;

export function useNames(): (creator: string) => string {
  const { party } = useSession();
  const query = useQuery({
    queryKey: ["members", "names"],
    queryFn: () =>
      ok(api.GET("/v1/agencies/{id}/members", { params: { path: { id: party.id }, query: { limit: MOST } } })),
    enabled: party.roles.includes("agency"),
    staleTime: 60_000,
  });
  const names = new Map((query.data?.data ?? []).map((one) => [one.creator_id, one.creator_name]));
  return (creator) => names.get(creator) ?? `…${creator.slice(-6)}`;
}
