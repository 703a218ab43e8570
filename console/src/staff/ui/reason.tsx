// Something that is asked once more: with a reason where it takes one, and with the answer of the server in place.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal } from "antd";
import { useId, useState } from "react";
import { useTexts } from "../../i18n";
import { Failure } from "../../ui/failure";

export function WithReason({
  text,
  title,
  label,
  danger = false,
  primary = false,
  needed = true,
  most = 500,
  done,
  act,
  trigger,
}: {
  /** What the button says. */
  text: string;
  title: string;
  /** What the words are; without it there are none. */
  label?: string;
  danger?: boolean;
  primary?: boolean;
  /** Whether it takes a reason. */
  needed?: boolean;
  most?: number;
  /** What is said when it worked. */
  done: string;
  act: (reason: string) => Promise<unknown>;
  /** Opened from elsewhere too: by a key. */
  trigger?: { open: boolean; set: (open: boolean) => void };
}) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const client = useQueryClient();
  const own = useState(false);
  const open = trigger?.open ?? own[0];
  const setOpen = trigger?.set ?? own[1];
  const [reason, setReason] = useState("");
  const id = useId();
  const run = useMutation({
    mutationFn: () => act(reason.trim()),
    onSuccess: () => {
      setOpen(false);
      setReason("");
      void message.success(done);
    },
    // Whatever came of it: pages show what is true now.
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      <Button danger={danger} type={primary ? "primary" : "default"} onClick={() => setOpen(true)}>
        {text}
      </Button>
      <Modal
        open={open}
        title={title}
        okText={text}
        cancelText={t("common.back")}
        okButtonProps={{ danger, loading: run.isPending, disabled: label !== undefined && needed && reason.trim() === "" }}
        onOk={() => run.mutate()}
        onCancel={() => {
          run.reset();
          setOpen(false);
        }}
        destroyOnHidden
      >
        {run.isError && <Failure error={run.error} />}
        {label !== undefined && (
          <div className="form">
            <div className="field">
              <label htmlFor={id}>{label}</label>
              <Input.TextArea id={id} rows={4} maxLength={most} value={reason} onChange={(e) => setReason(e.target.value)} autoFocus />
            </div>
          </div>
        )}
      </Modal>
    </>
  );
}
