// Files of a case: chosen, sent, listed. What a file is, the server finds in its bytes; the page only says what is taken.
import { PaperClipOutlined, UploadOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useRef } from "react";
import { type Schemas, api, ok } from "../api/client";
import { useTexts } from "../i18n";
import { Failure } from "./failure";

type Attachment = Schemas["CaseAttachment"];

/** What the file chooser offers; what is really taken is policy, and the server's to say. */
const OFFERED = ".pdf,.png,.jpg,.jpeg,.webp,.csv,.xlsx,.docx,.txt";

/** Adds files to a case of the party, one after the other. */
export async function attach(party: string, id: string, files: File[]): Promise<void> {
  for (const file of files) {
    await ok(
      api.POST("/v1/parties/{id}/cases/{case}/attachments", {
        params: { path: { id: party, case: id }, query: { name: file.name } },
        headers: { "Content-Type": "application/octet-stream" },
        body: file as never,
        bodySerializer: (body: unknown) => body as Blob,
      }),
    );
  }
}

/** A button that asks for files. */
export function ChooseFiles({
  label,
  busy = false,
  onFiles,
}: {
  label: string;
  busy?: boolean;
  onFiles: (files: File[]) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        accept={OFFERED}
        aria-label={label}
        tabIndex={-1}
        className="visually-hidden"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          // The same file can be chosen again after a refusal.
          event.target.value = "";
        }}
      />
      <Button icon={<UploadOutlined />} loading={busy} onClick={() => input.current?.click()}>
        {label}
      </Button>
    </>
  );
}

/** Bytes as people say them. */
function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export function FileList({ party, id, files }: { party: string; id: string; files: Attachment[] }) {
  const { t, named } = useTexts();
  if (files.length === 0) return <p className="soft">{t("files.none")}</p>;
  return (
    <ul className="cards" aria-label={t("files.title")}>
      {files.map((file) => (
        <li key={file.n}>
          <a href={`/v1/parties/${party}/cases/${id}/attachments/${file.n}`} download>
            <PaperClipOutlined aria-hidden /> {file.name}
          </a>
          <div className="soft">
            {size(file.size)} · {named("case.from", file.from)}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Asks for files and sends them to a case at once. */
export function SendFiles({ party, id, done }: { party: string; id: string; done: () => void }) {
  const { t } = useTexts();
  const { message } = App.useApp();
  const send = useMutation({
    mutationFn: (files: File[]) => attach(party, id, files),
    onSuccess: () => message.success(t("files.sent")),
    // Of several some may be there when one was refused.
    onSettled: done,
  });
  return (
    <div>
      <ChooseFiles label={t("files.add")} busy={send.isPending} onFiles={(files) => files.length > 0 && send.mutate(files)} />
      <p className="soft" style={{ margin: "4px 0 0" }}>
        {t("files.what")}
      </p>
      {send.isError && <Failure error={send.error} />}
    </div>
  );
}
