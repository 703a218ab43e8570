// What pages of an advertiser read and do in more than one place.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Schemas, api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import type { Colour } from "../../ui/parts";

export type Account = Schemas["AdAccount"];
export type Campaign = Schemas["AdCampaign"];

/** The account, looked at again every few seconds: clicks are charged all the time. */
export function useAccount() {
  const { party } = useSession();
  return useQuery({
    queryKey: ["ad-account"],
    queryFn: () => ok(api.GET("/v1/parties/{id}/ad-account", { params: { path: { id: party.id } } })),
    refetchInterval: 5_000,
  });
}

/** Resumes one campaign, or all of them when none is named. */
export function useResume() {
  const { party } = useSession();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (campaign: string | null) =>
      campaign === null
        ? ok(api.POST("/v1/parties/{id}/ad-account/resume", { params: { path: { id: party.id } } }))
        : ok(api.POST("/v1/ad-campaigns/{id}/resume", { params: { path: { id: campaign } } })),
    onSettled: () => client.invalidateQueries(),
  });
}

export const ACCOUNT_STATES: Record<string, Colour> = { normal: "green", in_arrears: "red", suspended: "red" };

export const CAMPAIGN_STATES: Record<string, Colour> = {
  running: "green",
  to_be_resumed: "orange",
  paused: "grey",
  daily_budget: "orange",
  off_schedule: "grey",
  no_keywords: "orange",
  not_started: "grey",
  no_balance: "red",
  arrears: "red",
  suspended: "red",
  ended: "grey",
};
