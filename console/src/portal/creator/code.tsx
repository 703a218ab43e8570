// A one-time code: sent, counted down, entered (P8). In a sandbox the page shows what the phone got.
import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, Button, Input } from "antd";
import { useEffect, useState } from "react";
import { type Schemas, api, ok } from "../../api/client";
import { useSession } from "../../app/session";
import { time } from "../../format/time";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";

type Sent = Schemas["CodeView"];

/** Seconds after which another code can be asked for (P8); the server decides, this only spares a refusal. */
const RESEND_SECONDS = 60;

/** What the sandbox's phone got for this code. */
function SandboxPhone({ sent }: { sent: Sent }) {
  const { t } = useTexts();
  const { party } = useSession();
  const query = useQuery({
    queryKey: ["outbox", sent.id],
    queryFn: () => ok(api.GET("/v1/sandbox/outbox", { params: { query: { party_id: party.id, limit: 20 } } })),
    // The message is on its way until it is there.
    refetchInterval: (found) => (found.state.data?.data.some((one) => one.id === sent.id) ? false : 1_000),
  });
  const message = query.data?.data.find((one) => one.id === sent.id);
  if (message === undefined) return null;
  return <Alert type="info" title={<span data-code={message.code}>{t("new.code.sandbox", { code: message.code })}</span>} />;
}

export interface CodeFieldProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** What the code is good for; another code is needed when it changes. */
  purpose: string;
  /** Asks the server for a code; absent while it is not known yet what for. */
  send?: (() => Promise<Sent>) | undefined;
}

export function CodeField({ id, label, value, onChange, purpose, send }: CodeFieldProps) {
  const { t } = useTexts();
  const { sandbox, zone } = useSession();
  const [left, setLeft] = useState(0);
  const [sentFor, setSentFor] = useState("");
  const sending = useMutation({
    mutationFn: (ask: () => Promise<Sent>) => ask(),
    onSuccess: () => {
      setLeft(RESEND_SECONDS);
      setSentFor(purpose);
    },
  });
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(() => setLeft(left - 1), 1000);
    return () => clearTimeout(timer);
  }, [left]);
  const stale = sending.data !== undefined && sentFor !== purpose;
  const waits = left > 0 && !stale;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="row">
        <Input
          id={id}
          className="grow"
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={6}
          value={value}
          onChange={(event) => onChange(event.target.value.replace(/\D/g, ""))}
        />
        <Button
          disabled={send === undefined || waits}
          loading={sending.isPending}
          onClick={() => send !== undefined && sending.mutate(send)}
        >
          {waits ? t("new.code.again", { seconds: left }) : t("new.code.send")}
        </Button>
      </div>
      {sending.isError && <Failure error={sending.error} />}
      {sending.data !== undefined && !stale && (
        <div className="soft" role="status">
          {t("new.code.sent", { phone: sending.data.phone, until: time(sending.data.expires_at, zone) })}
        </div>
      )}
      {stale && <div className="error">{t("new.code.changed")}</div>}
      {sandbox && sending.data !== undefined && !stale && <SandboxPhone sent={sending.data} />}
    </div>
  );
}

/** Whether a code is whole. */
export const isCode = (text: string): boolean => /^\d{6}$/.test(text);
